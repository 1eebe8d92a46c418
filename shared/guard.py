"""The guard: limits held against a plan before the first write of anything (docs/runs.md)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from shared.codes import Code
from shared.outcome import Note
from shared.phone_number import PhoneNumber
from shared.plan import Entry, Plan
from shared.tenant import Change, Kind

# A percentage never bites below so many users: in a tenant of ten, two changes are 20 % and no disaster.
_FEWEST_FOR_PERCENT = 3
_NOTHING: Mapping[Kind, int] = {}

USERS_PER_NUMBER = 5
SHARED_RULE = "MAX_USERS_PER_NUMBER"


@dataclass(frozen=True, slots=True)
class Limit:
    """How many changes of a kind may happen within 24 hours.

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
            population: Users in scope who held a number at the end of the last full run; None while unknown,
                and then the count alone decides.
        """
        if changes > self.count:
            return f"{changes} changes are over {self.setting}={self.count}"
        if population is None or changes < _FEWEST_FOR_PERCENT:
            return None
        if changes * 100 > self.percent * population:
            return f"{changes} changes of {population} users are over {self.setting}_PERCENT={self.percent:g}"
        return None


Limits = dict[Kind, Limit]


class LedgerBusyError(Exception):
    """Others count without a pause, so how much was changed is not known, and nothing was counted."""


class Ledger(Protocol):
    """The count of changes within the last 24 hours, over all pushes and sweeps of all workers."""

    async def recent(self) -> Mapping[Kind, int] | None:
        """Return the changes of each kind; None if they cannot be read."""
        ...

    async def take(
        self,
        wanted: Mapping[Kind, int],
        grant: Callable[[Mapping[Kind, int]], Iterable[Kind]],
        run: str = "",
    ) -> Mapping[Kind, int] | None:
        """Count, in one step that no other worker can come between, the wanted changes that are granted.

        Args:
            wanted: The changes that would be made.
            grant: Told the recent counts, it returns the kinds that may be made.
            run: Whose changes they are. A run's count replaces its former one: a step may be repeated.

        Returns:
            The recent counts without the wanted ones; None if they cannot be read, and nothing is counted.

        Raises:
            LedgerBusyError: Others were faster for as long as there was time.
        """
        ...

    async def give_back(self, unused: Mapping[Kind, int]) -> None:
        """Count off changes that were taken and certainly not made. If it fails, too many stay counted."""
        ...

    async def settle(self, run: str, made: Mapping[Kind, int]) -> None:
        """Count of a run that is over what it has made. If it fails, too many stay counted."""
        ...


class Admission(Protocol):
    """What lets changes be made."""

    async def admit(self, plan: Plan) -> Plan:
        """Return the plan as far as it may be made, and count what it holds as made."""
        ...

    async def give_back(self, unmade: Iterable[Change]) -> None:
        """Count off admitted changes that certainly were not made."""
        ...


class AsShown:
    """Admits what a person or the guard has seen, and nothing else: for the second writes of a run.

    A masked number may be written once more to be sure; another number or kind may not. Counting is the
    run's own affair.
    """

    def __init__(self, shown: Iterable[Change]) -> None:
        self._shown = {change.user_id: change for change in shown}

    async def admit(self, plan: Plan) -> Plan:
        """Return the plan with every change refused that is not the one that was shown."""

        def revise(entry: Entry, change: Change) -> Entry:
            shown = self._shown.get(change.user_id)
            if shown and shown.number == change.number and change.kind in {shown.kind, Kind.ASSERT}:
                return entry
            return entry.refused(Code.CHANGED_SINCE_PLAN, "nothing is written that was not shown")

        return plan.map_changes(revise)

    async def give_back(self, unmade: Iterable[Change]) -> None:
        """Do nothing."""


class Guard:
    """Holds the limits against plans, in the light of what the last 24 hours brought."""

    def __init__(
        self,
        limits: Limits,
        ledger: Ledger,
        population: int | None = None,
        users_per_number: int = USERS_PER_NUMBER,
    ) -> None:
        self._limits = limits
        self._ledger = ledger
        self._population = population
        self._users_per_number = users_per_number
        # Over all plans of the call: a second look may find the same number wanted by somebody more.
        self._users: defaultdict[PhoneNumber, set[str]] = defaultdict(set)

    async def admit(self, plan: Plan) -> Plan:
        """Return the plan as far as it may be made, and count what it holds as made."""
        plan = self._refuse_shared(plan)
        wanted = plan.counts()
        if not wanted:
            return plan

        def within(recent: Mapping[Kind, int]) -> set[Kind]:
            return set(wanted) - breaches(_sum(recent, wanted), self._limits, self._population).keys()

        try:
            return self._refuse(plan, await self._ledger.take(wanted, within))
        except LedgerBusyError:
            # Whoever could make the ledger busy could else pass every limit.
            return plan.map_changes(
                lambda entry, _: entry.refused(Code.LIMIT_UNKNOWN, "others count just now")
            )

    async def foresee(self, plan: Plan) -> Plan:
        """Return the plan as far as it might be made now; nothing is counted."""
        plan = self._refuse_shared(plan)
        return self._refuse(plan, await self._ledger.recent()) if plan.changes() else plan

    async def give_back(self, unmade: Iterable[Change]) -> None:
        """Count off admitted changes that certainly were not made."""
        if unused := Counter(change.kind for change in unmade):
            await self._ledger.give_back(unused)

    def _refuse_shared(self, plan: Plan) -> Plan:
        """Return the plan with the changes refused that would make one phone many users' second factor."""
        users, most = self._users, self._users_per_number
        for change in plan.changes():
            if change.number:
                users[change.number].add(change.user_id)

        def revise(entry: Entry, change: Change) -> Entry:
            many = len(users[change.number]) if change.number else 0
            if many <= most:
                return entry
            return entry.refused(Code.SHARED_NUMBER, SHARED_RULE, shared_detail(many, most))

        return plan.map_changes(revise)

    def _refuse(self, plan: Plan, recent: Mapping[Kind, int] | None) -> Plan:
        return refuse_over_limit(plan, self._limits, self._population, recent)


