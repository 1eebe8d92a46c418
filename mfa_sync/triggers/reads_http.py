"""What is only read: explain one user, the doctor, the contract's document, and whether we are alive."""

from __future__ import annotations

from pathlib import Path

import azure.functions as func

from mfa_sync.triggers.http_edge import respond

# Made by `python -m dev.openapi` from the types of the contract.
_CONTRACT = Path(__file__).parents[1] / "api" / "contract" / "openapi.json"

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves it untyped


@blueprint.route("explain", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def explain(req: func.HttpRequest) -> func.HttpResponse:
    """Explain one user without changing anything."""
    from mfa_sync.api.explain import explain as explain_one

    return await respond(req, explain_one)


@blueprint.route("doctor", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def doctor(req: func.HttpRequest) -> func.HttpResponse:
    """Find out about app and tenant, and say what is missing."""
    from mfa_sync.api.doctor import doctor as examine

    return await respond(req, examine)


@blueprint.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001  the library binds it by name
    """Answer that the functions are loaded."""
    return func.HttpResponse('{"status": "ok"}', mimetype="application/json")


@blueprint.route("openapi.json", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
def openapi(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001  the library binds it by name
    """Answer with the document, whatever the settings are.

    It takes a key, though it holds no secret: an outsider need not learn what this app does, nor wake it at
    our cost. The key opens nothing else.
    """
    return func.HttpResponse(_CONTRACT.read_bytes(), mimetype="application/json")
