"""Planning: everybody named is read, decided by the rules and by what we last wrote, and spared where due."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from shared.codes import Code
from shared.outcome import Note, Outcome
from shared.phone_number import PhoneNumber
from shared.plan import Intent, NoChange, Plan, Refusal, Request
from shared.policy import LastFactorGuard, Policy
from shared.reconciler import plan
from shared.tenant import Change, Kind, Privileged, ScopeSets, Unreadable, User
from tests.people import person, sighting
from tests.scripted_memory import ScriptedMemory
from tests.scripted_tenant import ScriptedTenant

ONE, TWO, MASK_OF_ONE = "+46 701740605", "+46 701740699", "+XX XXXXXXX05"
ALL = Policy(last_factor=LastFactorGuard.ALL)
SWEEP = Policy().for_sweeps(keep_when_empty=False, empty_grace_days=3)


@dataclass(frozen=True)
class Ours:
    """Our last write of ONE, an hour ago."""

    age: float = 3600.0
    lag: float = 0.0

    def was(self, number: PhoneNumber | None) -> bool:
        """Return whether it was ONE."""
        return number == PhoneNumber.parse(ONE)

    def is_payload_for(self, user: User) -> bool:  # noqa: ARG002  the protocol's
        """Return that no caller chose it."""
        return False


@dataclass
class Emptiness:
    """Everybody has been empty for so many seconds; notes who was."""

    seconds: float
    told: list[set[str]] = field(default_factory=list)

    async def note(self, empty: Collection[str], filled: Collection[str]) -> Mapping[str, float] | None:  # noqa: ARG002  the protocol's
        """Answer as laid down."""
        self.told.append(set(empty))
        return dict.fromkeys(empty, self.seconds)


def tenant(**people: tuple[str | None, str | None]) -> ScriptedTenant:
    """Return a directory of people, each with an attribute and a phone; all have one factor besides."""
    look = {name: sighting(person(*one[:1], object_id=name), one[1]) for name, one in people.items()}
    return ScriptedTenant([look], factors=dict.fromkeys(people, 1))


def wishes(directory: ScriptedTenant) -> list[Request]:
    """Return a row for everybody in the directory."""
    return [Request(row, key, Intent()) for row, key in enumerate(directory.looks[0])]


def words(planned: Plan) -> list[Kind | Outcome | Code]:
    """Return what is planned for each, in a word."""
    return [
        one.decision.kind
        if isinstance(one.decision, Change)
        else one.decision.outcome
        if isinstance(one.decision, NoChange)
        else one.decision.code
        for one in planned.entries
    ]


async def test_everybody_is_read_once_and_decided_by_rules_groups_and_memory() -> None:
    """Who would be written, and nobody else, is looked up in what we last wrote."""
    directory = tenant(
        new=(ONE, None), same=(ONE, ONE), ours=(ONE, MASK_OF_ONE), theirs=(ONE, MASK_OF_ONE), out=(ONE, TWO)
    )
    directory.looks[0] = {**directory.looks[0], "gone": Unreadable(Code.USER_NOT_FOUND)}
    directory.sets = ScopeSets(excluded=frozenset({"out"}))
    memory = ScriptedMemory({"ours": Ours(), "new": Ours()})
    planned = await plan(wishes(directory), directory, Policy(), memory)
    # Whoever could not be read comes first.
    assert words(planned) == [
        Code.USER_NOT_FOUND,
        Kind.CREATE,
        Outcome.UNCHANGED,
        Outcome.UNCHANGED,
        Kind.ASSERT,
        Code.EXCLUDED,
    ]
    assert [one.notes for one in planned.entries[1:5]] == [
        (Note.CHANGED_OUTSIDE,),
        (),
        (Note.FROM_MEMORY,),
        (),
    ]
    assert (memory.asked, memory.told) == ([{"new", "ours", "theirs"}], [])
    assert {*directory.asked[0]} == {"new", "same", "ours", "theirs", "out", "gone"}
    assert directory.asked[1:] == [("privileged",)]


async def test_a_plan_without_writes_asks_for_nothing_but_people_and_groups() -> None:
    """Most users of a sweep are unchanged: neither memory, roles nor methods are read for them."""
    directory, memory = tenant(same=(ONE, ONE)), ScriptedMemory()
    assert words(await plan(wishes(directory), directory, ALL, memory)) == [Outcome.UNCHANGED]
    assert (directory.asked, memory.asked) == ([("same",)], [])


async def test_the_privileged_and_last_factors_are_spared() -> None:
    """Methods are listed of those alone who are still to be deleted after that."""
    directory = tenant(admin=(None, ONE), only=(None, ONE), both=(None, ONE), user=(ONE, None))
    directory.privileged = Privileged(frozenset({"admin"}), are_all=True)
    directory.factors = {"only": 0, "both": 1}
    planned = await plan(wishes(directory), directory, ALL, ScriptedMemory())
    assert words(planned) == [Code.PRIVILEGED_TARGET, Code.LAST_FACTOR, Kind.DELETE, Kind.CREATE]
    assert directory.asked[1:] == [("privileged",), ("both", "only")]


@pytest.mark.parametrize(
    ("emptiness", "word"),
    [(None, Kind.DELETE), (Emptiness(3 * 86_400), Kind.DELETE), (Emptiness(3600), Outcome.KEPT)],
    ids=["a push", "long empty", "newly empty"],
)
async def test_the_newly_empty_are_spared_where_a_sweep_notes_them(
    emptiness: Emptiness | None, word: Kind | Outcome
) -> None:
    """Who names a user means it; a sweep waits for days."""
    directory = tenant(empty=(None, ONE))
    assert words(await plan(wishes(directory), directory, SWEEP, ScriptedMemory(), emptiness)) == [word]
    assert emptiness is None or emptiness.told == [{"empty"}]
    assert (("privileged",) in directory.asked) is (word is Kind.DELETE)


async def test_rows_of_one_key_are_read_once_and_one_entry() -> None:
    """The article sends a user twice."""
    directory = tenant(anna=(ONE, None))
    rows = [Request(0, "anna", Intent()), Request(1, "anna", Intent())]
    planned = await plan(rows, directory, Policy(), ScriptedMemory())
    assert [(one.rows, isinstance(one.decision, Refusal)) for one in planned.entries] == [((0, 1), False)]
    assert directory.asked[0] == ("anna",)
