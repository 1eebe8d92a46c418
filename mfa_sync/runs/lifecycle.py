"""What timers and operators do to runs: start, approve, end, watch over and forget them."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from copy import replace
from datetime import datetime, timedelta
from itertools import batched

from mfa_sync.runs.context import RunContext
from mfa_sync.runs.run import HELD_SECONDS, Run, RunKind, State, UnknownRunError, Verdict, WrongStateError
from mfa_sync.runs.step import Nudge, close
from mfa_sync.runs.store import Stored, Sweeps, kind_of, run_id
from mfa_sync.storage.table import LostRaceError
from mfa_sync.telemetry import measures
from mfa_sync.telemetry.events import Event, record
from mfa_sync.telemetry.measures import Metric

_DAY_SECONDS = 86_400.0
_SWEEPS = (RunKind.FULL, RunKind.CHANGED)
# A full sweep that is due in two minutes is due: schedules are no clockwork.
_NEARLY_SECONDS = 120.0
# A run that is listed as open and does not exist: its maker died, or is about to make it.
_UNMADE_SECONDS = 600.0
# Heads in memory together: each may hold 32 KB.
_LOOKED_AT_ONCE = 500
_FORGOTTEN_AT_ONCE, _MOST_FORGOTTEN = 100, 2000
_MOST_RACES = 5


@measures.span(measures.Span.RUN_START)
async def start(
    context: RunContext, kind: RunKind | None, *, apply: bool, slot: datetime | None = None, by: str = ""
) -> Run:
    """Begin a sweep, and give up a held one for it. The caller sends the nudge for its first step.

    Args:
        context: What runs work with.
        kind: Full or changed; None: as is due.
        apply: Whether it may write without a person where the limits allow.
        slot: The moment of the schedule that it is for; None for one by hand.
        by: Who begins it by hand.

    Raises:
        WrongStateError: Another sweep is under way, or this slot's was made already.
        StorageDownError: The storage is out of reach.
    """
    sweeps, etag = await context.runs.sweeps()
    now, chosen = context.clock.now(), kind or due_kind(sweeps, context)
    name, at = run_id(chosen, slot or now, "" if slot else uuid.uuid4().hex[:8]), now.timestamp()
    run = Run(name, chosen, at, at, apply=apply, started_by=by, trace=measures.traceparent(), seals={})
    measures.note(run=run.id, kind=run.kind.value)
    if slot and (begun := await _begun_for(slot, context)):
        raise WrongStateError(f"The sweep of this moment was begun: {begun}.")
    # Not `current` alone: who began a sweep may have died before it was there, or an approval was faster.
    others = await _open_sweeps(context)
    if moving := next((one for one in others if one.run.state.is_moving), None):
        raise WrongStateError(f"The sweep {moving.run.id} is under way.")
    try:
        await context.runs.put_sweeps(replace(sweeps, current=run.id), etag)
        for held in others:
            await context.runs.replace(held, held.run.superseded(run.id, at))
            await close(held.run, context)
        await context.runs.create(run)
    except LostRaceError:
        raise WrongStateError("Another sweep was begun, or approved, at the same moment.") from None
    record(Event.RUN_STARTED, run=run.id, kind=run.kind.value, apply=apply, by=by or None)
    return run


async def _begun_for(slot: datetime, context: RunContext) -> str:
    """Return the id of a slot's sweep, of whichever kind was due then; empty where there is none."""
    for kind in (RunKind.FULL, RunKind.CHANGED):
        if await context.runs.get(name := run_id(kind, slot)):
            return name
    return ""


async def _open_sweeps(context: RunContext) -> list[Stored]:
    """Return the sweeps that are under way or held."""
    sweeps = [open_id for open_id in await context.runs.open() if kind_of(open_id) in _SWEEPS]
    found = [await context.runs.get(open_id) for open_id in sweeps]
    return [one for one in found if one and not one.run.state.is_final]


async def start_readiness(context: RunContext, by: str) -> Run:
    """Begin a readiness run. The caller sends the nudge for its first step.

    Args:
        context: What runs work with.
        by: Who begins it.

    Raises:
        WrongStateError: Another one is under way: it takes the calls that sweeps need for the audit log.
        StorageDownError: The storage is out of reach.
    """
    kind = RunKind.READINESS
    for open_id in await context.runs.open():
        other = await context.runs.get(open_id) if kind_of(open_id) == kind else None
        if other and not other.run.state.is_final:
            raise WrongStateError(f"The run {open_id} is under way.")
    at = context.now
    name = run_id(kind, context.clock.now(), uuid.uuid4().hex[:8])
    run = Run(name, kind, at, at, apply=False, started_by=by, trace=measures.traceparent(), seals={})
    await context.runs.create(run)
    record(Event.RUN_STARTED, run=run.id, kind=kind.value, apply=False, by=by)
    return run


