"""The schedule begins a sweep; the watchdog keeps runs moving."""

from __future__ import annotations

import os

import azure.functions as func

from mfa_sync.telemetry.events import Event, record
from mfa_sync.triggers.run_queue import CONNECTION, QUEUE, Messages, send

# Read when the functions are indexed: a setting that is missing must not cost a tenant its nightly sweep.
_SCHEDULE = os.environ.get("SWEEP_SCHEDULE", "").strip() or "0 0 2 * * *"
# Each look costs what an instance costs at least: every minute would use up most of a plan's free grant.
_WATCHDOG_SCHEDULE = os.environ.get("WATCHDOG_SCHEDULE", "").strip() or "0 */5 * * * *"

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves it untyped


@blueprint.timer_trigger(arg_name="timer", schedule=_SCHEDULE)
@blueprint.queue_output(arg_name="nudges", queue_name=QUEUE, connection=CONNECTION)
async def sweep(timer: func.TimerRequest, nudges: Messages) -> None:  # noqa: ARG001  bound by name
    """Begin the sweep of this moment, unless sweeps are off or one is under way."""
    from mfa_sync.composition import worker
    from mfa_sync.runs import lifecycle
    from mfa_sync.runs.run import WrongStateError
    from mfa_sync.runs.step import Nudge

    mode = worker().settings.sweeps.mode
    if mode == "off":
        return
    slot = worker().clock.now().replace(second=0, microsecond=0)
    try:
        run = await lifecycle.start(worker(), None, apply=mode == "apply", slot=slot)
    except WrongStateError as error:
        record(Event.RUN_DELAYED, detail=str(error))
        return
    send([Nudge.of(run)], nudges)


@blueprint.timer_trigger(arg_name="timer", schedule=_WATCHDOG_SCHEDULE)
@blueprint.queue_output(arg_name="nudges", queue_name=QUEUE, connection=CONNECTION)
async def watchdog(timer: func.TimerRequest, nudges: Messages) -> None:  # noqa: ARG001  bound by name
    """Nudge runs that stand still, end what waited too long for a decision, and forget what is old."""
    from mfa_sync.composition import worker
    from mfa_sync.runs import lifecycle

    send(await lifecycle.watch(worker()), nudges)
    await lifecycle.forget_old(worker())
    await worker().stored_answers.purge()
    if signatures := worker().signatures:
        await signatures.purge()
