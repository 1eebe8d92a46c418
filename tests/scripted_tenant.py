"""A directory that shows and answers what a test lays down, for what the core makes of it.

Whether Graph's answers really come to these words is proved on the wire (tests/wire).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from shared.errors import Problem, TransientError
from shared.facts import Facts
from shared.tenant import Change, Fate, Observation, Privileged, ScopeSets, Unreadable, WriteAnswer

Look = Mapping[str, Observation | Unreadable]


@dataclass
class ScriptedTenant:
    """One person's or more's directory.

    Attributes:
        looks: What each reading shows; the last one for ever, and an empty one fails as a whole.
        fates: What becomes of each round of writes, by object id; an empty one fails as a whole.
        seconds: How long the call may still wait.
        sets: Who is inside and outside by group.
        privileged: Who may not be written.
        factors: How many other factors each user has.
        asked, waited, written: What was asked of the directory, in order.
    """

    looks: list[Look] = field(default_factory=list)
    fates: list[Mapping[str, Fate]] = field(default_factory=list)
    seconds: float = 90.0
    sets: ScopeSets = field(default_factory=ScopeSets)
    privileged: Privileged = field(default_factory=lambda: Privileged(frozenset(), are_all=True))
    factors: Mapping[str, int | Unreadable] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    written: list[tuple[Change, ...]] = field(default_factory=list)

    async def scope_sets(self) -> ScopeSets:
        """Return who is inside and outside of scope by group."""
        return self.sets

    async def observe(self, keys: Collection[str]) -> Look:
        """Return what the next look shows."""
        self.asked.append(tuple(keys))
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if not look:
            raise TransientError(Problem.GRAPH_UNAVAILABLE, "it fails as a whole", retry_after=1)
        return {key: look[key] for key in keys}

    async def privileged_principals(self) -> Privileged:
        """Return who may not be written."""
        self.asked.append(("privileged",))
        return self.privileged

    async def other_factors(self, user_ids: Collection[str]) -> Mapping[str, int | Unreadable]:
        """Return how many other factors there are."""
        self.asked.append(tuple(sorted(user_ids)))
        return self.factors

    async def write(self, changes: Sequence[Change]) -> Mapping[str, WriteAnswer]:
        """Answer as laid down for this round."""
        self.written.append(tuple(changes))
        fates = self.fates.pop(0)
        if not fates:
            raise TransientError(Problem.GRAPH_UNAVAILABLE, "it fails as a whole", retry_after=1)
        return {one.user_id: WriteAnswer(fates[one.user_id]) for one in changes}

    async def patience(self) -> Sequence[float]:
        """Return the seconds before each look."""
        return Facts().patience

    async def pause(self, seconds: float) -> bool:
        """Let some of the call's time pass, if there is so much."""
        if seconds > self.seconds:
            return False
        self.seconds -= seconds
        self.waited.append(seconds)
        return True
