"""What sweeps and pushes do each in their own way: find people and plan for them, be held, and end."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Protocol

import msgspec

from mfa_sync.runs.page import Page
from mfa_sync.runs.run import Run, Tally
from shared.policy import Policy


class Planned(msgspec.Struct, frozen=True):
    """What one step has planned. Only who still holds the step may keep it.

    Attributes:
        run: The run; a changed sweep turned into a full one where changes cannot be known.
        cursor: Where the next step goes on; None when the plan is whole.
        pages: Whom something would be written for, or who cannot be planned for.
        tally: What was met.
        notes: What later steps need, by name.
        sealed: The same, where it decides what later sweeps look at.
    """

    run: Run
    cursor: str | None
    pages: list[Page] = []
    tally: Tally = msgspec.field(default_factory=Tally)
    notes: dict[str, object] = {}
    sealed: dict[str, object] = {}


class Planner(Protocol):
    """One step's way with a run. Made for a run as it was claimed, and for the step's deadline."""

    @property
    def applying_policy(self) -> Policy:
        """By what users are decided about when their page is applied."""
        ...

    async def plan_next(self) -> Planned:
        """Plan for the next people.

        Raises:
            TransientError, PermanentError: The directory as a whole could not be read.
            StorageDownError: What the step needs could not be read or kept.
        """
        ...

    def why_held(self, population: int | None) -> list[str] | None:
        """Return why changes must wait for a person, whatever the limits say; None: they are not to be made.

        Args:
            population: Users in scope who held a number at the end of the last full sweep; None: unknown.
        """
        ...

    async def left_out(self) -> AbstractSet[str]:
        """Return the object ids of those who are not to be written though they stand on a page.

        Raises:
            StorageDownError: It could not be read.
        """
        ...

    def look_back(self, page: Page) -> None:
        """Take from an applied page what `finish` keeps: each is shown once, just before it."""
        ...

    async def finish(self) -> None:
        """Keep what is known when all pages are applied, and were looked back at.

        Raises:
            StorageDownError, LostRaceError: It could not be kept; to be tried again.
        """
        ...
