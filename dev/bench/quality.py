"""One measured quality: the goal, what was found, and how."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quality:
    """A line of the report.

    Attributes:
        name: What was measured.
        goal: What it should be.
        result: What it is.
        is_met: Whether that is good enough.
        how: How it was measured, so that somebody else could.
    """

    name: str
    goal: str
    result: str
    is_met: bool
    how: str

    @property
    def verdict(self) -> str:
        """Return `met` or `MISSED`."""
        return "met" if self.is_met else "MISSED"
