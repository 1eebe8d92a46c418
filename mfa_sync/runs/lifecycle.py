"""What timers and operators do to runs: start, approve, discard, stop, watch over and forget them."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mfa_sync.runs.run import HELD_SECONDS, Decision, Run, RunKind, State, WrongStateError
from mfa_sync.runs.step import Nudge, close
from mfa_sync.runs.store import run_id, same_moment
from mfa_sync.storage.table import LostRaceError
from mfa_sync.telemetry import measures
from mfa_sync.telemetry.events import Event, record
from mfa_sync.telemetry.measures import Metric

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mfa_sync.runs.context import Tools
    from mfa_sync.runs.store import Stored, Sweeps

_LOG = logging.getLogger(__name__)
_DAY_SECONDS = 86_400.0
# A full sweep that is due in two minutes is due: schedules are no clockwork.
_NEARLY_SECONDS = 120.0
# A run that is listed as open and does not exist: its maker died, or is about to make it.
_UNMADE_SECONDS = 600.0
_FORGOTTEN_AT_ONCE, _MOST_FORGOTTEN = 100, 2000


@measures.span(measures.Span.RUN_START)
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
    run = Run(name, chosen, at, at, apply=apply, started_by=by, trace=measures.traceparent())
    measures.note(run=run.id, kind=run.kind.value)
    if slot and same_moment(sweeps.current, name) and await tools.store.get(sweeps.current):
        raise WrongStateError(f"The sweep of this moment was begun: {sweeps.current}.")
    # Not `current` alone: who began a sweep may have died before it was there, or an approval was faster.
    others = await _open_sweeps(tools)
    if moving := next((one for one in others if one.run.state.is_moving), None):
        raise WrongStateError(f"The sweep {moving.run.id} is under way.")
    try:
        await tools.store.put_sweeps(replace(sweeps, current=run.id), etag)
        for held in others:
            await tools.store.replace(held, held.run.superseded(run.id, at), uuid.uuid4().hex)
            await close(held.run, tools)
        await tools.store.create(run)
    except LostRaceError:
        raise WrongStateError("Another sweep was begun, or approved, at the same moment.") from None
    record(_LOG, logging.INFO, Event.RUN_STARTED, run=run.id, kind=run.kind.value, apply=apply, by=by or None)
    return run


async def _open_sweeps(tools: Tools) -> list[Stored]:
    """Return the sweeps that are under way or held."""
    found = [await tools.store.get(open_id) for open_id in await tools.store.open()]
    return [one for one in found if one and one.run.kind is not RunKind.PUSH and not one.run.state.is_final]


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
    nudges: list[Nudge] = []
    unfinished: list[Run] = []
    for open_id in await tools.store.open():
        try:
            stored = await tools.store.get(open_id)
            nudges += await _look_after(open_id, stored, tools)
            unfinished += [stored.run] if stored and not stored.run.state.is_final else []
        except (KeyError, TypeError, ValueError) as error:  # a head of another format holds up nobody else
            detail = f"Its head cannot be read ({type(error).__name__})."
            record(_LOG, logging.ERROR, Event.RUN_DELAYED, run=open_id, detail=detail)
    _measure(unfinished, tools.clock.now().timestamp())
    return nudges


def _measure(unfinished: list[Run], now: float) -> None:
    """Tell how many runs are not at their end, and since when the oldest is not."""
    for state in ("moving", "held"):
        created = [run.created for run in unfinished if (run.state is State.HELD) == (state == "held")]
        measures.measure(Metric.UNFINISHED, len(created), state=state)
        measures.measure(Metric.OLDEST, now - min(created, default=now), state=state)


async def _look_after(open_id: str, stored: Stored | None, tools: Tools) -> list[Nudge]:
    now = tools.clock.now().timestamp()
    if stored is None:
        if _is_unmade(open_id, tools.clock.now()):
            await tools.store.close(open_id)
    elif stored.run.state.is_final:
        await close(stored.run, tools)
    elif stored.run.state is State.HELD:
        if now - stored.run.moved >= HELD_SECONDS:
            await _try_replace(tools, stored, stored.run.expired(now))
    elif _stands_still(stored.run, now, tools.rules.quiet_seconds):
        record(_LOG, logging.WARNING, Event.RUN_DELAYED, run=open_id, step=stored.run.step)
        return [Nudge.of(stored.run)]
    return []


async def forget_old(tools: Tools) -> int:
    """Remove runs that are past their retention, sparing what the next sweep goes on from."""
    sweeps, _ = await tools.store.sweeps()
    kept = {sweeps.last, sweeps.last_full, sweeps.current}
    than = tools.clock.now() - timedelta(days=tools.rules.retention_days)
    forgotten = 0
    while forgotten < _MOST_FORGOTTEN:
        old = [run for run in await tools.store.older(than, _FORGOTTEN_AT_ONCE) if run.id not in kept]
        if not old:
            break
        for run in old:
            await tools.store.remove(run.id)
        forgotten += len(old)
    return forgotten


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
    run = await _change(tools, run_id, lambda now: now.ended_by(state, decision))
    await close(run, tools)
    return run


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
