"""What follows from looking again at a write whose answer does not say what became of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.codes import Code
from shared.outcome import Note, Outcome
from shared.phone_number import ObservedNumber, PhoneNumber
from shared.plan import Entry, Intent
from shared.policy import MaskedPolicy, Policy
from shared.readback import Doubt, Looked, look_again
from shared.results import Result
from shared.tenant import Change, Fate, Kind, Observation, PhoneMethods, ScopeSets, Unreadable
from tests.people import ANNA_ID, person, sighting
from tests.scripted_tenant import Look, ScriptedTenant

BO_ID = "22222222-2222-4222-8222-222222222222"
ONE, TWO = "+46 701740605", "+46 701740699"
MASK_OF_ONE = "+XX XXXXXXX05"
KEEPS = "keeps its answer"
AGAIN, REPEATED = "again: ", "repeated: "
ASSERT, TRUST = Policy(), Policy(masked=MaskedPolicy.TRUST)
# The second is true only if the write takes effect.
NOTES = (Note.CHANGED_OUTSIDE, Note.LIMIT_UNCOUNTED)
LASTING = (Note.CHANGED_OUTSIDE,)


def doubt(kind: Kind, fate: Fate, user_id: str = ANNA_ID) -> Doubt:
    """Return a write of ONE, or a delete of TWO, and what is known of its fate."""
    number = None if kind is Kind.DELETE else PhoneNumber.parse(ONE)
    before = PhoneMethods(None if kind is Kind.CREATE else ObservedNumber(TWO))
    user = person(None if kind is Kind.DELETE else ONE, object_id=user_id)
    change = Change(kind, user_id, number, "a rule")
    return Doubt(Entry((user_id == BO_ID,), user_id, Intent(), user, before, change, NOTES), change, fate)


def word_of(looked: Looked, one: Doubt) -> str:
    """Return in a word what looking has led to for a doubt."""
    words = [AGAIN + entry.decision.kind for entry in looked.again if isinstance(entry.decision, Change)]
    words += [
        REPEATED + entry.decision.kind for entry in looked.repeats if isinstance(entry.decision, Change)
    ]
    if found := looked.settled.get(one.entry.rows):
        words.append(found.code or found.outcome)
    assert len(words) <= 1
    return words[0] if words else KEEPS


@pytest.mark.parametrize(
    ("kind", "fate", "shown", "policy", "expected"),
    [
        # what was sent and answered   what is seen there          what follows
        (Kind.CREATE, Fate.EXISTS, ONE, ASSERT, Outcome.UNCHANGED),
        (Kind.CREATE, Fate.EXISTS, TWO, ASSERT, AGAIN + Kind.UPDATE),
        (Kind.CREATE, Fate.EXISTS, MASK_OF_ONE, ASSERT, AGAIN + Kind.ASSERT),
        (Kind.CREATE, Fate.EXISTS, MASK_OF_ONE, TRUST, Outcome.UNCHANGED),
        (Kind.CREATE, Fate.EXISTS, None, ASSERT, KEEPS),
        (Kind.CREATE, Fate.REJECTED, TWO, ASSERT, AGAIN + Kind.UPDATE),
        (Kind.CREATE, Fate.REJECTED, None, ASSERT, KEEPS),
        (Kind.UPDATE, Fate.MISSING, None, ASSERT, AGAIN + Kind.CREATE),
        (Kind.UPDATE, Fate.MISSING, TWO, ASSERT, KEEPS),
        (Kind.CREATE, Fate.CONFLICT, ONE, ASSERT, Outcome.CREATED),
        (Kind.CREATE, Fate.CONFLICT, None, ASSERT, KEEPS),
        (Kind.UPDATE, Fate.CONFLICT, TWO, ASSERT, KEEPS),
        (Kind.UPDATE, Fate.CONFLICT, MASK_OF_ONE, ASSERT, Code.PHONE_NUMBER_NOT_UNIQUE),
        (Kind.UPDATE, Fate.CONFLICT, MASK_OF_ONE, TRUST, Code.PHONE_NUMBER_NOT_UNIQUE),
        (Kind.CREATE, Fate.UNKNOWN, ONE, ASSERT, Outcome.CREATED),
        (Kind.CREATE, Fate.UNKNOWN, None, ASSERT, REPEATED + Kind.CREATE),
        (Kind.CREATE, Fate.UNKNOWN, TWO, ASSERT, AGAIN + Kind.UPDATE),
        (Kind.UPDATE, Fate.UNKNOWN, ONE, ASSERT, Outcome.UPDATED),
        (Kind.UPDATE, Fate.UNKNOWN, TWO, ASSERT, REPEATED + Kind.UPDATE),
        (Kind.UPDATE, Fate.UNKNOWN, MASK_OF_ONE, ASSERT, AGAIN + Kind.ASSERT),
        (Kind.UPDATE, Fate.UNKNOWN, MASK_OF_ONE, TRUST, Outcome.UPDATED),
        (Kind.ASSERT, Fate.UNKNOWN, MASK_OF_ONE, ASSERT, REPEATED + Kind.ASSERT),
        (Kind.DELETE, Fate.UNKNOWN, None, ASSERT, Outcome.DELETED),
        (Kind.DELETE, Fate.UNKNOWN, TWO, ASSERT, REPEATED + Kind.DELETE),
    ],
)
async def test_what_is_seen_decides_what_follows(
    kind: Kind, fate: Fate, shown: str | None, policy: Policy, expected: str
) -> None:
    """A second write follows from what was seen, never from the want of an answer."""
    one = doubt(kind, fate)
    assert one.entry.user is not None
    tenant = ScriptedTenant([{ANNA_ID: sighting(one.entry.user, shown)}])
    looked = await look_again([one], tenant, policy)
    assert word_of(looked, one) == expected
    proved = {Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED} if policy is ASSERT else set()
    assert looked.proven == ([ANNA_ID] if expected in proved else [])
    # What was remarked on the write stays true where it took effect, and else only what lasts.
    for result in looked.settled.values():
        took_effect = result.outcome in {Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED}
        assert result.notes[: len(NOTES)] == (NOTES if took_effect else LASTING)
    for entry in (*looked.again, *looked.repeats):
        assert entry.phones == sighting(one.entry.user, shown).phones


async def test_a_conflicting_write_that_is_seen_says_that_the_number_is_taken_elsewhere() -> None:
    """It was written, but SMS sign-in was not: the row is settled with a remark."""
    one = doubt(Kind.UPDATE, Fate.CONFLICT)
    looked = await look_again([one], ScriptedTenant([{ANNA_ID: sighting(person(ONE), ONE)}]), ASSERT)
    assert looked.settled == {
        one.entry.rows: Result(Outcome.UPDATED, notes=(*NOTES, Note.SMS_SIGN_IN_TAKEN), phone="+46 *******05")
    }


async def test_a_conflict_under_a_mask_says_why_it_stays_one() -> None:
    """The visible digits may be another number's, so nobody is told that it was written."""
    one = doubt(Kind.UPDATE, Fate.CONFLICT)
    looked = await look_again([one], ScriptedTenant([{ANNA_ID: sighting(person(ONE), MASK_OF_ONE)}]), ASSERT)
    result = looked.settled[one.entry.rows]
    assert "masked" in (result.detail or "")
    assert (result.phone, result.notes) == (None, LASTING)


