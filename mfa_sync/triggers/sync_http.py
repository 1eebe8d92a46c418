"""`POST /api/mfa-sync`: HR and IAM systems name users, and read a result for each."""

from __future__ import annotations

from http import HTTPStatus

import azure.functions as func

from mfa_sync.triggers.http_edge import respond
from mfa_sync.triggers.run_queue import CONNECTION, QUEUE, Messages

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves it untyped


@blueprint.route("mfa-sync/{runId?}", methods=["POST", "GET"], auth_level=func.AuthLevel.FUNCTION)
@blueprint.queue_output(arg_name="nudges", queue_name=QUEUE, connection=CONNECTION)
async def mfa_sync(req: func.HttpRequest, nudges: Messages) -> func.HttpResponse:
    """Make the phones of the users named agree with their source; tell how a push of many rows stands.

    One function, so that one key opens both and no more.
    """
    from mfa_sync.api.push import poll, push

    run_id = req.route_params.get("runId")
    if req.method == "GET" and run_id:
        return await respond(req, poll)
    if req.method == "POST" and not run_id:
        return await respond(req, push, nudges, is_push=True)
    return func.HttpResponse(
        status_code=HTTPStatus.METHOD_NOT_ALLOWED.value, headers={"Allow": "GET" if run_id else "POST"}
    )