def due_kind(sweeps: Sweeps, context: RunContext) -> RunKind:
    """Return whether everybody is to be looked at, or who changed is enough."""
    age = context.now - sweeps.full_at
    is_old = age >= context.settings.sweeps.full_every_days * _DAY_SECONDS - _NEARLY_SECONDS
    if not sweeps.last_full or is_old or sweeps.digest != context.settings.deciding_digest():
        return RunKind.FULL
    return RunKind.CHANGED


async def approve(context: RunContext, run_id: str, digest: str, verdict: Verdict) -> Run:
    """Let a held plan go on. The caller sends the nudge for its next step.

    Raises:
        UnknownRunError: There is none of this id.
        WrongStateError: It is not held, or the plan shown was another.
        StorageDownError: The storage is out of reach.
    """
    return await _change(context, run_id, lambda run: run.approved(digest, verdict))


async def end(context: RunContext, run_id: str, verdict: Verdict) -> Run:
    """Give up a held plan, or stop a run wherever it stands; what its present step writes is written.

    Raises:
        UnknownRunError: There is none of this id.
        WrongStateError: It cannot be ended so.
        StorageDownError: The storage is out of reach.
    """
    run = await _change(context, run_id, lambda run: run.ended_by(verdict))
    await close(run, context)
    return run


async def watch(context: RunContext) -> list[Nudge]:
    """Return the nudges of runs that stand still, and end what waited too long for a decision."""
    await context.runs.put_watched(context.now)
    nudges: list[Nudge] = []
    unfinished: list[Run] = []
    for open_ids in batched(await context.runs.open(), _LOOKED_AT_ONCE, strict=False):
        for open_id, stored in (await context.runs.get_many(open_ids)).items():
            if isinstance(stored, ValueError):  # a head of another format holds up nobody else
                detail = f"Its head cannot be read ({type(stored).__name__})."
                record(Event.RUN_DELAYED, level=logging.ERROR, run=open_id, detail=detail)
                continue
            nudges += await _look_after(open_id, stored, context)
            unfinished += [stored.run] if stored and not stored.run.state.is_final else []
    _measure(unfinished, context.now)
    record(Event.WATCHDOG_DONE)
    return nudges


def _measure(unfinished: list[Run], now: float) -> None:
    """Measure how many runs are not at their end, and the age of the oldest of them, in seconds."""
    for state in ("moving", "held"):
        created = [run.created for run in unfinished if (run.state is State.HELD) == (state == "held")]
        measures.measure(Metric.UNFINISHED, len(created), state=state)
        measures.measure(Metric.OLDEST, now - min(created, default=now), state=state)


async def _look_after(open_id: str, stored: Stored | None, context: RunContext) -> list[Nudge]:
    now = context.now
    if stored is None:
        unmade_before = context.clock.now() - timedelta(seconds=_UNMADE_SECONDS)
        sweeps, _ = await context.runs.sweeps()
        # The newest sweep may be of an old moment, and about to be made.
        if open_id < run_id(RunKind.FULL, unmade_before) and open_id != sweeps.current:
            await context.runs.close(open_id)
    elif stored.run.state.is_final:
        await close(stored.run, context)
    elif stored.run.state is State.HELD:
        if now - stored.run.moved >= HELD_SECONDS:
            with suppress(LostRaceError):  # somebody has decided after all
                await context.runs.replace(stored, stored.run.expired(now))
    elif _stands_still(stored.run, now, context.quiet_seconds):
        record(Event.RUN_DELAYED, run=open_id, step=stored.run.step)
        return [Nudge.of(stored.run)]
    return []


async def forget_old(context: RunContext) -> int:
    """Remove runs that are past their retention, sparing what the next sweep goes on from."""
    sweeps, _ = await context.runs.sweeps()
    kept = {sweeps.last, sweeps.last_full, sweeps.current}
    than = context.clock.now() - timedelta(days=context.settings.sweeps.retention_days)
    forgotten = 0
    while forgotten < _MOST_FORGOTTEN:
        old = [run for run in await context.runs.older(than, _FORGOTTEN_AT_ONCE) if run.id not in kept]
        if not old:
            break
        for run in old:
            await context.runs.remove(run.id)
        forgotten += len(old)
    return forgotten


def _stands_still(run: Run, now: float, quiet_seconds: float) -> bool:
    """Return whether a claim has run out, or nothing has moved for so long that the nudge must be lost."""
    if run.resume_at > now:
        return False
    if run.owner:
        return run.owned_until <= now
    return bool(run.resume_at) or now - run.moved >= quiet_seconds or run.attempts > 0


async def _change(context: RunContext, run_id: str, change: Callable[[Run], Run]) -> Run:
    """Return the run after an operator's change to it as it is stored now."""
    for _ in range(_MOST_RACES):
        stored = await context.runs.get(run_id)
        if stored is None:
            raise UnknownRunError
        changed = change(stored.run)
        if changed is stored.run:
            return changed
        with suppress(LostRaceError):
            await context.runs.replace(stored, changed)
            return changed
    raise WrongStateError("The run moves too fast; try again.")
