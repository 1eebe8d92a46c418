"""The queue that moves runs: each message moves one run by one step."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, List  # noqa: UP035  see `Messages`

import azure.functions as func

from mfa_sync.telemetry.events import Event, record
from mfa_sync.triggers.ending import failing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mfa_sync.runs.step import Nudge

QUEUE = "mfa-sync-runs"
POISON_QUEUE = f"{QUEUE}-poison"
CONNECTION = "AzureWebJobsStorage"
# The worker library knows the old spelling alone.
Messages = func.Out[List[str]]  # noqa: UP006

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves it untyped


def send(nudges: Iterable[Nudge], out: Messages) -> None:
    """Send the nudges once the function has succeeded. One that is lost, the watchdog sends again."""
    if texts := [nudge.dump() for nudge in nudges]:
        out.set(texts)


@blueprint.queue_trigger(arg_name="message", queue_name=QUEUE, connection=CONNECTION)
@blueprint.queue_output(arg_name="nudges", queue_name=QUEUE, connection=CONNECTION)
@failing
async def run_step(message: func.QueueMessage, nudges: Messages) -> None:
    """Do the step that is due, and ask for the next one."""
    from mfa_sync.composition import worker
    from mfa_sync.runs.step import take

    if nudge := _nudge(message):
        following = await take(nudge, worker())
        send([following] if following else [], nudges)


@blueprint.queue_trigger(arg_name="message", queue_name=POISON_QUEUE, connection=CONNECTION)
@failing
async def run_poison(message: func.QueueMessage) -> None:
    """Report a nudge that the queue gave up, unless its step is over. The watchdog looks after its run."""
    from mfa_sync.composition import worker

    if nudge := _nudge(message):
        try:
            stored = await worker().runs.get(nudge.run)
        except ValueError:  # nothing comes after this queue: a message that fails here would come for ever
            record(Event.RUN_POISONED, run=nudge.run, step=nudge.step, detail="Its head cannot be read.")
            return
        if stored and stored.run.state.is_moving and stored.run.step <= nudge.step:
            record(Event.RUN_POISONED, run=stored.run.id, step=nudge.step)


def _nudge(message: func.QueueMessage) -> Nudge | None:
    """Return a message's nudge. None if it is none, which is logged, but not what it holds instead."""
    from mfa_sync.runs.step import Nudge

    with suppress(ValueError):
        nudge = Nudge.load(message.get_body().decode("utf-8", "replace"))
        if nudge.is_possible:
            return nudge
    record(Event.RUN_POISONED, detail="A message that is no nudge.")
    return None
