"""`GET /api/health`: the process is alive. Anonymous, and it calls nothing."""

from __future__ import annotations

import azure.functions as func

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves it untyped


@blueprint.function_name("health")
@blueprint.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001  the library binds it by name
    """Answer that the functions are loaded."""
    return func.HttpResponse('{"status": "ok"}', mimetype="application/json")
