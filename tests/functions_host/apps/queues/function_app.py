"""Functions that read and write queues, and timers that run on demand."""

import json
import logging
from typing import List  # noqa: UP035 - the worker library knows list[str] not

import azure.functions as func

app = func.FunctionApp()
log = logging.getLogger("app")


@app.route(route="write", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@app.queue_output(arg_name="out", queue_name="results", connection="AzureWebJobsStorage")
def write(req: func.HttpRequest, out: func.Out[str]) -> str:
    """Send the body to a queue, then fail if asked to."""
    out.set(req.get_body().decode())
    if "fail" in req.params:
        raise RuntimeError("asked to fail")
    return "written"


@app.route(route="write-list", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@app.queue_output(arg_name="out", queue_name="%RESULTS%", connection="Elsewhere")
async def write_list(req: func.HttpRequest, out: func.Out[List[str]]) -> str:  # noqa: UP006 - see above
    """Send each text of the body to a queue that settings name."""
    out.set(req.get_json())
    return "written"


@app.queue_trigger(arg_name="msg", queue_name="jobs", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="out", queue_name="results", connection="AzureWebJobsStorage")
async def jobs(msg: func.QueueMessage, out: func.Out[str], context: func.Context) -> None:
    """Say what arrived; fail as often as the message says."""
    job = json.loads(msg.get_body())
    arrived = {
        "name": job["name"],
        "count": msg.dequeue_count,
        "id": msg.id,
        "receipt": bool(msg.pop_receipt),
        "times": [str(moment) for moment in (msg.insertion_time, msg.expiration_time, msg.time_next_visible)],
        "invocation": context.invocation_id,
    }
    log.info("arrived %s", json.dumps(arrived, ensure_ascii=False))
    out.set(f"result of {job['name']}, time {msg.dequeue_count}")
    if (msg.dequeue_count or 0) <= job.get("fails", 0):
        raise RuntimeError(f"{job['name']} fails")


@app.queue_trigger(arg_name="msg", queue_name="jobs-poison", connection="AzureWebJobsStorage")
def buried(msg: func.QueueMessage) -> None:
    """Say what was given up."""
    log.info("buried %s", msg.get_body().decode())


@app.queue_trigger(arg_name="msg", queue_name="relays", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="out", queue_name="jobs", connection="AzureWebJobsStorage")
def relays(msg: func.QueueMessage, out: func.Out[str]) -> None:
    """Pass a message on to the next queue."""
    out.set(msg.get_body().decode())


@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
@app.queue_output(arg_name="out", queue_name="jobs", connection="AzureWebJobsStorage")
async def ticks(timer: func.TimerRequest, out: func.Out[str]) -> None:
    """Would run every second, if its clock were on; fails when past due."""
    log.info("ticked, past due: %s", timer.past_due)
    out.set(json.dumps({"name": "from-timer"}))
    if timer.past_due:
        raise RuntimeError("too late")


@app.timer_trigger(arg_name="timer", schedule="%SCHEDULE%")
def by_setting(timer: func.TimerRequest) -> None:
    """Run by a schedule that a setting holds."""
    status = timer.schedule_status  # type: ignore[attr-defined] # only the concrete class has it
    log.info("scheduled, status: %s", json.dumps(status))


@app.timer_trigger(arg_name="timer", schedule="%NOWHERE%")
def without_setting(timer: func.TimerRequest) -> None:
    """Never run: its setting is missing."""


@app.timer_trigger(arg_name="timer", schedule="0 0 25 * * *")
def at_25_o_clock(timer: func.TimerRequest) -> None:
    """Never run: there is no such hour."""


@app.queue_trigger(arg_name="msg", queue_name="Not_a_Queue", connection="AzureWebJobsStorage")
def misnamed(msg: func.QueueMessage) -> None:
    """Never run: no queue can have that name."""


@app.queue_trigger(arg_name="msg", queue_name="jobs", connection="Missing")
def disconnected(msg: func.QueueMessage) -> None:
    """Never run: it has no account."""
