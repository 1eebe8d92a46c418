"""One round of writes: noted before, sent once, counted after, and looked at where an answer is in doubt."""

from __future__ import annotations

from collections.abc import Mapping

from shared.errors import SyncError
from shared.guard import Admission
from shared.memory import Memory
from shared.plan import Plan
from shared.policy import Policy
from shared.readback import Looked, doubts_of, look_again
from shared.results import Result, has_effect, result_of
from shared.tenant import Change, Fate, Tenant, WriteAnswer

_CERTAINLY_NOT = frozenset(
    {
        Fate.REJECTED,
        Fate.EXISTS,
        Fate.BAD_NUMBER,
        Fate.FORBIDDEN,
        Fate.MISSING,
        Fate.THROTTLED,
        Fate.UNAVAILABLE,
        Fate.NOT_SENT,
    }
)


async def write_and_look(
    planned: Plan,
    tenant: Tenant,
    policy: Policy,
    guard: Admission,
    memory: Memory,
    repeated: frozenset[tuple[int, ...]] = frozenset(),
) -> tuple[dict[tuple[int, ...], Result], Looked]:
    """Write once and look at what is doubtful.

    Args:
        planned: What to write, admitted by the guard.
        tenant: The directory.
        policy: What the organisation decided, for what is decided anew.
        guard: Is given back what was certainly not written.
        memory: Is told before what will be written, and after what is certain.
        repeated: The rows of entries that were sent before: they were counted then, and stay so.

    Returns:
        Results by the entries' rows, and what looking has shown.
    """
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
