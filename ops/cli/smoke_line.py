"""One line of the smoke test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Status(StrEnum):
    """What became of a line."""

    PASS = "pass"  # noqa: S105  no password
    FAIL = "FAIL"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at.

    Attributes:
        status: Whether it is as it should be; skip: it could not be proved.
        detail: What was seen.
        remedy: What to do about it.
        name: Which line it is.
    """

    status: Status
    detail: str
    remedy: str = ""
    name: str = ""

    @classmethod
    def passed(cls, detail: str) -> Line:
        """Return a line that is proved."""
        return cls(Status.PASS, detail)

    @classmethod
    def failed(cls, detail: str, remedy: str) -> Line:
        """Return a line that is proved wrong."""
        return cls(Status.FAIL, detail, remedy)

    @classmethod
    def skipped(cls, detail: str, remedy: str = "") -> Line:
        """Return a line that could not be proved, and why."""
        return cls(Status.SKIP, detail, remedy)

    def named(self, name: str) -> Line:
        """Return the same with its name."""
        return replace(self, name=name)