def shared_detail(users: int, most: int) -> str:
    """Return by how much too many users would get one number, in words."""
    return f"{users} users would get it: over {SHARED_RULE}={most}."


def breaches(counts: Mapping[Kind, int], limits: Limits, population: int | None) -> dict[Kind, str]:
    """Return the kinds whose changes go over their limit, each with the reason."""
    found = {kind: limit.breach(counts.get(kind, 0), population) for kind, limit in limits.items()}
    return {kind: reason for kind, reason in found.items() if reason}


def refuse_over_limit(
    plan: Plan,
    limits: Limits,
    population: int | None = None,
    recent: Mapping[Kind, int] | None = _NOTHING,
) -> Plan:
    """Return the plan in which *all* changes of a kind over its limit are refused; the other kinds go on.

    All and not the surplus: which twenty of a hundred wrong deletes happen is nobody's choice.

    Args:
        plan: What is wanted.
        limits: What is allowed.
        population: Users in scope who held a number at the end of the last full run; None while unknown.
        recent: The changes of the last 24 hours; None if they cannot be read: then nothing is deleted, and
            the other kinds are held to the limits by the plan's own figures.
    """
    over = breaches(_sum(recent or _NOTHING, plan.counts()), limits, population)

    def revise(entry: Entry, change: Change) -> Entry:
        kind = change.kind
        if recent is None and kind is Kind.DELETE:
            return entry.refused(Code.LIMIT_UNKNOWN, "the deletes of the last 24 hours are counted first")
        if reason := over.get(kind):
            before = (
                f", {recent[kind]} of them within the last 24 hours" if recent and recent.get(kind) else ""
            )
            return entry.refused(Code.LIMIT_REACHED, limits[kind].setting, f"{reason}{before}.")
        return replace(entry, notes=(*entry.notes, Note.LIMIT_UNCOUNTED)) if recent is None else entry

    return plan.map_changes(revise)


def _sum(recent: Mapping[Kind, int], wanted: Mapping[Kind, int]) -> Counter[Kind]:
    return Counter(recent) + Counter(wanted)
