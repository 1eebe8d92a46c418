"""The rows of a big push as they are kept: whom they name and what they ask, and never a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from shared.phone_number import InvalidPhoneNumberError, PhoneNumber
from shared.plan import Intent

if TYPE_CHECKING:
    from mfa_sync.vault.fingerprints import FingerprintKey
    from shared.row_result import Named

_NONE = ""


@dataclass(frozen=True, slots=True)
class KeptExpectation:
    """A caller's number, kept as a fingerprint: it can be recognised and not be read."""

    print: str
    key: FingerprintKey

    def meets(self, number: PhoneNumber | None) -> bool:
        """Return whether it is this number."""
        return number is not None and self.key.callers_number(number) == self.print


@dataclass(frozen=True, slots=True)
class KeptRow:
    """One row. `fault` says why its Mobile is no number; `mobile` is the fingerprint of one that is."""

    key: str
    shown: str | None
    reference: str | None
    keep: bool
    mobile: str = _NONE
    fault: str = ""

    @classmethod
    def of(cls, row: Named, region: str | None, key: FingerprintKey) -> Self:
        """Return what is kept of a row.

        Args:
            row: The row as it was sent.
            region: By which national numbers are read. A user's own usage location is not known yet.
            key: Of the fingerprints.
        """
        mobile, fault = _NONE, ""
        if row.intent.mobile:
            try:
                mobile = key.callers_number(PhoneNumber.parse(row.intent.mobile, region))
            except InvalidPhoneNumberError as error:
                fault = f"Mobile: {error}."
        return cls(row.key, row.shown, row.reference, row.intent.keep_when_empty, mobile, fault)

    def intent(self, key: FingerprintKey) -> Intent:
        """Return what it asks."""
        expectation = KeptExpectation(self.mobile, key) if self.mobile else None
        return Intent(self.keep, expectation=expectation)

    @property
    def wish(self) -> str:
        """What it asks, to compare rows of one person by."""
        return f"{self.keep} {self.mobile} {self.fault}"

    def dump(self) -> list[Any]:
        """Return it for JSON, short: there may be ten thousand."""
        return [self.key, self.shown, self.reference, self.keep, self.mobile, self.fault]
