"""Why a row was refused or failed: codes that are stable API, each with what it means and who acts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.outcome import Outcome


class Code(StrEnum):
    """Why a row was refused or failed. `CODES` says what each means and who acts."""

    USER_NOT_FOUND = "userNotFound"
    TARGET_OUT_OF_REACH = "targetOutOfReach"
    PRIVILEGED_TARGET = "privilegedTarget"
    PRIVILEGED_UNKNOWN = "privilegedUnknown"
    OUT_OF_SCOPE = "outOfScope"
    EXCLUDED = "excluded"
    GUEST_EXCLUDED = "guestExcluded"
    ACCOUNT_DISABLED = "accountDisabled"
    SOURCE_NOT_ON_PREMISES = "sourceNotOnPremises"
    ATTRIBUTE_NOT_RETURNED = "attributeNotReturned"
    INVALID_PHONE_NUMBER = "invalidPhoneNumber"
    SOURCE_NOT_YET_SYNCED = "sourceNotYetSynced"
    SHARED_NUMBER = "sharedNumber"
    CONTRADICTORY_ROWS = "contradictoryRows"
    DEFAULT_METHOD = "defaultMethod"
    ALTERNATE_MOBILE_PRESENT = "alternateMobilePresent"
    LAST_FACTOR = "lastFactor"
    PHONE_NUMBER_NOT_UNIQUE = "phoneNumberNotUnique"
    WRITE_REJECTED = "writeRejected"
    LIMIT_REACHED = "limitReached"
    LIMIT_UNKNOWN = "limitUnknown"
    PLAN_ONLY = "planOnly"
    AWAITING_APPROVAL = "awaitingApproval"
    DISCARDED = "discarded"
    CHANGED_SINCE_PLAN = "changedSincePlan"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    OUTCOME_UNKNOWN = "outcomeUnknown"
    NOT_ATTEMPTED = "notAttempted"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code tells its reader.

    Attributes:
        outcome: `refused` or `failed`.
        who: Who acts: the caller, HR, the identity engineer, or nobody (the next call heals it).
        meaning: What was found, in one sentence.
        remedy: What to do about it.
    """

    outcome: Outcome
    who: str
    meaning: str
    remedy: str

    @property
    def retryable(self) -> bool:
        """Whether sending the same row again later is right."""
        return self.outcome is Outcome.FAILED


_HR, _CALLER, _ENGINEER, _NOBODY = "HR", "caller", "identity engineer", "nobody"
_REFUSED, _FAILED = Outcome.REFUSED, Outcome.FAILED

