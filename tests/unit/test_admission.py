"""What lets changes be made: limits over a day, one number for few, and nothing that was not shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pytest

from shared.codes import Code
from shared.guard import AsShown, Guard, LedgerBusyError, Limit
from shared.outcome import Note
from shared.phone_number import PhoneNumber
from shared.plan import Entry, Intent, Plan, Refusal
from shared.tenant import Change, Kind

ONE, TWO = PhoneNumber(46, "701740605"), PhoneNumber(46, "701740699")
LIMITS = {kind: Limit(f"MAX_{kind.name}S", 2, 10) for kind in Kind}


@dataclass
class Ledger:
    """Counts of the last 24 hours as laid down; None where they cannot be read. Notes what is asked of it."""

    known: Mapping[Kind, int] | None = field(default_factory=dict)
    is_busy: bool = False
    taken: list[tuple[dict[Kind, int], set[Kind]]] = field(default_factory=list)
    given: list[dict[Kind, int]] = field(default_factory=list)

    async def recent(self) -> Mapping[Kind, int] | None:
        """Return what is laid down."""
        if self.is_busy:
            raise LedgerBusyError
        return self.known

    async def take(
        self,
        wanted: Mapping[Kind, int],
        grant: Callable[[Mapping[Kind, int]], Iterable[Kind]],
        run: str = "",  # noqa: ARG002  the protocol's
    ) -> Mapping[Kind, int] | None:
        """Note what is granted."""
        if self.is_busy:
            raise LedgerBusyError
        if self.known is not None:
            self.taken.append((dict(wanted), set(grant(self.known))))
        return self.known

    async def give_back(self, unused: Mapping[Kind, int]) -> None:
        """Note what is counted off."""
        self.given.append(dict(unused))

    async def settle(self, run: str, made: Mapping[Kind, int]) -> None:
        """Nothing of a run is settled here."""


def change(kind: Kind, user: str, number: PhoneNumber = ONE) -> Change:
    """Return a write to somebody."""
    return Change(kind, user, None if kind is Kind.DELETE else number, "a rule")


def planned(*changes: Change) -> Plan:
    """Return a plan of these writes."""
    notes = (Note.CHANGED_OUTSIDE, Note.LAST_FACTOR_REMOVED)
    return Plan(
        tuple(Entry((row,), one.user_id, Intent(), None, None, one, notes) for row, one in enumerate(changes))
    )


def codes(plan: Plan) -> list[Code | None]:
    """Return why each entry is refused; None where it is not."""
    return [one.decision.code if isinstance(one.decision, Refusal) else None for one in plan.entries]


@pytest.mark.parametrize(
    ("shown", "wanted", "code"),
    [
        (change(Kind.UPDATE, "a"), change(Kind.UPDATE, "a"), None),
        (change(Kind.CREATE, "a"), change(Kind.CREATE, "a"), None),
        (change(Kind.DELETE, "a"), change(Kind.DELETE, "a"), None),
        # Under a mask the same number is written once more to be sure.
        (change(Kind.CREATE, "a"), change(Kind.ASSERT, "a"), None),
        (change(Kind.UPDATE, "a"), change(Kind.ASSERT, "a"), None),
        (change(Kind.CREATE, "a"), change(Kind.UPDATE, "a"), Code.CHANGED_SINCE_PLAN),
        (change(Kind.UPDATE, "a"), change(Kind.UPDATE, "a", TWO), Code.CHANGED_SINCE_PLAN),
        (change(Kind.UPDATE, "a"), change(Kind.ASSERT, "a", TWO), Code.CHANGED_SINCE_PLAN),
        (change(Kind.UPDATE, "a"), change(Kind.DELETE, "a"), Code.CHANGED_SINCE_PLAN),
        (change(Kind.DELETE, "a"), change(Kind.UPDATE, "a"), Code.CHANGED_SINCE_PLAN),
        (change(Kind.UPDATE, "b"), change(Kind.UPDATE, "a"), Code.CHANGED_SINCE_PLAN),
    ],
)
async def test_what_was_not_shown_is_not_written(shown: Change, wanted: Change, code: Code | None) -> None:
    """An approval is of one number for one user; only the same number may be written once more."""
    plan = planned(wanted)
    admitted = await AsShown([shown]).admit(plan)
    assert codes(admitted) == [code]
    if code is None:
        assert admitted == plan
    else:
        assert admitted.entries[0].notes == (Note.CHANGED_OUTSIDE,)
        assert isinstance(admitted.entries[0].decision, Refusal)
        assert admitted.entries[0].decision.rule


async def test_what_is_admitted_is_counted_and_what_is_over_a_limit_is_not() -> None:
    """With what the last day brought: one delete more is too many, two creates are not."""
    ledger = Ledger({Kind.DELETE: 2})
    plan = planned(change(Kind.CREATE, "a"), change(Kind.CREATE, "b", TWO), change(Kind.DELETE, "c"))
    admitted = await Guard(LIMITS, ledger).admit(plan)
    assert codes(admitted) == [None, None, Code.LIMIT_REACHED]
    assert ledger.taken == [({Kind.CREATE: 2, Kind.DELETE: 1}, {Kind.CREATE})]


@pytest.mark.parametrize(("population", "code"), [(None, None), (30, None), (29, Code.LIMIT_REACHED)])
async def test_the_managed_population_bounds_what_is_admitted(
    population: int | None, code: Code | None
) -> None:
    """Ten percent of thirty are three, and of twenty-nine are not."""
    ledger, limits = Ledger(), {Kind.UPDATE: Limit("MAX_UPDATES", 9, 10)}
    plan = planned(*(change(Kind.UPDATE, user) for user in "abc"))
    guard = Guard(limits, ledger, population)
    assert codes(await guard.foresee(plan)) == codes(await guard.admit(plan)) == [code] * 3
    assert ledger.taken == [({Kind.UPDATE: 3}, {Kind.UPDATE} if code is None else set())]


async def test_where_counts_cannot_be_read_nothing_is_deleted() -> None:
    """A new phone locks nobody out, and says that it was not counted."""
    plan = planned(change(Kind.CREATE, "a"), change(Kind.DELETE, "b"))
    guard = Guard(LIMITS, Ledger(None))
    admitted = await guard.admit(plan)
    assert codes(admitted) == codes(await guard.foresee(plan)) == [None, Code.LIMIT_UNKNOWN]
    assert Note.LIMIT_UNCOUNTED in admitted.entries[0].notes


async def test_where_others_count_without_a_pause_nothing_at_all_is_made() -> None:
    """Whoever could make the ledger busy could else pass every limit."""
    plan = planned(*(change(kind, kind.value) for kind in Kind))
    admitted = await Guard(LIMITS, Ledger(is_busy=True)).admit(plan)
    assert codes(admitted) == [Code.LIMIT_UNKNOWN] * len(Kind)
    assert all(isinstance(one.decision, Refusal) and one.decision.rule for one in admitted.entries)


async def test_a_plan_that_writes_nothing_asks_nobody() -> None:
    """An unchanged user costs no request to the storage."""
    unread, nothing = Ledger(is_busy=True), Plan(())
    assert await Guard(LIMITS, unread).admit(nothing) == nothing
    assert await Guard(LIMITS, unread).foresee(nothing) == nothing
    await Guard(LIMITS, unread).give_back([])
    assert unread.given == []


async def test_what_is_foreseen_is_not_counted() -> None:
    """A dry run shows what would be refused just now, and uses nothing up."""
    ledger = Ledger({Kind.DELETE: 2})
    plan = planned(change(Kind.CREATE, "a"), change(Kind.DELETE, "b"))
    assert codes(await Guard(LIMITS, ledger).foresee(plan)) == [None, Code.LIMIT_REACHED]
    assert ledger.taken == []


async def test_what_was_not_made_is_counted_off_by_kind() -> None:
    """Else refused writes of one day would use up the next one's."""
    ledger = Ledger()
    unmade = [change(Kind.CREATE, "a"), change(Kind.DELETE, "b"), change(Kind.DELETE, "c")]
    await Guard(LIMITS, ledger).give_back(unmade)
    assert ledger.given == [{Kind.CREATE: 1, Kind.DELETE: 2}]


