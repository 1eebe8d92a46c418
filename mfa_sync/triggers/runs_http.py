"""`/api/runs`: operators list, read, start, approve, discard and stop runs. Each has a key of its own."""

from __future__ import annotations

import azure.functions as func

from mfa_sync.triggers.http_edge import respond
from mfa_sync.triggers.run_queue import CONNECTION, QUEUE, Messages

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves it untyped


@blueprint.route("runs", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def runs_list(req: func.HttpRequest) -> func.HttpResponse:
    """List runs, the newest first."""
    from mfa_sync.api import operate

    return await respond(req, operate.list_runs)


@blueprint.route("runs", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@blueprint.queue_output(arg_name="nudges", queue_name=QUEUE, connection=CONNECTION)
async def runs_start(req: func.HttpRequest, nudges: Messages) -> func.HttpResponse:
    """Begin a sweep now."""
    from mfa_sync.api import operate

    return await respond(req, operate.start_run, nudges)


@blueprint.route("runs/{runId}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def runs_read(req: func.HttpRequest) -> func.HttpResponse:
    """Tell of one run, with a page of its plan."""
    from mfa_sync.api import operate

    return await respond(req, operate.read_run)


@blueprint.route("runs/{runId}/approve", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@blueprint.queue_output(arg_name="nudges", queue_name=QUEUE, connection=CONNECTION)
async def runs_approve(req: func.HttpRequest, nudges: Messages) -> func.HttpResponse:
    """Let a held plan go on."""
    from mfa_sync.api import operate

    return await respond(req, operate.approve_run, nudges)


@blueprint.route("runs/{runId}/discard", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def runs_discard(req: func.HttpRequest) -> func.HttpResponse:
    """Give a held plan up."""
    from mfa_sync.api import operate

    return await respond(req, operate.discard_run)


@blueprint.route("runs/{runId}/stop", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def runs_stop(req: func.HttpRequest) -> func.HttpResponse:
    """Stop a run wherever it stands."""
    from mfa_sync.api import operate

    return await respond(req, operate.stop_run)