@pytest.mark.parametrize(
    ("kind", "fate", "attribute", "shown", "sets", "expected"),
    [
        # A delete that was none before has passed neither the guard nor the last-factor rule.
        (Kind.CREATE, Fate.EXISTS, None, TWO, ScopeSets(), Code.CHANGED_SINCE_PLAN),
        (Kind.CREATE, Fate.UNKNOWN, None, TWO, ScopeSets(), Code.CHANGED_SINCE_PLAN),
        (Kind.UPDATE, Fate.MISSING, None, None, ScopeSets(), Outcome.UNCHANGED),
        (Kind.UPDATE, Fate.MISSING, ONE, None, ScopeSets(excluded=frozenset({ANNA_ID})), Code.EXCLUDED),
        (Kind.UPDATE, Fate.UNKNOWN, ONE, TWO, ScopeSets(excluded=frozenset({ANNA_ID})), Code.EXCLUDED),
        (Kind.DELETE, Fate.UNKNOWN, ONE, TWO, ScopeSets(), AGAIN + Kind.UPDATE),
        (Kind.UPDATE, Fate.UNKNOWN, "+46 701740633", TWO, ScopeSets(), AGAIN + Kind.UPDATE),
        (Kind.UPDATE, Fate.UNKNOWN, TWO, TWO, ScopeSets(), Outcome.UNCHANGED),
    ],
)
async def test_who_changed_meanwhile_is_decided_by_what_is_true_now(
    kind: Kind, fate: Fate, attribute: str | None, shown: str | None, sets: ScopeSets, expected: str
) -> None:
    """Attribute and groups are read anew with the phone, and remarks on the former write fall away."""
    one = doubt(kind, fate)
    tenant = ScriptedTenant([{ANNA_ID: sighting(person(attribute), shown)}], sets=sets)
    looked = await look_again([one], tenant, ASSERT)
    assert word_of(looked, one) == expected
    assert looked.proven == []
    assert [entry.notes for entry in looked.again] == [LASTING] * len(looked.again)
    assert [result.notes for result in looked.settled.values()] == [LASTING] * len(looked.settled)


