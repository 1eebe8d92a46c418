"""Who decides about runs: a principal the platform vouches for, or whoever knows the second handshake."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from mfa_sync.api.contract.problems import RequestError
from mfa_sync.api.worker import Call
from shared.errors import Problem
from shared.phone_number import without_numbers
from shared.tenant import is_object_id

BY_KEY = "key"
"""Who decided, where only a key and a handshake are known."""

ROLE = "Sync.Approve"
# The platform maps some claims to the long names of WS-Federation, and leaves others as the token has them.
_ROLE_CLAIMS = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")
_ENTRA = "aad"
_OBJECT_ID = ("http://schemas.microsoft.com/identity/claims/objectidentifier", "oid")
_NAMES = (
    "preferred_username",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "name",
)
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
    """Return object id and name of the principal whom App Service authentication lets through to approve.

    Both stand in the one document that it vouches for. The object id comes first, since names change and are
    chosen; an application has no name. Only to be asked where that authentication is on: it takes such
    headers from whoever sends them and sets its own. Source: "Work with user identities in Azure App Service
    authentication".

    Raises:
        RequestError: 403; no principal of Entra, not with the app role, or without an object id.
    """
    document = _document(headers.get("x-ms-client-principal"))
    stated = document.get("claims")
    claims = [one for one in stated if isinstance(one, dict)] if isinstance(stated, list) else []
    if document.get("auth_typ", _ENTRA) != _ENTRA or not any(
        claim.get("typ") in _ROLE_CLAIMS and claim.get("val") == ROLE for claim in claims
    ):
        raise _refused(f"Sign in with Entra as somebody who has the app role {ROLE}.")
    object_id, name = _claim(claims, _OBJECT_ID), _claim(claims, _NAMES)
    if not is_object_id(object_id):
        raise _refused("The principal has no object id, so the decision could not be recorded.")
    shown = without_numbers(name)[:_MOST_NAME] if name.isprintable() else ""
    return f"{object_id.lower()} {shown}".strip()


def _claim(claims: Sequence[Mapping[str, Any]], types: Sequence[str]) -> str:
    """Return the value of the first of these types that is stated; empty for none."""
    values = {one["typ"]: one.get("val") for one in reversed(claims) if isinstance(one.get("typ"), str)}
    return next((text.strip() for typ in types if isinstance(text := values.get(typ), str)), "")


def _document(header: str | None) -> dict[str, Any]:
    try:
        document = json.loads(base64.b64decode(header or "", validate=True))
    except (ValueError, RecursionError):  # not base64, not UTF-8, not JSON
        return {}
    return document if isinstance(document, dict) else {}


def _refused(detail: str) -> RequestError:
    return RequestError(Problem.APPROVER_REFUSED, detail, status=HTTPStatus.FORBIDDEN)
