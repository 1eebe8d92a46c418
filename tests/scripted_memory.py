"""A record of writes that remembers what a test lays down, and notes what it is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from shared.memory import Forgotten, LastWrite
from shared.plan import Entry, Plan


@dataclass
class ScriptedMemory:
    """What was last written to whom.

    Attributes:
        last: Our last writes, by object id; of everybody else nothing is certain.
        fails_for: Of whom nothing could be kept.
        asked: Whom it was asked for.
        told: What was begun and settled, in order: the word, who is done or begun, who is undone.
    """

    last: Mapping[str, LastWrite] = field(default_factory=dict)
    fails_for: frozenset[str] = frozenset()
    asked: list[set[str]] = field(default_factory=list)
    told: list[tuple[str, list[str], list[str]]] = field(default_factory=list)

    async def recall(self, user_ids: Collection[str]) -> Mapping[str, LastWrite | Forgotten]:
        """Remember."""
        self.asked.append(set(user_ids))
        return {one: self.last.get(one, Forgotten.NOTHING_CERTAIN) for one in user_ids}

    async def begin(self, entries: Sequence[Entry]) -> None:
        """Note who will be written."""
        self.told.append(("begin", [entry.key for entry in entries], []))

    async def settle(self, done: Collection[str], undone: Collection[str]) -> None:
        """Note what is certain."""
        self.told.append(("settle", list(done), list(undone)))

    def report(self, plan: Plan, by: Mapping[str, Sequence[str]] | None = None) -> None:
        """Report nothing: whoever plans a call does it himself."""

    def knows(self, user_id: str) -> bool:
        """Return whether everything about the user was kept."""
        return user_id not in self.fails_for