async def test_a_write_that_is_only_repeated_keeps_its_remarks() -> None:
    """It passes the guard no second time, so what was said at the first stays true."""
    for kind, shown in ((Kind.UPDATE, TWO), (Kind.CREATE, None), (Kind.DELETE, TWO)):
        one = doubt(kind, Fate.UNKNOWN)
        assert one.entry.user is not None
        looked = await look_again([one], ScriptedTenant([{ANNA_ID: sighting(one.entry.user, shown)}]), ASSERT)
        assert [entry.notes for entry in looked.repeats] == [NOTES]


async def test_a_delete_that_became_an_update_removes_no_last_factor() -> None:
    """The attribute was filled before the second look: a number is written, and nothing removed."""
    one = doubt(Kind.DELETE, Fate.UNKNOWN)
    one = replace(one, entry=replace(one.entry, notes=(Note.LAST_FACTOR_REMOVED,)))
    looked = await look_again([one], ScriptedTenant([{ANNA_ID: sighting(person(ONE), TWO)}]), ASSERT)
    assert [entry.notes for entry in looked.again] == [()]


_WRITTEN_PERHAPS = (Fate.UNKNOWN, Fate.CONFLICT)
_NOT_WRITTEN = (Fate.EXISTS, Fate.REJECTED, Fate.MISSING)


@pytest.mark.parametrize(
    ("fates", "code", "expected"),
    [
        (_WRITTEN_PERHAPS, Code.USER_NOT_FOUND, Code.USER_NOT_FOUND),
        (_NOT_WRITTEN, Code.USER_NOT_FOUND, Code.USER_NOT_FOUND),
        (_WRITTEN_PERHAPS, Code.TARGET_OUT_OF_REACH, KEEPS),
        (_NOT_WRITTEN, Code.TARGET_OUT_OF_REACH, Code.TARGET_OUT_OF_REACH),
        (_WRITTEN_PERHAPS, Code.UNAVAILABLE, KEEPS),
        (_NOT_WRITTEN, Code.UNAVAILABLE, KEEPS),
    ],
)
async def test_who_cannot_be_read_back_is_told_as_gone_only_if_nothing_can_have_been_written(
    fates: tuple[Fate, ...], code: Code, expected: str
) -> None:
    """Out of reach now may have been written before; who no longer exists has no phone."""
    for fate in fates:
        one = doubt(Kind.UPDATE if fate is Fate.MISSING else Kind.CREATE, fate)
        tenant = ScriptedTenant([{ANNA_ID: Unreadable(code, "Graph's words")}])
        looked = await look_again([one], tenant, ASSERT)
        assert word_of(looked, one) == expected
        assert len(tenant.asked) == (5 if expected == KEEPS else 1)
        for result in looked.settled.values():
            assert result == Result.stopped(code, "Graph's words", notes=LASTING)


