"""The main path: plan what should happen, then make it so.

    plan(requests, tenant, policy, memory)  ->  guard  ->  apply(plan, tenant, policy, guard, memory)

A dry run is a plan that is not applied.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.codes import Code
from shared.entries import entries_of
from shared.errors import SyncError
from shared.memory import recollect
from shared.outcome import Note, Outcome
from shared.plan import Plan, lasting
from shared.readback import Looked, doubts_of, look_again
from shared.results import Result, has_effect, result_of
from shared.spare import spare_last_factors, spare_newly_empty, spare_privileged
from shared.tenant import Change, Fate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.guard import Admission
    from shared.memory import Memory
    from shared.plan import Entry, Request
    from shared.policy import Policy
    from shared.spare import Emptiness
    from shared.tenant import Tenant, WriteAnswer

_WRITTEN = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED})
_CERTAINLY_NOT = frozenset(
    {Fate.REJECTED, Fate.FORBIDDEN, Fate.MISSING, Fate.THROTTLED, Fate.UNAVAILABLE, Fate.NOT_SENT}
)

_NOT_MADE = frozenset(
    {
        Code.THROTTLED,
        Code.UNAVAILABLE,
        Code.NOT_ATTEMPTED,
        Code.LIMIT_REACHED,
        Code.LIMIT_UNKNOWN,
        Code.WRITE_REJECTED,
        Code.TARGET_OUT_OF_REACH,
        Code.CHANGED_SINCE_PLAN,
    }
)


async def plan(
    requests: Sequence[Request],
    tenant: Tenant,
    policy: Policy,
    memory: Memory,
    emptiness: Emptiness | None = None,
) -> Plan:
    """Read everybody named and decide what should happen to each; nothing is written to the directory.

    Args:
        requests: Who, and what is asked for each.
        tenant: The directory.
        policy: What the organisation decided.
        memory: What was last written.
        emptiness: In sweeps, since when attributes have been empty.

    Raises:
        TransientError, PermanentError: The directory as a whole could not be read.
    """
    seen, sets = await asyncio.gather(
        tenant.observe({request.key for request in requests}), tenant.scope_sets()
    )
    planned = await _recollected(Plan(tuple(entries_of(requests, seen, policy, sets))), memory, policy)
    if emptiness is not None:
        planned = await spare_newly_empty(planned, emptiness, policy)
    return await spare_last_factors(await spare_privileged(planned, tenant, policy), tenant, policy)


async def apply(
    planned: Plan, tenant: Tenant, policy: Policy, guard: Admission, memory: Memory
) -> list[Result]:
    """Write an admitted plan's changes and return each entry's result, in the plan's order.

    A write that finds the world changed, and one whose fate is unknown, is looked at again and written once
    more. What was decided anew is admitted by the guard first; what is only repeated was admitted before,
    and stays counted, whatever becomes of the second try: the first may have taken effect.

    Raises:
        TransientError, PermanentError: Nothing could be sent.
    """
    results, looked = await _write_and_look(planned, tenant, policy, guard, memory)
    if looked.again or looked.repeats:
        # What is written is written: a directory that fails us now costs the doubtful their answer, no more.
        with contextlib.suppress(SyncError):
            admitted = await guard.admit(Plan(tuple(looked.again)))
            repeated = frozenset(entry.rows for entry in looked.repeats)
            second = Plan((*admitted.entries, *looked.repeats))
            later, more = await _write_and_look(second, tenant, policy, guard, memory, repeated)
            # There is no third write: who would want one is left to the next call.
            later |= {entry.rows: _left_over(entry) for entry in (*more.again, *more.repeats)}
            results |= {rows: one for rows, one in later.items() if not _tells_less(one, results[rows])}
    return [_remarked(entry, results[entry.rows], memory) for entry in planned.entries]


async def _recollected(planned: Plan, memory: Memory, policy: Policy) -> Plan:
    """Return the plan in the light of what was last written to those who would be written now."""
    ids = {change.user_id for change in planned.changes()}
    if not ids:
        return planned
    last = await memory.recall(ids)

    def revise(entry: Entry) -> Entry:
        if not isinstance(entry.decision, Change):
            return entry
        return recollect(entry, last[entry.decision.user_id], policy)

    return planned.map(revise)


async def _write_and_look(
    planned: Plan,
    tenant: Tenant,
    policy: Policy,
    guard: Admission,
    memory: Memory,
    repeated: frozenset[tuple[int, ...]] = frozenset(),
) -> tuple[dict[tuple[int, ...], Result], Looked]:
    """Write once and look at what is doubtful: results by rows, and what looking has shown."""
    answers = await _write(planned, tenant, guard, memory, repeated)
    results = {entry.rows: result_of(entry, answers) for entry in planned.entries}
    looked = await look_again(doubts_of(planned.entries, answers), tenant, policy)
    if looked.proven:
        await memory.settle(looked.proven, ())
    return results | looked.settled, looked


async def _write(
    planned: Plan,
    tenant: Tenant,
    guard: Admission,
    memory: Memory,
    repeated: frozenset[tuple[int, ...]],
) -> Mapping[str, WriteAnswer]:
    """Send the plan's changes once; what is certain about them afterwards is remembered and counted."""
    changes = planned.changes()
    if not changes:
        return {}
    first = Plan(tuple(entry for entry in planned.entries if entry.rows not in repeated)).changes()
    await memory.begin(planned.only_changes().entries)
    try:
        answers = await tenant.write(changes)
    except SyncError:
        await memory.settle((), [change.user_id for change in changes])
        await guard.give_back(first)
        raise
    done = [change.user_id for change in changes if has_effect(change, answers[change.user_id].fate)]
    undone = [change for change in changes if _is_certainly_undone(change, answers[change.user_id].fate)]
    await memory.settle(done, [change.user_id for change in undone])
    await guard.give_back([change for change in undone if change in first])
    return answers


def _is_certainly_undone(change: Change, fate: Fate) -> bool:
    return fate in _CERTAINLY_NOT and not has_effect(change, fate)


def _left_over(entry: Entry) -> Result:
    return Result.stopped(Code.CHANGED_SINCE_PLAN, notes=lasting(entry.notes))


def _tells_less(later: Result, former: Result) -> bool:
    """Return whether a second write that was not made would hide that the first may have been."""
    return later.code in _NOT_MADE and former.code is Code.OUTCOME_UNKNOWN


def _remarked(entry: Entry, result: Result, memory: Memory) -> Result:
    """Return the result with the remark that the write could not be remembered, where that is so."""
    if result.outcome not in _WRITTEN or not entry.user or memory.knows(entry.user.id):
        return result
    return replace(result, notes=(*result.notes, Note.NOT_REMEMBERED))
