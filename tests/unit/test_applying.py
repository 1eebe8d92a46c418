"""Applying a plan: written once, noted before and after, looked at in doubt, and at most once more."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import pytest

from shared.codes import Code
from shared.errors import TransientError
from shared.outcome import Note, Outcome
from shared.phone_number import ObservedNumber, PhoneNumber
from shared.plan import Entry, Intent, NoChange, Plan, Refusal
from shared.policy import Policy
from shared.reconciler import apply
from shared.results import Result
from shared.tenant import Change, Fate, Kind, PhoneMethods, Unreadable
from tests.people import ANNA_ID, person, sighting
from tests.scripted_memory import ScriptedMemory
from tests.scripted_tenant import Look, ScriptedTenant

ONE, TWO, THREE = "+46 701740605", "+46 701740699", "+46 701740633"
POLICY = Policy()


@dataclass
class Admission:
    """Admits everything, or refuses all of it with `code`; notes what was asked and given back."""

    code: Code | None = None
    admitted: list[tuple[Change, ...]] = field(default_factory=list)
    given: list[Change] = field(default_factory=list)

    async def admit(self, plan: Plan) -> Plan:
        """Admit or refuse."""
        self.admitted.append(plan.changes())
        code = self.code
        return plan.map_changes(lambda entry, _: entry.refused(code, "the guard")) if code else plan

    async def give_back(self, unmade: Iterable[Change]) -> None:
        """Note what is counted off."""
        self.given.extend(unmade)


def entry(
    kind: Kind, user_id: str = ANNA_ID, row: int = 0, *, number: str = ONE, notes: tuple[Note, ...] = ()
) -> Entry:
    """Return somebody's entry with a write of that kind; whoever has a phone has TWO."""
    wanted = None if kind is Kind.DELETE else PhoneNumber.parse(number)
    phones = PhoneMethods(None if kind is Kind.CREATE else ObservedNumber(TWO))
    user = person(wanted.reveal() if wanted else None, object_id=user_id)
    return Entry((row,), user_id, Intent(), user, phones, Change(kind, user_id, wanted, "a rule"), notes)


def seen(one: Entry, mobile: str | None) -> Look:
    """Return a look that shows that number for the entry's person."""
    assert one.user is not None
    return {one.key: sighting(one.user, mobile)}


def written(tenant: ScriptedTenant) -> list[list[Kind]]:
    """Return the kinds of each round of writes."""
    return [[change.kind for change in changes] for changes in tenant.written]


async def test_what_is_certain_is_remembered_and_what_was_not_made_is_counted_off() -> None:
    """Each write is noted before it is sent; who is left alone is neither noted nor sent."""
    done, refused, gone, open_ = (
        entry(Kind.CREATE, "done", 0),
        entry(Kind.UPDATE, "refused", 1),
        entry(Kind.DELETE, "gone", 2),
        entry(Kind.UPDATE, "open", 3),
    )
    left = Entry((4,), "left", Intent(), person(), None, NoChange(Outcome.KEPT, "a rule"))
    fates = {"done": Fate.DONE, "refused": Fate.FORBIDDEN, "gone": Fate.MISSING, "open": Fate.CONFLICT}
    tenant = ScriptedTenant([{"open": Unreadable(Code.UNAVAILABLE)}], [fates])
    guard, memory = Admission(), ScriptedMemory()
    results = await apply(Plan((left, done, refused, gone, open_)), tenant, POLICY, guard, memory)
    assert [one.code or one.outcome for one in results] == [
        Outcome.KEPT,
        Outcome.CREATED,
        Code.TARGET_OUT_OF_REACH,
        Outcome.DELETED,
        Code.PHONE_NUMBER_NOT_UNIQUE,
    ]
    assert memory.told == [
        ("begin", ["done", "refused", "gone", "open"], []),
        ("settle", ["done", "gone"], ["refused"]),
    ]
    assert (guard.given, guard.admitted) == ([refused.decision], [])


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("fate", list(Fate))
async def test_only_what_was_certainly_not_made_is_counted_off_and_taken_back(kind: Kind, fate: Fate) -> None:
    """Too many counted is safe, too few is not; and a former certainty ends with a write in doubt."""
    one, guard, memory = entry(kind), Admission(), ScriptedMemory()
    tenant = ScriptedTenant([{ANNA_ID: Unreadable(Code.UNAVAILABLE)}], [{ANNA_ID: fate}])
    await apply(Plan((one,)), tenant, POLICY, guard, memory)
    has_effect = fate is Fate.DONE or (kind is Kind.DELETE and fate is Fate.MISSING)
    is_open = fate in {Fate.UNKNOWN, Fate.CONFLICT}
    assert memory.told[1:] == [
        ("settle", [ANNA_ID] if has_effect else [], [] if has_effect or is_open else [ANNA_ID])
    ]
    assert guard.given == ([] if has_effect or is_open else [one.decision])


