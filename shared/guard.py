"""The guard: limits held against a plan before the first write of anything (design, section 2, "Guard")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.outcome import Code
from shared.tenant import Change, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.plan import Entry, Plan

# A percentage never bites below so many users: in a tenant of ten, two changes are 20 % and no disaster.
_FEWEST_FOR_PERCENT = 3


@dataclass(frozen=True, slots=True)
class Limit:
    """How many changes of a kind may happen.

    Attributes:
        setting: The name of the setting that holds the count, for messages.
        count: The most changes.
        percent: The most changes as a percentage of the managed population.
    """

    setting: str
    count: int
    percent: float

    def breach(self, changes: int, population: int | None) -> str | None:
        """Return how `changes` go over this limit, in words that name figure and limit; None if they do not.

        Args:
            changes: All changes of the kind that count.
            population: Users in scope who held a number at the last full run; None while unknown, and then
                the count alone decides.
        """
        if changes > self.count:
            return f"{changes} changes are over {self.setting}={self.count}"
        if population is None or changes < _FEWEST_FOR_PERCENT:
            return None
        if changes * 100 > self.percent * population:
            return f"{changes} changes of {population} users are over {self.setting}_PERCENT={self.percent:g}"
        return None


Limits = dict[Kind, Limit]


def breaches(counts: Mapping[Kind, int], limits: Limits, population: int | None) -> dict[Kind, str]:
    """Return the kinds whose changes go over their limit, each with the reason."""
    found = {kind: limit.breach(counts.get(kind, 0), population) for kind, limit in limits.items()}
    return {kind: reason for kind, reason in found.items() if reason}


def refuse_over_limit(plan: Plan, limits: Limits, population: int | None = None) -> Plan:
    """Return the plan in which *all* changes of a kind over its limit are refused; the other kinds go on.

    All and not the surplus: which twenty of a hundred wrong deletes happen is nobody's choice.
    """
    over = breaches(plan.counts(), limits, population)

    def revise(entry: Entry) -> Entry:
        if isinstance(entry.decision, Change) and (reason := over.get(entry.decision.kind)):
            return entry.refused(Code.LIMIT_REACHED, limits[entry.decision.kind].setting, f"{reason}.")
        return entry

    return plan.map(revise)