async def test_one_number_for_too_many_is_refused_to_all_of_them_and_never_counted() -> None:
    """A reception's number in a feed is nobody's second factor; deletes name no number."""
    ledger = Ledger()
    limits = {kind: Limit("MAX", 100, 100) for kind in Kind}
    shared = [change(Kind.CREATE, "a"), change(Kind.UPDATE, "b"), change(Kind.ASSERT, "c")]
    alone = [change(Kind.CREATE, "d", TWO), change(Kind.DELETE, "e"), change(Kind.DELETE, "f")]
    plan = planned(*shared, *alone, change(Kind.DELETE, "g"))
    admitted = await Guard(limits, ledger, users_per_number=2).admit(plan)
    assert codes(admitted) == [Code.SHARED_NUMBER] * 3 + [None] * 4
    refused = admitted.entries[0].decision
    assert isinstance(refused, Refusal)
    assert refused.rule == "MAX_USERS_PER_NUMBER"
    assert refused.detail == "3 users would get it: over MAX_USERS_PER_NUMBER=2."
    assert ledger.taken == [({Kind.CREATE: 1, Kind.DELETE: 3}, {Kind.CREATE, Kind.DELETE})]
    assert codes(await Guard(limits, ledger, users_per_number=3).foresee(plan)) == [None] * 7


async def test_users_of_one_number_are_counted_over_all_plans_of_a_call_and_each_once() -> None:
    """A second look may find the number wanted by one more, or again by the same."""
    guard = Guard(LIMITS, Ledger(), users_per_number=2)
    first = planned(change(Kind.CREATE, "a"), change(Kind.UPDATE, "b"))
    assert codes(await guard.admit(first)) == codes(await guard.admit(first)) == [None, None]
    assert codes(await guard.admit(planned(change(Kind.CREATE, "c")))) == [Code.SHARED_NUMBER]