async def test_a_plan_that_writes_nothing_touches_nothing() -> None:
    """Who is unchanged costs no request."""
    tenant, guard, memory = ScriptedTenant(), Admission(), ScriptedMemory()
    refusal = Refusal(Code.USER_NOT_FOUND, "the directory")
    plan = Plan((Entry((0,), "x", Intent(), None, None, refusal),))
    assert await apply(plan, tenant, POLICY, guard, memory) == [Result.stopped(Code.USER_NOT_FOUND)]
    assert (tenant.written, memory.told, guard.admitted) == ([], [], [])


async def test_where_nothing_could_be_sent_nothing_stays_noted_or_counted() -> None:
    """The directory as a whole refuses: that is an error, and the next call begins where this one did."""
    one, guard, memory = entry(Kind.UPDATE), Admission(), ScriptedMemory()
    with pytest.raises(TransientError):
        await apply(Plan((one,)), ScriptedTenant(fates=[{}]), POLICY, guard, memory)
    assert memory.told == [("begin", [ANNA_ID], []), ("settle", [], [ANNA_ID])]
    assert guard.given == [one.decision]


async def test_a_write_that_was_seen_is_remembered() -> None:
    """Its answer was lost and the number is there: that proves it, once."""
    one, guard, memory = entry(Kind.UPDATE), Admission(), ScriptedMemory()
    tenant = ScriptedTenant([seen(one, ONE)], [{ANNA_ID: Fate.UNKNOWN}])
    (result,) = await apply(Plan((one,)), tenant, POLICY, guard, memory)
    assert result == Result(Outcome.UPDATED, phone="+46 *******05")
    assert memory.told[1:] == [("settle", [], []), ("settle", [ANNA_ID], [])]
    assert (written(tenant), guard.given) == ([[Kind.UPDATE]], [])


async def test_what_is_decided_anew_is_admitted_before_it_is_written() -> None:
    """A create that finds a phone becomes an update, which counts as one."""
    one, guard, memory = entry(Kind.CREATE), Admission(), ScriptedMemory()
    tenant = ScriptedTenant([seen(one, TWO)], [{ANNA_ID: Fate.EXISTS}, {ANNA_ID: Fate.DONE}])
    (result,) = await apply(Plan((one,)), tenant, POLICY, guard, memory)
    assert result.outcome is Outcome.UPDATED
    assert written(tenant) == [[Kind.CREATE], [Kind.UPDATE]]
    assert guard.admitted == [tenant.written[1]]
    assert guard.given == [one.decision]
    assert memory.told[-1] == ("settle", [ANNA_ID], [])


async def test_what_the_guard_does_not_admit_is_not_written() -> None:
    """The second write has the guard's code; nothing is sent for it."""
    one, guard = entry(Kind.CREATE), Admission(Code.LIMIT_REACHED)
    tenant = ScriptedTenant([seen(one, TWO)], [{ANNA_ID: Fate.EXISTS}])
    (result,) = await apply(Plan((one,)), tenant, POLICY, guard, ScriptedMemory())
    assert (result.code, written(tenant)) == (Code.LIMIT_REACHED, [[Kind.CREATE]])


@pytest.mark.parametrize("fate", [Fate.FORBIDDEN, Fate.THROTTLED, Fate.NOT_SENT])
async def test_a_second_write_decided_anew_that_was_not_made_is_counted_off(fate: Fate) -> None:
    """Both were admitted and neither was made."""
    one, guard = entry(Kind.CREATE), Admission()
    tenant = ScriptedTenant([seen(one, TWO)], [{ANNA_ID: Fate.EXISTS}, {ANNA_ID: fate}])
    await apply(Plan((one,)), tenant, POLICY, guard, ScriptedMemory())
    assert guard.given == [one.decision, *tenant.written[1]]


async def test_a_write_that_left_no_trace_is_repeated_without_being_counted_again() -> None:
    """It was admitted before, with what was remarked on it then."""
    one, guard = entry(Kind.UPDATE, notes=(Note.LIMIT_UNCOUNTED,)), Admission()
    tenant = ScriptedTenant([seen(one, TWO)], [{ANNA_ID: Fate.UNKNOWN}, {ANNA_ID: Fate.DONE}])
    (result,) = await apply(Plan((one,)), tenant, POLICY, guard, ScriptedMemory())
    assert (result.outcome, result.notes) == (Outcome.UPDATED, (Note.LIMIT_UNCOUNTED,))
    assert written(tenant) == [[Kind.UPDATE], [Kind.UPDATE]]
    assert [change for changes in guard.admitted for change in changes] == []


NOT_MADE = [fate for fate in Fate if fate not in {Fate.DONE, Fate.UNKNOWN, Fate.CONFLICT}]


