"""How one person's turn ended, in the words of the contract: stable API."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How one row ended. The first five are settled; refused wants a person, failed wants another try."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def is_settled(self) -> bool:
        """Whether the phone method is as it should be."""
        return self not in {Outcome.REFUSED, Outcome.FAILED}


class Note(StrEnum):
    """A remark on a row: on a settled one, except for changedOutside, which is true whatever followed."""

    ALREADY_APPLIED = "alreadyApplied"
    ASSERTED = "asserted"
    CHANGED_OUTSIDE = "changedOutside"
    FROM_MEMORY = "fromMemory"
    LAST_FACTOR_REMOVED = "lastFactorRemoved"
    LIMIT_UNCOUNTED = "limitUncounted"
    NOT_REMEMBERED = "notRemembered"
    SMS_SIGN_IN_TAKEN = "smsSignInTaken"
