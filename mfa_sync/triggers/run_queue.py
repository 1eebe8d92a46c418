"""Each message of the queue moves one run by one step."""

from __future__ import annotations

import logging

import azure.functions as func

from mfa_sync.telemetry.events import Event, record
from mfa_sync.triggers.nudges import CONNECTION, POISON_QUEUE, QUEUE, Messages, send

_LOG = logging.getLogger(__name__)

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves it untyped


@blueprint.function_name("run_step")
@blueprint.queue_trigger(arg_name="message", queue_name=QUEUE, connection=CONNECTION)
@blueprint.queue_output(arg_name="nudges", queue_name=QUEUE, connection=CONNECTION)
async def run_step(message: func.QueueMessage, nudges: Messages) -> None:
    """Do the step that is due, and ask for the next one."""
    from mfa_sync.composition import worker
    from mfa_sync.runs.step import Nudge, take

    try:
        nudge = Nudge.load(message.get_body().decode("utf-8", "replace"))
    except ValueError:
        record(_LOG, logging.ERROR, Event.RUN_POISONED, detail="A message that is no nudge.")
        return
    following = await take(nudge, worker().run_context())
    send([following] if following else [], nudges)


@blueprint.function_name("run_poison")
@blueprint.queue_trigger(arg_name="message", queue_name=POISON_QUEUE, connection=CONNECTION)
async def run_poison(message: func.QueueMessage) -> None:
    """Tell of a nudge that the queue gave up, unless its step is over.

    Its run is not lost: the watchdog looks after it. What the message holds, if it is no nudge, is not told.
    """
    from mfa_sync.composition import worker
    from mfa_sync.runs.step import Nudge

    try:
        nudge = Nudge.load(message.get_body().decode("utf-8", "replace"))
    except ValueError:
        record(_LOG, logging.ERROR, Event.RUN_POISONED, detail="A message that is no nudge.")
        return
    stored = await worker().runs.get(nudge.run)
    if stored and stored.run.state.is_moving and stored.run.step <= nudge.step:
        record(_LOG, logging.ERROR, Event.RUN_POISONED, run=stored.run.id, step=nudge.step)