@pytest.mark.parametrize("kind", [Kind.UPDATE, Kind.DELETE])
@pytest.mark.parametrize("fate", NOT_MADE)
async def test_a_repeated_write_that_was_not_made_does_not_hide_that_the_first_may_have_been(
    kind: Kind, fate: Fate
) -> None:
    """Whatever is said to the second, of the first nobody knows: the row says so, and it stays counted."""
    one, guard = entry(kind), Admission()
    tenant = ScriptedTenant([seen(one, TWO)], [{ANNA_ID: Fate.UNKNOWN}, {ANNA_ID: fate}])
    (result,) = await apply(Plan((one,)), tenant, POLICY, guard, ScriptedMemory())
    if kind is Kind.DELETE and fate is Fate.MISSING:
        assert result.outcome is Outcome.DELETED
    else:
        assert (result.code, result.phone) == (Code.OUTCOME_UNKNOWN, None)
    assert guard.given == []


@pytest.mark.parametrize(
    "code", [Code.LIMIT_REACHED, Code.LIMIT_UNKNOWN, Code.SHARED_NUMBER, Code.CHANGED_SINCE_PLAN]
)
async def test_a_second_write_that_was_not_admitted_does_not_hide_the_first_either(code: Code) -> None:
    """The attribute moved on, and the new number may not be written; the former one may stand there."""
    one = entry(Kind.UPDATE)
    tenant = ScriptedTenant([{ANNA_ID: sighting(person(THREE), TWO)}], [{ANNA_ID: Fate.UNKNOWN}])
    (result,) = await apply(Plan((one,)), tenant, POLICY, Admission(code), ScriptedMemory())
    assert (result.code, written(tenant)) == (Code.OUTCOME_UNKNOWN, [[Kind.UPDATE]])


async def test_a_directory_that_fails_after_a_write_costs_the_doubtful_their_answer_alone() -> None:
    """What is written is written: there are results, and no error."""
    done, open_ = entry(Kind.CREATE, "done", 0), entry(Kind.UPDATE, "open", 1)
    tenant = ScriptedTenant([seen(open_, TWO)], [{"done": Fate.DONE, "open": Fate.UNKNOWN}, {}])
    guard, memory = Admission(), ScriptedMemory()
    results = await apply(Plan((done, open_)), tenant, POLICY, guard, memory)
    assert [one.code or one.outcome for one in results] == [Outcome.CREATED, Code.OUTCOME_UNKNOWN]
    # The repeated one's first try stays counted.
    assert guard.given == []


@pytest.mark.parametrize(
    ("first", "second", "looks", "expected"),
    [
        (Fate.EXISTS, Fate.MISSING, [TWO, None], Code.CHANGED_SINCE_PLAN),
        (Fate.EXISTS, Fate.UNKNOWN, [TWO, TWO], Code.OUTCOME_UNKNOWN),
        (Fate.UNKNOWN, Fate.UNKNOWN, [None, None], Code.OUTCOME_UNKNOWN),
        (Fate.UNKNOWN, Fate.UNKNOWN, [None, ONE], Outcome.CREATED),
    ],
)
async def test_there_is_no_third_write(
    first: Fate, second: Fate, looks: list[str | None], expected: Code | Outcome
) -> None:
    """Whoever would want one is left to the next call, with remarks that are true all the same."""
    one = entry(Kind.CREATE, notes=(Note.CHANGED_OUTSIDE, Note.LIMIT_UNCOUNTED))

    class Moving(ScriptedTenant):
        async def observe(self, keys: Collection[str]) -> Look:
            self.looks = [seen(one, looks[len(self.written) - 1])]
            return await super().observe(keys)

    tenant = Moving(fates=[{ANNA_ID: first}, {ANNA_ID: second}])
    (result,) = await apply(Plan((one,)), tenant, POLICY, Admission(), ScriptedMemory())
    assert (result.code or result.outcome) == expected
    assert len(tenant.written) == 2
    if result.code:
        assert result.notes == (Note.CHANGED_OUTSIDE,)


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_write_that_could_not_be_remembered_says_so(kind: Kind) -> None:
    """The next sweep may take it for a stranger's; who was not written has nothing to remember."""
    one, other = entry(kind, "one", 0), entry(Kind.UPDATE, "other", 1)
    left = Entry((2,), "left", Intent(), person(object_id="left"), None, NoChange(Outcome.KEPT, "a rule"))
    tenant = ScriptedTenant(fates=[{"one": Fate.DONE, "other": Fate.FORBIDDEN}])
    memory = ScriptedMemory(fails_for=frozenset({"one", "other", "left"}))
    results = await apply(Plan((one, other, left)), tenant, POLICY, Admission(), memory)
    assert [Note.NOT_REMEMBERED in result.notes for result in results] == [True, False, False]
    remembered = ScriptedTenant(fates=[{"one": Fate.DONE}])
    (result,) = await apply(Plan((one,)), remembered, POLICY, Admission(), ScriptedMemory())
    assert Note.NOT_REMEMBERED not in result.notes
