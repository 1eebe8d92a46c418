"""The main path: plan what should happen, then make it so.

    plan(requests, tenant, policy, memory)  ->  guard  ->  apply(plan, tenant, policy, guard, memory)

A dry run is a plan that is not applied.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace

from shared.codes import Code
from shared.entries import entries_of
from shared.errors import SyncError
from shared.guard import Admission
from shared.memory import Memory, recollected
from shared.outcome import Note, Outcome
from shared.plan import Entry, Plan, Request, lasting
from shared.policy import Policy
from shared.results import Result, done
from shared.spare import Emptiness, spare_last_factors, spare_newly_empty, spare_privileged
from shared.tenant import Change, Tenant
from shared.writing import write_and_look

_WRITTEN = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED})
_NOT_MADE = frozenset(
    {
        Code.THROTTLED,
        Code.UNAVAILABLE,
        Code.NOT_ATTEMPTED,
        Code.LIMIT_REACHED,
        Code.LIMIT_UNKNOWN,
        Code.SHARED_NUMBER,
        Code.WRITE_REJECTED,
        Code.DEFAULT_METHOD,
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
    # 1. What is there.
    keys = {request.key for request in requests}
    seen, sets = await asyncio.gather(tenant.observe(keys), tenant.scope_sets())
    # 2. What should happen to each, by the rules alone, and then in the light of what we last wrote.
    planned = Plan(tuple(entries_of(requests, seen, policy, sets)))
    planned = await recollected(planned, memory, policy)
    # 3. Whom a write must spare. What is needed to know it is read only if something would be written.
    if emptiness is not None:
        planned = await spare_newly_empty(planned, emptiness, policy)
    planned = await spare_privileged(planned, tenant, policy)
    return await spare_last_factors(planned, tenant, policy)


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
    # 1. Write, and look where the answer leaves a doubt.
    results, looked = await write_and_look(planned, tenant, policy, guard, memory)
    # 2. Once more for those who want another write than was sent, or the same that left no trace.
    if looked.again or looked.repeats:
        # What is written is written: a directory that fails us now costs the doubtful their answer, no more.
        with contextlib.suppress(SyncError):
            admitted = await guard.admit(Plan(tuple(looked.again)))
            repeated = frozenset(entry.rows for entry in looked.repeats)
            second = Plan((*admitted.entries, *looked.repeats))
            later, more = await write_and_look(second, tenant, policy, guard, memory, repeated)
            # There is no third write: whoever would want one is left to the next call.
            later |= {
                entry.rows: _left_over(entry, later[entry.rows]) for entry in (*more.again, *more.repeats)
            }
            # What the first write wanted stands there now: it was late, not without effect.
            later |= {
                entry.rows: done(entry.decision, entry.notes)
                for entry in looked.repeats
                if isinstance(entry.decision, Change) and later[entry.rows].outcome is Outcome.UNCHANGED
            }
            results |= {rows: one for rows, one in later.items() if not _tells_less(one, results[rows])}
    # 3. What could not be remembered is said.
    return [_remarked(entry, results[entry.rows], memory) for entry in planned.entries]


def _left_over(entry: Entry, result: Result) -> Result:
    """Return the result of an entry that wants another write; one that may have been made stays unknown."""
    if result.code is Code.OUTCOME_UNKNOWN:
        return result
    return Result.stopped(Code.CHANGED_SINCE_PLAN, notes=lasting(entry.notes))


def _tells_less(later: Result, former: Result) -> bool:
    """Return whether a second write that was not made would hide that the first may have been."""
    return later.code in _NOT_MADE and former.code is Code.OUTCOME_UNKNOWN


def _remarked(entry: Entry, result: Result, memory: Memory) -> Result:
    """Return the result with the remark that the write could not be remembered, where that is so."""
    if result.outcome not in _WRITTEN or not entry.user or memory.knows(entry.user.id):
        return result
    return replace(result, notes=(*result.notes, Note.NOT_REMEMBERED))
