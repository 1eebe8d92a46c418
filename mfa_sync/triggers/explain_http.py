"""`POST /api/explain`: why is this user's phone what it is, and what would happen now?"""

from __future__ import annotations

import azure.functions as func

from mfa_sync.triggers.http_edge import respond

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves it untyped


@blueprint.function_name("explain")
@blueprint.route("explain", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def explain(req: func.HttpRequest) -> func.HttpResponse:
    """Explain one user without changing anything."""
    from mfa_sync.explain import explain as explain_one

    return await respond(req, explain_one)
