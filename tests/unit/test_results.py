"""What a result claims after a write: never more than its answer proves."""

from __future__ import annotations

import pytest

from shared.codes import Code
from shared.outcome import Note, Outcome
from shared.phone_number import ObservedNumber, PhoneNumber
from shared.plan import Decision, Entry, Intent, NoChange, Refusal
from shared.readback import doubts_of
from shared.results import Result, foresee, result_of
from shared.tenant import Change, Fate, Kind, PhoneMethods, WriteAnswer
from tests.people import ANNA_ID, person

BEFORE, WANTED = PhoneNumber(46, "701740605"), PhoneNumber(46, "701740699")
STOOD, STANDS = "+46 *******05", "+46 *******99"
NOTES = (Note.CHANGED_OUTSIDE, Note.LAST_FACTOR_REMOVED)


def change(kind: Kind) -> Change:
    """Return a write of that kind to Anna."""
    return Change(kind, ANNA_ID, None if kind is Kind.DELETE else WANTED, "a rule")


def entry(decision: Decision) -> Entry:
    """Return Anna's entry, whose phone stood at BEFORE when it was planned; a create's had none."""
    is_new = isinstance(decision, Change) and decision.kind is Kind.CREATE
    phones = PhoneMethods(None if is_new else ObservedNumber(BEFORE.reveal()))
    return Entry((0,), "anna@contoso.com", Intent(), person(), phones, decision, NOTES)


@pytest.mark.parametrize(
    ("fate", "code", "phone"),
    [
        # what became of an update    what its row says          which number stands there now
        (Fate.REJECTED, Code.WRITE_REJECTED, STOOD),
        (Fate.BAD_NUMBER, Code.WRITE_REJECTED, STOOD),
        (Fate.EXISTS, Code.CHANGED_SINCE_PLAN, STOOD),
        (Fate.FORBIDDEN, Code.TARGET_OUT_OF_REACH, STOOD),
        (Fate.MISSING, Code.CHANGED_SINCE_PLAN, STOOD),
        (Fate.CONFLICT, Code.PHONE_NUMBER_NOT_UNIQUE, None),
        (Fate.UNKNOWN, Code.OUTCOME_UNKNOWN, None),
        (Fate.THROTTLED, Code.THROTTLED, STOOD),
        (Fate.UNAVAILABLE, Code.UNAVAILABLE, STOOD),
        (Fate.NOT_SENT, Code.NOT_ATTEMPTED, STOOD),
    ],
)
@pytest.mark.parametrize("kind", [Kind.UPDATE, Kind.ASSERT])
def test_a_write_without_effect_says_why_and_what_stands_there(
    kind: Kind, fate: Fate, code: Code, phone: str | None
) -> None:
    """Where a write may have taken effect nobody knows the number, and remarks on its success fall away."""
    told = result_of(entry(change(kind)), {ANNA_ID: WriteAnswer(fate, "Graph's words")})
    assert told == Result.stopped(code, "Graph's words", phone=phone, notes=(Note.CHANGED_OUTSIDE,))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.CREATE, Result(Outcome.CREATED, notes=NOTES, phone=STANDS)),
        (Kind.UPDATE, Result(Outcome.UPDATED, notes=NOTES, phone=STANDS)),
        (Kind.ASSERT, Result(Outcome.UPDATED, notes=(*NOTES, Note.ASSERTED), phone=STANDS)),
        (Kind.DELETE, Result(Outcome.DELETED, notes=NOTES)),
    ],
)
def test_a_write_that_took_effect_is_told_as_a_dry_run_foresaw_it(kind: Kind, expected: Result) -> None:
    """A dry run shows what would be told, and both show the number that was written."""
    planned = entry(change(kind))
    assert result_of(planned, {ANNA_ID: WriteAnswer(Fate.DONE)}) == foresee(planned) == expected


def test_a_delete_that_finds_nothing_is_done_and_one_that_graph_rejects_is_the_default_methods() -> None:
    """404 is what was wanted; 400 means, as a rule, that another method must become the default first."""
    planned = entry(change(Kind.DELETE))
    assert result_of(planned, {ANNA_ID: WriteAnswer(Fate.MISSING)}) == foresee(planned)
    assert result_of(planned, {ANNA_ID: WriteAnswer(Fate.REJECTED)}).code is Code.DEFAULT_METHOD


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (NoChange(Outcome.KEPT, "a rule"), Result(Outcome.KEPT, notes=NOTES, phone=STOOD)),
        (
            Refusal(Code.LAST_FACTOR, "a rule", "Particulars."),
            Result.stopped(Code.LAST_FACTOR, "Particulars.", phone=STOOD, notes=NOTES),
        ),
    ],
)
def test_who_is_left_alone_keeps_the_number_and_the_reason(decision: Decision, expected: Result) -> None:
    """Nothing was sent for them, so no answer is looked for."""
    assert result_of(entry(decision), {}) == expected


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("fate", list(Fate))
def test_only_what_its_answer_leaves_open_is_looked_at_again(kind: Kind, fate: Fate) -> None:
    """A look costs seconds of everybody's patience, and the want of one leaves a row untrue."""
    open_fates = {
        Kind.CREATE: {Fate.UNKNOWN, Fate.CONFLICT, Fate.MISSING, Fate.EXISTS, Fate.REJECTED},
        Kind.UPDATE: {Fate.UNKNOWN, Fate.CONFLICT, Fate.MISSING},
        Kind.ASSERT: {Fate.UNKNOWN, Fate.CONFLICT, Fate.MISSING},
        Kind.DELETE: {Fate.UNKNOWN, Fate.CONFLICT},
    }
    left_alone = entry(NoChange(Outcome.KEPT, "a rule"))
    looked_at = doubts_of([left_alone, entry(change(kind))], {ANNA_ID: WriteAnswer(fate)})
    assert [(doubt.change, doubt.fate) for doubt in looked_at] == (
        [(change(kind), fate)] if fate in open_fates[kind] else []
    )
