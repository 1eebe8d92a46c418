"""`POST /api/mfa-sync`: HR and IAM systems name users, and read a result for each."""

from __future__ import annotations

import azure.functions as func

from mfa_sync.push import push
from mfa_sync.triggers.http_edge import respond

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves it untyped


@blueprint.function_name("mfa_sync")
@blueprint.route("mfa-sync", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def mfa_sync(req: func.HttpRequest) -> func.HttpResponse:
    """Make the phones of the users named agree with their source."""
    return await respond(req, push)
