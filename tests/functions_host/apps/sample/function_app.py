"""One function for each rule of the host."""

import asyncio
import json
import logging
import os
import sys
from pathlib import Path

import azure.functions as func
from users import users  # type: ignore[import-not-found]

print("printed while loading")  # noqa: T201 - what it prints is a test's subject

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(users)


@app.route(route="echo", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Say what arrived; it runs in the thread pool."""
    logging.getLogger("app.echo").info("echo was here")
    arrived = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "query": dict(req.params),
        "body": req.get_body().hex(),
        "invocation": context.invocation_id,
        "trace": context.trace_context.trace_parent,
    }
    return func.HttpResponse(json.dumps(arrived), mimetype="application/json")


@app.route(route="secured", methods=["POST"])
async def secured(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with headers and cookies; it runs on the event loop."""
    logging.getLogger("app.secured").warning("secured was here")
    response = func.HttpResponse(req.get_body(), status_code=202, headers={"Retry-After": "7"})
    response.headers.add("Set-Cookie", "a=1; Path=/")
    response.headers.add("Set-Cookie", "b=2")
    return response


@app.route(route="surroundings", auth_level=func.AuthLevel.ANONYMOUS)
def surroundings(req: func.HttpRequest) -> str:
    """Say where it runs."""
    del req
    here = {"cwd": str(Path.cwd()), "environment": dict(os.environ), "path": sys.path}
    return json.dumps(here)


@app.route(route="administered", auth_level=func.AuthLevel.ADMIN)
def administered(req: func.HttpRequest) -> str:
    """Answer to administrators."""
    return str(req.method)


@app.route(route="raises", auth_level=func.AuthLevel.ANONYMOUS)
def raises(req: func.HttpRequest) -> str:
    """Fail."""
    raise RuntimeError(f"the cause is {req.method}")


@app.route(route="cancelled", auth_level=func.AuthLevel.ANONYMOUS)
async def cancelled(req: func.HttpRequest) -> str:
    """Fail by being cancelled from inside."""
    raise asyncio.CancelledError(req.method)


@app.route(route="nothing", auth_level=func.AuthLevel.ANONYMOUS)
def nothing(req: func.HttpRequest) -> func.HttpResponse:
    """Forget to answer."""
    del req
    return None  # type: ignore[return-value]


@app.route(route="forges", auth_level=func.AuthLevel.ANONYMOUS)
def forges(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with a header that would be two."""
    del req
    response = func.HttpResponse("")
    response.headers._list.append(("X-One", "1\r\nX-Two: 2"))  # its setters refuse
    return response


@app.route(route="measured", auth_level=func.AuthLevel.ANONYMOUS)
def measured(req: func.HttpRequest) -> func.HttpResponse:
    """Say how long the answer is, and twice on what it rests."""
    del req
    response = func.HttpResponse("ok", headers={"Content-Length": "2", "Vary": "Origin"})
    response.headers.add("Vary", "Accept")
    return response


@app.route(route="empty", auth_level=func.AuthLevel.ANONYMOUS)
def empty(req: func.HttpRequest) -> func.HttpResponse:
    """Answer that there is nothing to say."""
    del req
    return func.HttpResponse(status_code=204)


@app.timer_trigger(arg_name="timer", schedule="0 0 2 * * *")
@app.queue_output(arg_name="notes", queue_name="notes", connection="AzureWebJobsStorage")
def nightly(timer: func.TimerRequest, notes: func.Out[str]) -> None:
    """Lack a setting: its storage."""
    del timer
    notes.set("never")
