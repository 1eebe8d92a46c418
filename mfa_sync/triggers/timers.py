"""The schedule begins a sweep; the watchdog keeps runs moving."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import azure.functions as func

from mfa_sync.telemetry.events import Event, record
from mfa_sync.triggers.ending import failing
from mfa_sync.triggers.run_queue import CONNECTION, QUEUE, Messages, send

# Read when the functions are indexed: a setting that is missing must not cost a tenant its nightly sweep.
_SCHEDULE = os.environ.get("SWEEP_SCHEDULE", "").strip() or "0 0 2 * * *"
# Each look costs what an instance costs at least: every minute would use up most of a plan's free grant.
_WATCHDOG_SCHEDULE = os.environ.get("WATCHDOG_SCHEDULE", "").strip() or "0 */5 * * * *"

# Timers come 1 to 3 ms before their second (seen on host 4.1037); the clock of a machine may be worse.
_EARLY = timedelta(minutes=1)

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves it untyped


@blueprint.timer_trigger(arg_name="timer", schedule=_SCHEDULE)
@blueprint.queue_output(arg_name="nudges", queue_name=QUEUE, connection=CONNECTION)
@failing
async def sweep(timer: func.TimerRequest, nudges: Messages) -> None:
    """Begin the sweep that is due, unless sweeps are off, one is under way, or this one was begun before."""
    from mfa_sync.composition import worker
    from mfa_sync.runs import lifecycle
    from mfa_sync.runs.run import WrongStateError
    from mfa_sync.runs.step import Nudge

    mode = worker().settings.sweeps.mode
    if mode == "off":
        return
    slot = _slot(timer, worker().clock.now())
    try:
        run = await lifecycle.start(worker(), None, apply=mode == "apply", slot=slot)
    except WrongStateError as error:
        record(Event.RUN_DELAYED, detail=str(error))
        return
    send([Nudge.of(run)], nudges)


@blueprint.timer_trigger(arg_name="timer", schedule=_WATCHDOG_SCHEDULE)
@blueprint.queue_output(arg_name="nudges", queue_name=QUEUE, connection=CONNECTION)
@failing
async def watchdog(timer: func.TimerRequest, nudges: Messages) -> None:  # noqa: ARG001  bound by name
    """Nudge runs that stand still, end what waited too long for a decision, and forget what is old."""
    from mfa_sync.composition import worker
    from mfa_sync.runs import lifecycle

    send(await lifecycle.watch(worker()), nudges)
    await lifecycle.forget_old(worker())
    await worker().stored_answers.purge()
    if signatures := worker().signatures:
        await signatures.purge()


def _slot(timer: func.TimerRequest, now: datetime) -> datetime | None:
    """Return the scheduled moment that a timer runs for, in UTC; None where it runs out of turn.

    The host tells it as `Next` of the schedule's status, and moves that on only once the function has ended
    (TimerListener.cs of azure-webjobs-sdk-extensions, `InvokeJobFunction`): so a run that comes early, late,
    or again because it was cut off names the same moment. One by hand is shown the next, yet to come.

    After days without a host it is missed once for all of them, and is the last day's.
    """
    status = getattr(timer, "schedule_status", {})
    try:
        # A time without a zone is in the host's own, which is ours too.
        due = datetime.fromisoformat(str(status.get("Next"))).astimezone(UTC)
    except ValueError:
        # Without a status nothing comes again either.
        return (now + _EARLY / 2).replace(second=0, microsecond=0)
    if due - now > _EARLY:
        return None
    return due + timedelta(days=max((now - due).days, 0))