async def test_a_late_read_is_waited_for_and_who_is_settled_is_asked_no_more() -> None:
    """Patience is for the doubtful alone, and grows while a read may still show the former phone."""
    anna, bo = doubt(Kind.UPDATE, Fate.UNKNOWN), doubt(Kind.UPDATE, Fate.UNKNOWN, BO_ID)
    assert bo.entry.user is not None

    def look(of_anna: str, of_bo: str) -> dict[str, Observation | Unreadable]:
        assert bo.entry.user is not None
        return {ANNA_ID: sighting(person(ONE), of_anna), BO_ID: sighting(bo.entry.user, of_bo)}

    tenant = ScriptedTenant([look(TWO, ONE), look(TWO, TWO), look(ONE, TWO)])
    looked = await look_again([anna, bo], tenant, ASSERT)
    assert tenant.asked == [(ANNA_ID, BO_ID), (ANNA_ID,), (ANNA_ID,)]
    assert tenant.waited == [0.0, 1.0, 2.0]
    assert {rows: one.outcome for rows, one in looked.settled.items()} == {
        anna.entry.rows: Outcome.UPDATED,
        bo.entry.rows: Outcome.UPDATED,
    }
    assert looked.proven == [BO_ID, ANNA_ID]


async def test_whoever_is_without_doubt_costs_no_look() -> None:
    """Nothing is asked where every answer was plain."""
    tenant = ScriptedTenant()
    assert await look_again([], tenant, ASSERT) == Looked()
    assert (tenant.asked, tenant.waited) == ([], [])


@pytest.mark.parametrize(
    ("kind", "fate", "expected"),
    [
        # Only patience would have told whether Graph means "exists" or does not take the number.
        (Kind.CREATE, Fate.REJECTED, Code.CHANGED_SINCE_PLAN),
        (Kind.CREATE, Fate.EXISTS, KEEPS),
        (Kind.CREATE, Fate.CONFLICT, KEEPS),
        # What was seen before time was over decides.
        (Kind.CREATE, Fate.UNKNOWN, REPEATED + Kind.CREATE),
    ],
)
@pytest.mark.parametrize("fails", [False, True], ids=["time is over", "the directory fails"])
async def test_when_looking_ends_early_the_last_look_counts_and_nothing_is_guessed(
    kind: Kind, fate: Fate, expected: str, *, fails: bool
) -> None:
    """Neither the end of time nor a directory that fails costs those their answer who have one."""
    one = doubt(kind, fate)
    seen = {ANNA_ID: sighting(person(ONE), None)}
    tenant = ScriptedTenant([seen, {}] if fails else [seen], seconds=90 if fails else 0.5)
    looked = await look_again([one], tenant, ASSERT)
    assert len(tenant.asked) == (2 if fails else 1)
    assert word_of(looked, one) == expected
    assert [result.notes for result in looked.settled.values()] == [LASTING] * len(looked.settled)


async def test_a_write_of_unknown_fate_that_nobody_could_look_for_is_not_repeated() -> None:
    """A POST that was not looked for is not sent again: the row says that it does not know."""
    nothing: list[list[Look]] = [[{}], [{ANNA_ID: Unreadable(Code.UNAVAILABLE)}]]
    for looks in nothing:
        one = doubt(Kind.CREATE, Fate.UNKNOWN)
        assert await look_again([one], ScriptedTenant(looks), ASSERT) == Looked()


async def test_one_failed_look_does_not_undo_what_an_earlier_one_showed() -> None:
    """The user was read once, with the former phone: that decides when patience is over."""
    one = doubt(Kind.UPDATE, Fate.UNKNOWN)
    looks: list[Look] = [{ANNA_ID: sighting(person(ONE), TWO)}, {ANNA_ID: Unreadable(Code.UNAVAILABLE)}]
    looked = await look_again([one], ScriptedTenant(looks), ASSERT)
    assert word_of(looked, one) == REPEATED + Kind.UPDATE
