"""The main path: plan what should happen, then make it so.

    plan(requests, tenant, policy)  ->  guard  ->  apply(plan, tenant, policy, guard)

A dry run is a plan that is not applied.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from shared.errors import SyncError
from shared.outcome import Code, Note, Outcome, Result
from shared.phone_number import Comparison
from shared.plan import (
    Entry,
    LastFactorGuard,
    NoChange,
    Plan,
    Policy,
    Refusal,
    Request,
    decide,
    same_wish,
    unreadable_entry,
)
from shared.tenant import Change, Fate, Kind, Observation, Unreadable, WriteAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from shared.tenant import ScopeSets, Tenant


async def plan(requests: Sequence[Request], tenant: Tenant, policy: Policy) -> Plan:
    """Read everybody named and decide what should happen to each; nothing is written.

    Raises:
        TransientError, PermanentError: The directory as a whole could not be read.
    """
    seen, sets = await asyncio.gather(
        tenant.observe({request.key for request in requests}), tenant.scope_sets()
    )
    entries = tuple(_entries(requests, seen, policy, sets))
    return await _spare_last_factors(await _spare_privileged(Plan(entries), tenant, policy), tenant, policy)


async def apply(planned: Plan, tenant: Tenant, policy: Policy, guard: Callable[[Plan], Plan]) -> list[Result]:
    """Write the plan's changes and return each entry's result, in the plan's order.

    A write that finds the world changed, and one whose fate is unknown, is looked at again: nothing is
    repeated blindly, and what is decided anew passes `guard` too.

    Raises:
        TransientError, PermanentError: Nothing could be sent.
    """
    answers = dict(await tenant.write(planned.changes()))
    settled: dict[tuple[int, ...], Result] = {}
    doubtful = [entry for entry in planned.entries if _wants_second_look(entry, answers)]
    if doubtful:
        # What is written is written: a directory that fails us now costs the doubtful their answer, no more.
        with contextlib.suppress(SyncError):
            again = await _second_look(doubtful, answers, settled, tenant, policy)
            # Counted together with all that was planned, so that no kind slips over its limit this way.
            guarded = guard(Plan((*planned.entries, *again))).entries[len(planned.entries) :]
            answers |= await tenant.write(Plan(guarded).changes())
            settled |= {entry.rows: _result(entry, answers) for entry in guarded}
    return [settled.get(entry.rows) or _result(entry, answers) for entry in planned.entries]


def foresee(entry: Entry) -> Result:
    """Return the result that applying the entry would have if all goes well."""
    match entry.decision:
        case Refusal(code, _, detail):
            return Result.stopped(code, detail, phone=_observed(entry))
        case NoChange(outcome, _):
            return Result(outcome, notes=entry.notes, phone=_observed(entry))
        case Change() as change:
            return _done(change, entry.notes)
        case never:
            assert_never(never)


def _entries(
    requests: Sequence[Request],
    seen: Mapping[str, Observation | Unreadable],
    policy: Policy,
    sets: ScopeSets,
) -> Iterable[Entry]:
    """Yield one entry for each person, however many rows name them, by whichever key."""
    by_person: dict[str, list[Request]] = {}
    for request in requests:
        sighting = seen[request.key]
        if sighting.user is not None:
            by_person.setdefault(sighting.user.id, []).append(request)
        elif isinstance(sighting, Unreadable):
            yield unreadable_entry((request,), sighting)
    for wishes in by_person.values():
        yield _entry(wishes, [seen[wish.key] for wish in wishes], policy, sets)


def _entry(
    wishes: Sequence[Request],
    sightings: Sequence[Observation | Unreadable],
    policy: Policy,
    sets: ScopeSets,
) -> Entry:
    """Return one person's entry. One readable sighting is enough: it is the same person by another key."""
    first = wishes[0]
    best = next((one for one in sightings if isinstance(one, Observation)), sightings[0])
    if isinstance(best, Unreadable):
        entry = unreadable_entry(wishes, best)
    else:
        rows = tuple(wish.row for wish in wishes)
        decision = decide(best, first.intent, policy, sets)
        entry = Entry(rows, first.key, first.intent, best.user, best.phones, decision)
    region = policy.region_of(entry.user) if entry.user else None
    if all(same_wish(first.intent, wish.intent, region) for wish in wishes):
        return entry
    named = ", ".join(str(row) for row in entry.rows)
    return entry.refused(
        Code.CONTRADICTORY_ROWS, "one person, one wish", f"Rows {named} name one person and differ."
    )


async def _spare_privileged(planned: Plan, tenant: Tenant, policy: Policy) -> Plan:
    """Refuse writes to holders of directory roles. The set is read only if something would be written."""
    if policy.scope.allow_privileged or not planned.changes():
        return planned
    privileged = await tenant.privileged_principals()
    if privileged is None:  # no right to know: Entra's own limits on the signed-in role remain
        return planned

    def revise(entry: Entry) -> Entry:
        if isinstance(entry.decision, Change) and entry.decision.user_id.casefold() in privileged:
            return entry.refused(Code.PRIVILEGED_TARGET, "PRIVILEGED_TARGETS=refuse")
        return entry

    return planned.map(revise)


