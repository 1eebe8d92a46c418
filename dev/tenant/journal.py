"""Who changed, when and in what: what users/delta is told from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

ADDED, REMOVED, RESTORED = "added", "removed", "restored"
LIFE = frozenset({ADDED, REMOVED, RESTORED})
# One day more than the longest life of a token (Graph "Delta query overview": 7 days for directory objects).
KEPT_SECONDS = 8 * 24 * 3600
_TRIM_EVERY = 1024


class Change(NamedTuple):
    """One change: epoch seconds, the object id, and a field of `Person` or a word of `LIFE`."""

    at: float
    id: str
    name: str


class Journal:
    """The changes of the last days, numbered from 0 on.

    It grows with the changes alone, never with the people: who was there from the beginning is not in it.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changes: list[Change] = []
        # How many were forgotten: the number of the first that is still known.
        self.first = 0

    def note(self, person_id: str, name: str) -> None:
        """Write a change down, and from time to time forget what no living token can ask for."""
        now = self._clock()
        self._changes.append(Change(now, person_id, name))
        if len(self._changes) % _TRIM_EVERY == 0:
            self.forget(now - KEPT_SECONDS)

    def forget(self, until: float) -> None:
        """Forget the changes up to a time; the numbers of the others stay."""
        old = bisect_right(self._changes, until, key=lambda change: change.at)
        del self._changes[:old]
        self.first += old

    def position(self, at: float) -> int:
        """The number that the first change after this time has, or will have."""
        return self.first + bisect_right(self._changes, at, key=lambda change: change.at)

    def between(self, start: int, end: int) -> dict[str, set[str]]:
        """What changed from one number to before another: names by object id, the last changed last."""
        found: dict[str, set[str]] = {}
        for change in self._changes[max(start - self.first, 0) : max(end - self.first, 0)]:
            names = found.pop(change.id, set())
            found[change.id] = names | {change.name}
        return found
