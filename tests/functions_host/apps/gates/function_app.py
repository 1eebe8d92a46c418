"""Functions that take as long as the test wants: a message is the path of a pipe that they read."""

import asyncio
import logging
from pathlib import Path

import azure.functions as func

app = func.FunctionApp()
log = logging.getLogger("app")


@app.queue_trigger(arg_name="msg", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
def waits(msg: func.QueueMessage) -> None:
    """Wait in the thread pool."""
    log.info("entered, time %s", msg.dequeue_count)
    Path(msg.get_body().decode()).read_text()


@app.queue_trigger(arg_name="msg", queue_name="%QUEUE%-blocking", connection="AzureWebJobsStorage")
async def blocks(msg: func.QueueMessage) -> None:
    """Block the event loop, as a careless function does."""
    log.info("entered, time %s", msg.dequeue_count)
    Path(msg.get_body().decode()).read_text()  # noqa: ASYNC240 - the carelessness is the point


@app.queue_trigger(arg_name="msg", queue_name="%QUEUE%-endless", connection="AzureWebJobsStorage")
async def never_ends(msg: func.QueueMessage) -> None:
    """Wait for what never comes."""
    log.info("entered, time %s", msg.dequeue_count)
    await asyncio.Event().wait()
