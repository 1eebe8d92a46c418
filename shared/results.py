"""What an entry comes to: in a dry run what it would, after a write what its answer says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from shared.codes import CODES, Code
from shared.outcome import Note, Outcome
from shared.plan import Entry, NoChange, Refusal, lasting
from shared.tenant import Change, Fate, Kind, WriteAnswer


@dataclass(frozen=True, slots=True)
class Result:
    """How one person's turn ended, in words that may be logged and shown.

    Attributes:
        outcome: What happened; in a dry run, what would.
        code: Why, where the outcome is refused or failed.
        detail: The particulars of this case, without any number; None where the code says it all.
        notes: Remarks on the outcome.
        phone: The mobile number registered afterwards, masked; None if there is none or it is not known.
    """

    outcome: Outcome
    code: Code | None = None
    detail: str | None = None
    notes: tuple[Note, ...] = ()
    phone: str | None = None

    @classmethod
    def stopped(
        cls,
        code: Code,
        detail: str | None = None,
        *,
        phone: str | None = None,
        notes: tuple[Note, ...] = (),
    ) -> Result:
        """Return the refusal or failure that `code` stands for."""
        return cls(CODES[code].outcome, code, detail, notes, phone)


_STOPS = {
    Fate.REJECTED: Code.WRITE_REJECTED,
    Fate.BAD_NUMBER: Code.WRITE_REJECTED,
    Fate.EXISTS: Code.CHANGED_SINCE_PLAN,
    Fate.FORBIDDEN: Code.TARGET_OUT_OF_REACH,
    Fate.CONFLICT: Code.PHONE_NUMBER_NOT_UNIQUE,
    Fate.UNKNOWN: Code.OUTCOME_UNKNOWN,
    Fate.MISSING: Code.CHANGED_SINCE_PLAN,
    Fate.THROTTLED: Code.THROTTLED,
    Fate.UNAVAILABLE: Code.UNAVAILABLE,
    Fate.NOT_SENT: Code.NOT_ATTEMPTED,
}


def foresee(entry: Entry) -> Result:
    """Return the result that applying the entry would have if all goes well."""
    match entry.decision:
        case Refusal(code, _, detail):
            return Result.stopped(code, detail, phone=_observed(entry), notes=entry.notes)
        case NoChange(outcome):
            return Result(outcome, notes=entry.notes, phone=_observed(entry))
        case Change() as change:
            return done(change, entry.notes)
        case never:
            assert_never(never)


def result_of(entry: Entry, answers: Mapping[str, WriteAnswer]) -> Result:
    """Return the result of an applied entry by the answer to its write, if it held one."""
    if not isinstance(entry.decision, Change):
        return foresee(entry)
    answer, kind = answers[entry.decision.user_id], entry.decision.kind
    if has_effect(entry.decision, answer.fate):
        return done(entry.decision, entry.notes)
    code = _STOPS[answer.fate]
    if answer.fate is Fate.REJECTED and kind is Kind.DELETE:
        code = Code.DEFAULT_METHOD
    # After an unknown or conflicting write nobody knows which number stands there.
    known = answer.fate not in {Fate.UNKNOWN, Fate.CONFLICT}
    phone = _observed(entry) if known else None
    return Result.stopped(code, answer.detail, phone=phone, notes=lasting(entry.notes))


def has_effect(change: Change, fate: Fate) -> bool:
    """Return whether what was wanted is so. A delete that finds nothing has what it wanted."""
    return fate is Fate.DONE or (fate is Fate.MISSING and change.kind is Kind.DELETE)


def done(change: Change, notes: tuple[Note, ...]) -> Result:
    """Return the result of a change that took effect."""
    phone = change.number.masked() if change.number else None
    match change.kind:
        case Kind.CREATE:
            return Result(Outcome.CREATED, notes=notes, phone=phone)
        case Kind.UPDATE:
            return Result(Outcome.UPDATED, notes=notes, phone=phone)
        case Kind.ASSERT:
            return Result(Outcome.UPDATED, notes=(*notes, Note.ASSERTED), phone=phone)
        case Kind.DELETE:
            return Result(Outcome.DELETED, notes=notes)
        case never:
            assert_never(never)


def _observed(entry: Entry) -> str | None:
    return entry.mobile.masked() if entry.mobile else None
