"""The rows of a big push as they are kept: whom they name and what they ask, and never a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import msgspec

from shared.phone_number import InvalidPhoneNumberError, PhoneNumber
from shared.plan import Intent, Request

if TYPE_CHECKING:
    from mfa_sync.vault.fingerprints import FingerprintKey
    from shared.row_result import Named


@dataclass(frozen=True, slots=True)
class KeptExpectation:
    """A caller's number, kept as a fingerprint: it can be recognised and not be read."""

    print: str
    key: FingerprintKey

    def meets(self, number: PhoneNumber | None) -> bool:
        """Return whether it is this number."""
        return number is not None and self.key.callers_number(number) == self.print


class KeptRow(msgspec.Struct, frozen=True, array_like=True):
    """One row, kept as a list: there may be ten thousand.

    Attributes:
        key: What it names the person by.
        shown: The UPN as it was sent; None where an object id was.
        reference: The caller's own key.
        keep: Whether an empty attribute leaves the registered number alone.
        mobile: The fingerprint of its Mobile; empty where there is none, or no number.
        fault: Why its Mobile is no number.
    """

    key: str
    shown: str | None
    reference: str | None
    keep: bool
    mobile: str = ""
    fault: str = ""

    @classmethod
    def of(cls, row: Named, region: str | None, key: FingerprintKey) -> Self:
        """Return what is kept of a row.

        Args:
            row: The row as it was sent.
            region: By which national numbers are read. A user's own usage location is not known yet.
            key: Of the fingerprints.
        """
        mobile = fault = ""
        if row.intent.mobile:
            try:
                mobile = key.callers_number(PhoneNumber.parse(row.intent.mobile, region))
            except InvalidPhoneNumberError as error:
                fault = f"Mobile: {error}."
        return cls(row.key, row.shown, row.reference, row.intent.keep_when_empty, mobile, fault)

    @property
    def intent(self) -> Intent:
        """What it asks, without what it expects."""
        return Intent(self.keep)

    def request(self, row: int, key: FingerprintKey) -> Request:
        """Return what it asks, as the row of that number, with what it expects."""
        expectation = KeptExpectation(self.mobile, key) if self.mobile else None
        return Request(row, self.key, Intent(self.keep, expectation=expectation))

    @property
    def wish(self) -> str:
        """What it asks, to compare rows of one person by."""
        return f"{self.keep} {self.mobile} {self.fault}"


class KeptRows(msgspec.Struct, frozen=True, rename={"dry_run": "dryRun"}):
    """All rows of a push.

    Attributes:
        dry_run: Whether nothing is to be written.
        key: The version of the key of their fingerprints.
        rows: In the call's order.
    """

    dry_run: bool
    key: str
    rows: tuple[KeptRow, ...]
