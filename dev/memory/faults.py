"""What goes wrong with a storage in memory: it is down, it fails from a seed, and time passes on its wire."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mfa_sync.storage.table import StorageDownError


@dataclass(slots=True)
class Chances:
    """How probable each fault is, for each request, from 0 to 1.

    Attributes:
        fails_before: It fails and nothing was done.
        fails_after: It is done, and the answer is lost.
        loses_race: Somebody else writes the row just before a conditional write. Blobs know no conditions.
    """

    fails_before: float = 0.0
    fails_after: float = 0.0
    loses_race: float = 0.0


class FaultyMemory:
    """A storage in memory. Equal seeds and equal calls meet equal faults.

    Attributes:
        down: Whether every request fails now.
        chances: How probable other faults are.
    """

    def __init__(self, seed: int = 15, pause: Callable[[], Awaitable[None]] | None = None) -> None:
        """Take what lets a request's time pass; it is awaited on the way there and on the way back."""
        self.down = False
        self.chances = Chances()
        self._random = random.Random(seed)  # noqa: S311  it makes faults, no secrets
        self._pause = pause

    async def _reach(self) -> None:
        if self._pause:
            await self._pause()
        if self.down or self._random.random() < self.chances.fails_before:
            raise StorageDownError("The emulated storage is down.")

    async def _answer(self) -> None:
        lost = self._random.random() < self.chances.fails_after
        if self._pause:
            await self._pause()
        if lost:
            raise StorageDownError("The emulated storage's answer was lost.")
