"""Whom a plan must spare: the newly empty, the privileged, and whoever a delete leaves without a factor."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from shared.codes import Code
from shared.outcome import Note, Outcome
from shared.phone_number import ObservedNumber, PhoneNumber
from shared.plan import Decision, Entry, Intent, NoChange, Plan, Refusal
from shared.policy import LastFactorGuard, Policy
from shared.scope import ScopePolicy
from shared.spare import spare_last_factors, spare_newly_empty, spare_privileged
from shared.tenant import Change, Kind, PhoneMethods, Privileged, Unreadable
from tests.people import person
from tests.scripted_tenant import ScriptedTenant

DAY = 86_400.0
NUMBER = PhoneNumber(46, "701740605")
NOTES = (Note.CHANGED_OUTSIDE,)
UNCHANGED = NoChange(Outcome.UNCHANGED, "a rule")


def planned(**decisions: Kind | Decision) -> Plan:
    """Return a plan with a decision, or a write of a kind, for each of some people."""
    phones = PhoneMethods(ObservedNumber(NUMBER.reveal()))

    def entry(row: int, name: str, decision: Kind | Decision) -> Entry:
        if isinstance(decision, Kind):
            decision = Change(decision, name, None if decision is Kind.DELETE else NUMBER, "a rule")
        notes = (*NOTES, Note.LIMIT_UNCOUNTED)
        return Entry((row,), name, Intent(), person(object_id=name), phones, decision, notes)

    return Plan(tuple(entry(row, *one) for row, one in enumerate(decisions.items())))


def only(plan: Plan) -> Entry:
    """Return the plan's one entry."""
    (entry,) = plan.entries
    return entry


@dataclass
class Known:
    """A record of emptiness that answers as laid down, and notes what it was told."""

    since: Mapping[str, float] | None
    told: list[tuple[set[str], set[str]]] = field(default_factory=list)

    async def note(self, empty: Collection[str], filled: Collection[str]) -> Mapping[str, float] | None:
        """Answer as laid down."""
        self.told.append((set(empty), set(filled)))
        return self.since


SWEEP = Policy().for_sweeps(keep_when_empty=False, empty_grace_days=3)


@pytest.mark.parametrize(
    ("since", "is_deleted"),
    [
        ({"anna": 3 * DAY}, True),
        ({"anna": 3 * DAY - 1}, False),
        ({"anna": 0.0}, False),
        ({}, False),
        (None, False),
    ],
    ids=["long enough", "a second less", "just now", "never seen", "unreadable"],
)
async def test_a_sweep_deletes_only_what_is_known_to_have_been_empty_for_long_enough(
    since: dict[str, float] | None, *, is_deleted: bool
) -> None:
    """What cannot be read is no proof of emptiness: the phone is kept, for now."""
    entry = only(await spare_newly_empty(planned(anna=Kind.DELETE), Known(since), SWEEP))
    if is_deleted:
        assert isinstance(entry.decision, Change)
    else:
        assert entry.decision == NoChange(Outcome.KEPT, "EMPTY_GRACE_DAYS=3", is_provisional=True)
        assert entry.notes == NOTES


async def test_the_record_is_told_who_is_empty_and_of_everybody_else_that_they_are_not() -> None:
    """A filled attribute begins its grace anew, whatever else is decided; others stay as planned."""
    plan = planned(anna=Kind.DELETE, bo=Kind.UPDATE, cleo=UNCHANGED)
    nobody = Entry((9,), "x", Intent(), None, None, Refusal(Code.USER_NOT_FOUND, "the directory"))
    known = Known({"anna": 9 * DAY})
    assert await spare_newly_empty(Plan((*plan.entries, nobody)), known, SWEEP) == Plan(
        (*plan.entries, nobody)
    )
    assert known.told == [({"anna"}, {"bo", "cleo"})]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    ("known", "are_all", "code"),
    [
        ({"anna"}, True, Code.PRIVILEGED_TARGET),
        ({"anna"}, False, Code.PRIVILEGED_TARGET),
        ({"somebody"}, True, None),
        # Where the set is not whole, anybody could be one.
        ({"somebody"}, False, Code.PRIVILEGED_UNKNOWN),
        (set(), False, Code.PRIVILEGED_UNKNOWN),
    ],
)
async def test_no_write_of_any_kind_goes_to_who_is_or_may_be_privileged(
    kind: Kind, known: set[str], code: Code | None, *, are_all: bool
) -> None:
    """Ids are compared without case, as Graph writes them either way."""
    tenant = ScriptedTenant(privileged=Privileged(frozenset(known), are_all=are_all))
    entry = only(await spare_privileged(planned(Anna=kind), tenant, Policy()))
    if code is None:
        assert entry == only(planned(Anna=kind))
    else:
        assert entry.decision == Refusal(code, "PRIVILEGED_TARGETS=refuse")
        assert entry.notes == NOTES


