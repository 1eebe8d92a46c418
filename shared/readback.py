"""Reading back: what became of a write whose answer does not say.

A gateway's time-out, a closed connection and a 409 leave open whether a phone was written, and a read may
show the former phone for some seconds more. So we look several times before we decide, and a second write is
decided by what was seen, never by the want of an answer: a POST that was not looked for is not repeated.

Only a whole number proves a write. Under a mask the visible digits may be another number's; then an update is
simply made once more, which does no harm and ends the doubt, and a conflict stays one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.codes import Code
from shared.decide import decide
from shared.errors import SyncError
from shared.outcome import Note
from shared.phone_number import Comparison
from shared.plan import Entry, lasting
from shared.policy import MaskedPolicy, Policy
from shared.results import Result, done, foresee
from shared.tenant import Change, Fate, Kind, Observation, ScopeSets, Tenant, Unreadable, WriteAnswer

_PERHAPS_EXISTS = frozenset({Fate.REJECTED, Fate.EXISTS})
_CANNOT_PROVE = "Graph shows the number masked, so whether it was written cannot be told."


@dataclass(frozen=True, slots=True)
class Doubt:
    """A write whose answer leaves open what stands there now."""

    entry: Entry
    change: Change
    fate: Fate


@dataclass(slots=True)
class Looked:
    """What looking again has shown.

    Attributes:
        settled: Results that need no more writing, by the entry's rows.
        again: Entries decided anew that want another write than before.
        repeats: Entries whose write of unknown fate had no effect that could be seen, and is right as it was.
        proven: Object ids of those whose write was seen to have taken effect.
    """

    settled: dict[tuple[int, ...], Result] = field(default_factory=dict)
    again: list[Entry] = field(default_factory=list)
    repeats: list[Entry] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)


def doubts_of(entries: Sequence[Entry], answers: Mapping[str, WriteAnswer]) -> list[Doubt]:
    """Return the writes that must be looked at again."""
    return [
        Doubt(entry, entry.decision, answers[entry.decision.user_id].fate)
        for entry in entries
        if isinstance(entry.decision, Change)
        and _is_doubtful(entry.decision, answers[entry.decision.user_id].fate)
    ]


def _is_doubtful(change: Change, fate: Fate) -> bool:
    if fate in _PERHAPS_EXISTS:
        return change.kind is Kind.CREATE  # a text that we do not know may mean "exists" too
    if fate is Fate.MISSING:
        return change.kind is not Kind.DELETE
    return fate in {Fate.CONFLICT, Fate.UNKNOWN}


async def look_again(doubts: Sequence[Doubt], tenant: Tenant, policy: Policy) -> Looked:
    """Read the doubtful back, as often as patience and the call's time allow, and say what follows.

    Whoever is neither settled nor decided anew keeps the answer that the write had.
    """
    looked, is_over = Looked(), False
    remaining = list(doubts)
    late: dict[str, tuple[Observation, ScopeSets]] = {}
    for wait in await tenant.patience() if remaining else ():
        if not remaining:
            break
        is_over = not await tenant.pause(wait)
        if is_over:
            break
        try:
            seen, sets = await asyncio.gather(
                tenant.observe([doubt.change.user_id for doubt in remaining]), tenant.scope_sets()
            )
        except SyncError:
            is_over = True  # what is written is written: a directory that fails us now costs the doubtful
            break
        remaining = [
            doubt
            for doubt in remaining
            if not _is_settled(doubt, seen[doubt.change.user_id], sets, policy, looked)
        ]
        late |= {key: (one, sets) for key, one in seen.items() if isinstance(one, Observation)}
    for doubt in remaining:
        if doubt.fate is Fate.UNKNOWN and doubt.change.user_id in late:
            _decide_anew(doubt, *late[doubt.change.user_id], policy, looked)
        elif doubt.fate is Fate.REJECTED and is_over:
            looked.settled[doubt.entry.rows] = _cut_short(doubt)
    return looked


def _cut_short(doubt: Doubt) -> Result:
    """Return that only patience would have told whether Graph meant "exists", or does not take the number."""
    return Result.stopped(Code.CHANGED_SINCE_PLAN, notes=lasting(doubt.entry.notes))


def _is_settled(
    doubt: Doubt, seen: Observation | Unreadable, sets: ScopeSets, policy: Policy, looked: Looked
) -> bool:
    """Take note of what one look means; return whether it tells enough."""
    if isinstance(seen, Unreadable):
        return _is_gone(doubt, seen, looked)
    if not _is_conclusive(doubt, seen):
        return False
    _conclude(doubt, seen, sets, policy, looked)
    return True


def _is_gone(doubt: Doubt, seen: Unreadable, looked: Looked) -> bool:
    """Settle a doubt about somebody who is no longer there for us; return whether that is so.

    Who is only out of reach may have been written all the same.
    """
    is_unwritten = doubt.fate in {*_PERHAPS_EXISTS, Fate.MISSING}
    if seen.code is not Code.USER_NOT_FOUND and not (is_unwritten and seen.code is Code.TARGET_OUT_OF_REACH):
        return False
    looked.settled[doubt.entry.rows] = Result.stopped(
        seen.code, seen.detail, notes=lasting(doubt.entry.notes)
    )
    return True


def _is_conclusive(doubt: Doubt, seen: Observation) -> bool:
    """Return whether one look tells enough; a read that says the contrary of a fact is only late."""
    if doubt.fate in _PERHAPS_EXISTS:
        return seen.phones.mobile is not None
    if doubt.fate is Fate.MISSING:
        return seen.phones.mobile is None
    return _compare(doubt.change, seen) is not Comparison.DIFFERENT


def _conclude(doubt: Doubt, seen: Observation, sets: ScopeSets, policy: Policy, looked: Looked) -> None:
    """Take note of what a conclusive look means."""
    entry = doubt.entry
    if doubt.fate in {*_PERHAPS_EXISTS, Fate.MISSING}:
        _decide_anew(doubt, seen, sets, policy, looked)
    elif _compare(doubt.change, seen) is Comparison.SAME:
        taken = (Note.SMS_SIGN_IN_TAKEN,) if doubt.fate is Fate.CONFLICT else ()
        looked.settled[entry.rows] = done(doubt.change, (*entry.notes, *taken))
        looked.proven.append(doubt.change.user_id)
    elif doubt.fate is Fate.UNKNOWN and policy.masked is MaskedPolicy.TRUST:
        # The digits agree, and are trusted: what was sent counts as written, though nothing proves it.
        looked.settled[entry.rows] = done(doubt.change, entry.notes)
    elif doubt.fate is Fate.UNKNOWN:
        _decide_anew(doubt, seen, sets, policy, looked)
    else:
        looked.settled[entry.rows] = Result.stopped(
            Code.PHONE_NUMBER_NOT_UNIQUE, _CANNOT_PROVE, notes=lasting(entry.notes)
        )


def _compare(change: Change, seen: Observation) -> Comparison:
    """Return whether what stands there is what the change wanted."""
    mobile = seen.phones.mobile
    if change.number is None or mobile is None:
        return Comparison.SAME if mobile is None and change.number is None else Comparison.DIFFERENT
    return mobile.compare(change.number)


def _decide_anew(doubt: Doubt, seen: Observation, sets: ScopeSets, policy: Policy, looked: Looked) -> None:
    """Decide by what stands there now. Never a delete that was none before.

    Such a delete has passed neither the guard's first look nor the last-factor rule.
    """
    decision = decide(seen, doubt.entry.intent, policy, sets)
    notes = lasting(doubt.entry.notes)
    entry = replace(doubt.entry, phones=seen.phones, decision=decision, notes=notes)
    if not isinstance(decision, Change):
        looked.settled[entry.rows] = foresee(entry)
    elif doubt.fate is Fate.UNKNOWN and (decision.kind, decision.number) == (
        doubt.change.kind,
        doubt.change.number,
    ):
        # The same write as before passes no guard again: what was remarked on it then stays true.
        looked.repeats.append(replace(entry, notes=doubt.entry.notes))
    elif decision.kind is not Kind.DELETE:
        looked.again.append(entry)
    else:
        looked.settled[entry.rows] = Result.stopped(Code.CHANGED_SINCE_PLAN, notes=notes)
