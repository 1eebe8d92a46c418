"""What timers and operators do to runs: start, approve, discard, stop, watch over and forget them."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mfa_sync.log import Event, record
from mfa_sync.runs.run import HELD_SECONDS, Decision, Run, RunKind, State, WrongStateError
from mfa_sync.runs.step import Nudge
from mfa_sync.runs.store import run_id
from mfa_sync.storage import LostRaceError
from shared.tenant import Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mfa_sync.runs.store import Stored, Sweeps
    from mfa_sync.runs.tools import Tools

_LOG = logging.getLogger(__name__)
_DAY_SECONDS = 86_400.0
# A full sweep that is due in two minutes is due: schedules are no clockwork.
_NEARLY_SECONDS = 120.0
# A run that is listed as open and does not exist: its maker died, or is about to make it.
_UNMADE_SECONDS = 600.0
_FORGOTTEN_AT_ONCE = 100


async def start(
    tools: Tools, kind: RunKind | None, *, apply: bool, slot: datetime | None = None, by: str = ""
) -> Run:
    """Begin a sweep, and give up a held one for it. The caller sends the nudge for its first step.

    Args:
        tools: What runs work with.
        kind: Full or changed; None: as is due.
        apply: Whether it may write without a person where the limits allow.
        slot: The moment of the schedule that it is for; None for one by hand.
        by: Who begins it by hand.

    Raises:
        WrongStateError: Another sweep is under way, or this slot's was made already.
        StorageDownError: The storage is out of reach.
    """
    sweeps, etag = await tools.store.sweeps()
    now = tools.clock.now()
    chosen = kind or due_kind(sweeps, tools, now.timestamp())
    nonce = "" if slot else uuid.uuid4().hex[:8]
    name, at = run_id(chosen, slot or now, nonce), now.timestamp()
    run = Run(name, chosen, at, at, apply=apply, started_by=by)
    current = await tools.store.get(sweeps.current) if sweeps.current else None
    if current and current.run.state.is_moving:
        raise WrongStateError(f"The sweep {current.run.id} is under way.")
    try:
        await tools.store.put_sweeps(replace(sweeps, current=run.id), etag)
        if current and current.run.state is State.HELD:
            await tools.store.replace(current, current.run.superseded(run.id, now.timestamp()))
            await tools.store.close(current.run.id)
        await tools.store.create(run)
    except LostRaceError:
        raise WrongStateError("Another sweep was begun at the same moment.") from None
    record(_LOG, logging.INFO, Event.RUN_STARTED, run=run.id, kind=run.kind.value, apply=apply, by=by or None)
    return run


def due_kind(sweeps: Sweeps, tools: Tools, now: float) -> RunKind:
    """Return whether everybody is to be looked at, or who changed is enough."""
    age = now - sweeps.full_at
    is_old = age >= tools.rules.full_every_days * _DAY_SECONDS - _NEARLY_SECONDS
    if not sweeps.last_full or is_old or sweeps.digest != tools.rules.digest:
        return RunKind.FULL
    return RunKind.CHANGED


async def approve(tools: Tools, run_id: str, digest: str, decision: Decision) -> Run:
    """Let a held plan go on. The caller sends the nudge for its next step. Errors as `_change`."""
    return await _change(tools, run_id, lambda run: run.approved(digest, decision))


async def discard(tools: Tools, run_id: str, decision: Decision) -> Run:
    """Give up a held plan. Errors as `_change`."""
    return await _end(tools, run_id, State.DISCARDED, decision)


async def stop(tools: Tools, run_id: str, decision: Decision) -> Run:
    """Stop a run wherever it stands; what its present step writes is written. Errors as `_change`."""
    return await _end(tools, run_id, State.STOPPED, decision)


async def watch(tools: Tools) -> list[Nudge]:
    """Return the nudges of runs that stand still, and end what waited too long for a decision."""
    now = tools.clock.now().timestamp()
    nudges: list[Nudge] = []
    for open_id in await tools.store.open():
        stored = await tools.store.get(open_id)
        if stored is None:
            if _is_unmade(open_id, tools.clock.now()):
                await tools.store.close(open_id)
        elif stored.run.state.is_final:
            await tools.store.close(open_id)
        elif stored.run.state is State.HELD:
            if now - stored.run.moved >= HELD_SECONDS:
                await _try_replace(tools, stored, stored.run.expired(now))
        elif _stands_still(stored.run, now, tools.rules.quiet_seconds):
            record(_LOG, logging.WARNING, Event.RUN_DELAYED, run=open_id, step=stored.run.step)
            nudges.append(Nudge(open_id, stored.run.step))
    return nudges


async def forget_old(tools: Tools) -> int:
    """Remove runs that are past their retention, sparing what the next sweep goes on from."""
    sweeps, _ = await tools.store.sweeps()
    kept = {sweeps.last, sweeps.last_full, sweeps.current}
    than = tools.clock.now() - timedelta(days=tools.rules.retention_days)
    old = [run for run in await tools.store.older(than, _FORGOTTEN_AT_ONCE) if run.id not in kept]
    for run in old:
        await tools.store.remove(run.id)
    return len(old)


def _stands_still(run: Run, now: float, quiet_seconds: float) -> bool:
    """Return whether a claim has run out, or nothing has moved for so long that the nudge must be lost."""
    if run.resume_at > now:
        return False
    if run.owner:
        return run.owned_until <= now
    return bool(run.resume_at) or now - run.moved >= quiet_seconds or run.attempts > 0


def _is_unmade(open_id: str, now: datetime) -> bool:
    return run_id(RunKind.FULL, now - timedelta(seconds=_UNMADE_SECONDS)) > open_id


async def _end(tools: Tools, run_id: str, state: State, decision: Decision) -> Run:
    former = await tools.store.get(run_id)
    run = await _change(tools, run_id, lambda now: now.ended_by(state, decision))
    await tools.store.close(run_id)
    if former and former.run.state is State.APPLYING and not former.run.decision:
        await tools.ledger.give_back(_unmade(run))
    return run


def _unmade(run: Run) -> dict[Kind, int]:
    """Return roughly what was counted for a stopped run and not made: too little rather than too much."""
    share = (run.pages - run.applied - 1) / run.pages if run.pages else 0.0
    return {Kind(kind): int(count * max(share, 0.0)) for kind, count in run.tally.planned.items()}


async def _change(tools: Tools, run_id: str, change: Callable[[Run], Run]) -> Run:
    """Apply an operator's change to the run as it is now.

    Raises:
        KeyError: There is no such run.
        WrongStateError: It cannot be changed so.
        StorageDownError: The storage is out of reach.
    """
    for _ in range(5):
        stored = await tools.store.get(run_id)
        if stored is None:
            raise KeyError(run_id)
        changed = change(stored.run)
        if changed is stored.run:
            return changed
        if await _try_replace(tools, stored, changed):
            return changed
    raise WrongStateError("The run moves too fast; try again.")


async def _try_replace(tools: Tools, stored: Stored, run: Run) -> bool:
    try:
        await tools.store.replace(stored, run, uuid.uuid4().hex)
    except LostRaceError:
        return False
    return True
