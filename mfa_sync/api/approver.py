"""Who decides about runs: a principal the platform vouches for, or whoever knows the second handshake."""

from __future__ import annotations

import base64
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mfa_sync.api.contract.problems import RequestError
from shared.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mfa_sync.api.worker import Call

BY_KEY = "key"
"""Who decided, where only a key and a handshake are known."""

ROLE = "Sync.Approve"
# The platform maps some claims to the long names of WS-Federation, and leaves others as the token has them.
_ROLE_CLAIMS = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")
_ENTRA = "aad"
_MOST_NAME = 256


async def approver_of(call: Call) -> str:
    """Return who decides, to be recorded with the decision.

    Raises:
        RequestError: 401 or 403 `approverRefused`.
        PermanentError, TransientError: The vault could not be read, or its secrets cannot work.
    """
    if call.worker.settings.easy_auth:
        return principal(call.headers)
    if not await call.worker.approver.accepts(call.headers.get("message"), call.deadline()):
        raise RequestError(
            Problem.APPROVER_REFUSED, "The Message header does not hold the approvers' handshake."
        )
    return BY_KEY


def principal(headers: Mapping[str, str]) -> str:
    """Return the name of the principal whom App Service authentication lets through and who may approve.

    Only to be asked where that authentication is on: it takes such headers from whoever sends them and sets
    its own. Source: "Work with user identities in Azure App Service authentication".

    Raises:
        RequestError: 403; no principal of Entra, or not with the app role.
    """
    document = _document(headers.get("x-ms-client-principal"))
    claims = document.get("claims")
    if document.get("auth_typ", _ENTRA) != _ENTRA or not any(
        isinstance(claim, dict) and claim.get("typ") in _ROLE_CLAIMS and claim.get("val") == ROLE
        for claim in (claims if isinstance(claims, list) else ())
    ):
        raise _refused(f"Sign in with Entra as somebody who has the app role {ROLE}.")
    for header in ("x-ms-client-principal-name", "x-ms-client-principal-id"):
        name = (headers.get(header) or "").strip()
        if name and name.isprintable():
            return name[:_MOST_NAME]
    raise _refused("The principal has neither name nor id, so the decision could not be recorded.")


def _document(header: str | None) -> dict[str, Any]:
    try:
        document = json.loads(base64.b64decode(header or "", validate=True))
    except (ValueError, RecursionError):  # not base64, not UTF-8, not JSON
        return {}
    return document if isinstance(document, dict) else {}


def _refused(detail: str) -> RequestError:
    return RequestError(Problem.APPROVER_REFUSED, detail, status=HTTPStatus.FORBIDDEN)