CODES: dict[Code, Meaning] = {
    Code.USER_NOT_FOUND: Meaning(
        _REFUSED,
        _CALLER,
        "No such user in the tenant.",
        "Correct the key; a new joiner may need some minutes.",
    ),
    Code.TARGET_OUT_OF_REACH: Meaning(
        _REFUSED,
        _ENGINEER,
        "Graph lets us read or write other users, but not this one.",
        "Handle the user by hand; with GRAPH_AUTH=ropc, widen the service account's role or administrative "
        "unit. For a delete see LAST_FACTOR_GUARD too.",
    ),
    Code.PRIVILEGED_TARGET: Meaning(
        _REFUSED,
        _ENGINEER,
        "The user holds a directory role or may take one, or is in, may join or owns a group for roles.",
        "Set the phone by hand, or set PRIVILEGED_TARGETS=allow.",
    ),
    Code.PRIVILEGED_UNKNOWN: Meaning(
        _REFUSED,
        _ENGINEER,
        "Who is privileged could not be read whole, and no role is proved by which Entra would limit us.",
        "The event privilegedTargets.unreadable names what is missing, docs/graph.md the rights and roles. "
        "Or set PRIVILEGED_TARGETS=allow.",
    ),
    Code.OUT_OF_SCOPE: Meaning(
        _REFUSED, _ENGINEER, "The user is not in SYNC_SCOPE_GROUP_ID.", "Add the user to that group."
    ),
    Code.EXCLUDED: Meaning(
        _REFUSED,
        _ENGINEER,
        "The user is in EXCLUDE_GROUP_ID, or is this program's own service account.",
        "Take the user out of that group; the service account always stays excluded.",
    ),
    Code.GUEST_EXCLUDED: Meaning(
        _REFUSED,
        _ENGINEER,
        "The user is a guest.",
        "Set INCLUDE_GUESTS=true if guests do MFA in this tenant.",
    ),
    Code.ACCOUNT_DISABLED: Meaning(
        _REFUSED,
        _NOBODY,
        "The account is disabled; sweeps leave it alone.",
        "Nothing; once enabled, it is managed again. A push takes it as it is.",
    ),
    Code.SOURCE_NOT_ON_PREMISES: Meaning(
        _REFUSED,
        _ENGINEER,
        "The user is not synced from Active Directory, so whoever may edit the user could choose the phone.",
        "Manage the user in Active Directory, or set CLOUD_ONLY_USERS=allow.",
    ),
    Code.ATTRIBUTE_NOT_RETURNED: Meaning(
        _REFUSED,
        _ENGINEER,
        "Graph did not return the extension attributes; absent is not empty.",
        "Check that User.Read.All is consented.",
    ),
    Code.INVALID_PHONE_NUMBER: Meaning(
        _REFUSED,
        _HR,
        "The source is not one unmistakable phone number of a person; what is registered stays.",
        "Write it as +CC and the number without trunk zero.",
    ),
    Code.SOURCE_NOT_YET_SYNCED: Meaning(
        _FAILED,
        _NOBODY,
        "The row's Mobile is not what the attribute says (yet).",
        "Send the row again after the next directory sync (every 30 minutes).",
    ),
    Code.SHARED_NUMBER: Meaning(
        _REFUSED,
        _HR,
        "One plan would give this number to more users than MAX_USERS_PER_NUMBER; none of them was written.",
        "Give each user a number of their own: a phone that many answer is nobody's second factor.",
    ),
    Code.CONTRADICTORY_ROWS: Meaning(
        _REFUSED,
        _CALLER,
        "Rows of one call ask different things of one person.",
        "Send one row for each person.",
    ),
    Code.DEFAULT_METHOD: Meaning(
        _REFUSED,
        _ENGINEER,
        "Graph refuses to delete the mobile phone, as a rule because it is the user's default method.",
        "Let the user or an administrator choose another default method, then send the row again.",
    ),
    Code.ALTERNATE_MOBILE_PRESENT: Meaning(
        _REFUSED,
        _ENGINEER,
        "Graph does not delete the mobile phone while an alternate mobile is registered.",
        "Remove the alternate mobile first, then send the row again.",
    ),
    Code.LAST_FACTOR: Meaning(
        _REFUSED,
        _ENGINEER,
        "The mobile phone is the user's last usable factor.",
        "Let the user register another method, or see LAST_FACTOR_GUARD and PHONE_DELIVERY.",
    ),
    Code.PHONE_NUMBER_NOT_UNIQUE: Meaning(
        _REFUSED,
        _ENGINEER,
        "Somebody else uses the number for SMS sign-in, and it could not be seen on this user afterwards.",
        "Find the other user (deleted ones too) and disable SMS sign-in there.",
    ),
    Code.WRITE_REJECTED: Meaning(
        _REFUSED,
        _ENGINEER,
        "Graph rejected the write as a bad request.",
        "Look the user up by explain; try the number in the Entra admin centre.",
    ),
    Code.LIMIT_REACHED: Meaning(
        _REFUSED,
        _ENGINEER,
        "With the changes of the last 24 hours these would be more than a limit allows; none was written.",
        "Check the feed; send fewer rows, or raise the limit that the detail names.",
    ),
    Code.LIMIT_UNKNOWN: Meaning(
        _FAILED,
        _NOBODY,
        "The changes of the last 24 hours cannot be counted: the storage is out of reach, and no delete is "
        "made; or too many count at once, and nothing is written.",
        "Send the row again later; if it stays so, see to the storage.",
    ),
    Code.PLAN_ONLY: Meaning(
        _REFUSED, _ENGINEER, "PUSH_MODE=plan: the change was planned, not made.", "Set PUSH_MODE=apply."
    ),
    Code.AWAITING_APPROVAL: Meaning(
        _REFUSED,
        _ENGINEER,
        "The change is planned and held, since the run is over a limit.",
        "Read the run, then approve or discard it.",
    ),
    Code.DISCARDED: Meaning(
        _REFUSED,
        _ENGINEER,
        "The change was planned, and the run was discarded or stopped before it was made.",
        "Correct the source; unless it changes, the same change is planned again.",
    ),
    Code.CHANGED_SINCE_PLAN: Meaning(
        _FAILED,
        _NOBODY,
        "The user changed between our reading and our writing, and asks for something else now.",
        "Send the row again.",
    ),
    Code.THROTTLED: Meaning(
        _FAILED,
        _NOBODY,
        "Graph asked us to slow down for longer than this call lasts.",
        "Send the row again.",
    ),
    Code.UNAVAILABLE: Meaning(
        _FAILED,
        _NOBODY,
        "Graph answered with a fault, or not at all, or not yet for a new user; nothing was written.",
        "Send the row again.",
    ),
    Code.TIMEOUT: Meaning(
        _FAILED, _NOBODY, "Reading the user took longer than this call lasts.", "Send the row again."
    ),
    Code.OUTCOME_UNKNOWN: Meaning(
        _FAILED,
        _NOBODY,
        "A write was sent and its effect could not be seen before the call ended.",
        "Send the row again: it compares before it writes.",
    ),
    Code.NOT_ATTEMPTED: Meaning(
        _FAILED, _NOBODY, "The call's time was over before this row's turn.", "Send the row again."
    ),
}
