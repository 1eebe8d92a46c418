"""`GET /api/openapi.json`: the HTTP contract, for tools.

It takes a key, though it holds no secret: who has no business here need not learn what this app does, nor
wake it at our cost. The key opens nothing else. docs/callers holds the same document for who writes a caller.
"""

from __future__ import annotations

import azure.functions as func

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the library leaves it untyped


@blueprint.function_name("openapi")
@blueprint.route("openapi.json", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
def openapi(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001  the library binds it by name
    """Answer with the document, whatever the settings are."""
    import json

    from mfa_sync.openapi.document import document

    return func.HttpResponse(json.dumps(document()), mimetype="application/json")