async def _spare_last_factors(planned: Plan, tenant: Tenant, policy: Policy) -> Plan:
    """List all methods before a delete: who would be left without a factor is refused, or noted."""
    deletes = {change.user_id for change in planned.changes() if change.kind is Kind.DELETE}
    if policy.last_factor is LastFactorGuard.OFF or not deletes:
        return planned
    others = await tenant.other_factors(deletes)

    def revise(entry: Entry) -> Entry:
        if not isinstance(entry.decision, Change) or entry.decision.kind is not Kind.DELETE:
            return entry
        factors = others[entry.decision.user_id]
        if isinstance(factors, Unreadable):
            return entry.refused(factors.code, "all methods are listed before a delete", factors.detail)
        if factors > 0:
            return entry
        if policy.last_factor is LastFactorGuard.ALL:
            return entry.refused(Code.LAST_FACTOR, "LAST_FACTOR_GUARD=all")
        return replace(entry, notes=(*entry.notes, Note.LAST_FACTOR_REMOVED))

    return planned.map(revise)


def _wants_second_look(entry: Entry, answers: Mapping[str, WriteAnswer]) -> bool:
    if not isinstance(entry.decision, Change):
        return False
    fate, kind = answers[entry.decision.user_id].fate, entry.decision.kind
    if fate is Fate.REJECTED:
        return kind is Kind.CREATE  # Graph does not tell "exists" from other bad requests
    if fate is Fate.MISSING:
        return kind is not Kind.DELETE
    return fate in {Fate.CONFLICT, Fate.UNKNOWN}


async def _second_look(
    doubtful: Sequence[Entry],
    answers: Mapping[str, WriteAnswer],
    settled: dict[tuple[int, ...], Result],
    tenant: Tenant,
    policy: Policy,
) -> list[Entry]:
    """Read the doubtful once more, settle what can be, and return who may be written: where nothing was."""
    ids = {entry.decision.user_id: entry for entry in doubtful if isinstance(entry.decision, Change)}
    seen, sets = await asyncio.gather(tenant.observe(ids), tenant.scope_sets())
    again: list[Entry] = []
    for user_id, entry in ids.items():
        sighting, fate = seen[user_id], answers[user_id].fate
        if isinstance(sighting, Unreadable):
            settled[entry.rows] = _unseen(entry, answers, sighting)
        elif fate in {Fate.CONFLICT, Fate.UNKNOWN}:
            settled[entry.rows] = _after_doubt(entry, answers, sighting)
        else:
            decision = decide(sighting, entry.intent, policy, sets)
            now = replace(entry, phones=sighting.phones, decision=decision, notes=())
            if not isinstance(decision, Change):
                settled[entry.rows] = foresee(now)
            elif _may_write_again(decision, fate):
                again.append(now)
    return again


def _may_write_again(decision: Change, fate: Fate) -> bool:
    """Return whether a changed world permits one more write. Never a delete.

    A delete that the first plan did not hold has passed neither the guard nor the last-factor rule.
    """
    if fate is Fate.REJECTED:
        return decision.kind in {Kind.UPDATE, Kind.ASSERT}
    return fate is Fate.MISSING and decision.kind is Kind.CREATE


def _after_doubt(entry: Entry, answers: Mapping[str, WriteAnswer], seen: Observation) -> Result:
    """Return the result of a write that may have taken effect, by what stands there now.

    Only a whole number proves it: under a mask the digits seen may be the former number's.
    """
    if not isinstance(entry.decision, Change):
        return foresee(entry)
    number, mobile = entry.decision.number, seen.phones.mobile
    if number is None:
        took_effect = mobile is None
    else:
        took_effect = mobile is not None and mobile.compare(number) is Comparison.SAME
    if not took_effect:
        return _result(entry, answers)
    conflict = answers[entry.decision.user_id].fate is Fate.CONFLICT
    return _done(entry.decision, (*entry.notes, *((Note.SMS_SIGN_IN_TAKEN,) if conflict else ())))


def _unseen(entry: Entry, answers: Mapping[str, WriteAnswer], sighting: Unreadable) -> Result:
    if sighting.code in {Code.USER_NOT_FOUND, Code.TARGET_OUT_OF_REACH}:
        return Result.stopped(sighting.code, sighting.detail)
    return _result(entry, answers)


_STOPS = {
    Fate.FORBIDDEN: Code.TARGET_OUT_OF_REACH,
    Fate.CONFLICT: Code.PHONE_NUMBER_NOT_UNIQUE,
    Fate.UNKNOWN: Code.OUTCOME_UNKNOWN,
    Fate.MISSING: Code.CHANGED_SINCE_PLAN,
    Fate.THROTTLED: Code.THROTTLED,
    Fate.UNAVAILABLE: Code.UNAVAILABLE,
    Fate.NOT_SENT: Code.NOT_ATTEMPTED,
}


def _result(entry: Entry, answers: Mapping[str, WriteAnswer]) -> Result:
    if not isinstance(entry.decision, Change):
        return foresee(entry)
    answer, kind = answers[entry.decision.user_id], entry.decision.kind
    # A delete that finds nothing has what it wanted.
    if answer.fate is Fate.DONE or (answer.fate is Fate.MISSING and kind is Kind.DELETE):
        return _done(entry.decision, entry.notes)
    if answer.fate is Fate.REJECTED:
        code = Code.DEFAULT_METHOD if kind is Kind.DELETE else Code.WRITE_REJECTED
        return Result.stopped(code, answer.detail, phone=_observed(entry))
    # After an unknown or conflicting write nobody knows which number stands there.
    known = answer.fate not in {Fate.UNKNOWN, Fate.CONFLICT}
    return Result.stopped(_STOPS[answer.fate], answer.detail, phone=_observed(entry) if known else None)


def _done(change: Change, notes: tuple[Note, ...]) -> Result:
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
    return entry.phones.mobile.masked() if entry.phones and entry.phones.mobile else None