@pytest.mark.parametrize(
    ("plan", "policy"),
    [
        (planned(anna=UNCHANGED), Policy()),
        (planned(anna=Kind.UPDATE), Policy(scope=ScopePolicy(allow_privileged=True))),
    ],
    ids=["nothing would be written", "PRIVILEGED_TARGETS=allow"],
)
async def test_who_is_privileged_is_read_only_where_it_decides(plan: Plan, policy: Policy) -> None:
    """An unchanged user costs no reading of roles, and an unreadable set refuses nothing that was allowed."""
    tenant = ScriptedTenant(privileged=Privileged(frozenset({"anna"}), are_all=False))
    assert await spare_privileged(plan, tenant, policy) == plan
    assert tenant.asked == []


ALL, SWEEPS, OFF = LastFactorGuard.ALL, LastFactorGuard.SWEEPS, LastFactorGuard.OFF


@pytest.mark.parametrize(
    ("guard", "others", "decision", "notes"),
    [
        (ALL, 0, Refusal(Code.LAST_FACTOR, "LAST_FACTOR_GUARD=all"), NOTES),
        (ALL, 1, None, (*NOTES, Note.LIMIT_UNCOUNTED)),
        (SWEEPS, 0, None, (*NOTES, Note.LIMIT_UNCOUNTED, Note.LAST_FACTOR_REMOVED)),
        (SWEEPS, 1, None, (*NOTES, Note.LIMIT_UNCOUNTED)),
        # Who cannot be listed may have no other: the directory's reason is told.
        (SWEEPS, Unreadable(Code.UNAVAILABLE, "a 503"), (Code.UNAVAILABLE, "a 503"), NOTES),
    ],
)
async def test_a_delete_looks_at_what_is_left(
    guard: LastFactorGuard, others: int | Unreadable, decision: object, notes: tuple[Note, ...]
) -> None:
    """Nobody is locked out unseen: refused, or at least remarked."""
    tenant = ScriptedTenant(factors={"anna": others})
    entry = only(await spare_last_factors(planned(anna=Kind.DELETE), tenant, Policy(last_factor=guard)))
    if isinstance(decision, tuple):
        assert isinstance(entry.decision, Refusal)
        assert (entry.decision.code, entry.decision.detail) == decision
        assert entry.decision.rule
    else:
        assert entry.decision == (decision or only(planned(anna=Kind.DELETE)).decision)
    assert entry.notes == notes


async def test_methods_are_listed_of_those_alone_who_would_lose_one() -> None:
    """An update leaves the factor in place, and with the guard off nothing is listed."""
    plan = planned(anna=Kind.DELETE, bo=Kind.UPDATE, cleo=UNCHANGED)
    tenant = ScriptedTenant(factors={"anna": 1})
    assert await spare_last_factors(plan, tenant, Policy(last_factor=ALL)) == plan
    assert tenant.asked == [("anna",)]
    for untouched, guard in ((plan, OFF), (planned(bo=Kind.UPDATE), ALL)):
        silent = ScriptedTenant()
        assert await spare_last_factors(untouched, silent, Policy(last_factor=guard)) == untouched
        assert silent.asked == []
