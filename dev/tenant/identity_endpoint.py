"""The App Service identity endpoint: tokens for the app's managed identity, over plain http."""

from __future__ import annotations

import hmac
from http import HTTPStatus

from dev.tenant import tokens
from dev.tenant.secrets_and_accounts import Token
from dev.tenant.state import TenantState, new_guid
from dev.tenant.wire import Call, Reply

MANAGED_IDENTITY_ID = "0d9a6e1b-93f4-4c7e-8a52-2e1b7c64f0aa"
API_VERSION = "2019-08-01"
_RESOURCES = {
    tokens.GRAPH_AUDIENCE,
    tokens.VAULT_AUDIENCE,
    tokens.EXCHANGE_AUDIENCE,
    tokens.MONITOR_AUDIENCE,
}
_RENEWED_BEFORE = 300


def answer(state: TenantState, call: Call, header: str) -> Reply:
    """What the endpoint answers, after the header and the switches."""
    reply = _answer(state, call, header)
    reply.delay = max(reply.delay, state.switches.identity_delay)
    return reply


def _answer(state: TenantState, call: Call, header: str) -> Reply:
    if not hmac.compare_digest(call.headers.get("x-identity-header", "").encode(), header.encode()):
        return _error(HTTPStatus.UNAUTHORIZED, "Missing or wrong X-IDENTITY-HEADER.")
    refused = _switched_off(state, call)
    if refused is not None:
        return refused
    resource = call.params.get("resource", "")
    if call.params.get("api-version") != API_VERSION:
        return _error(HTTPStatus.BAD_REQUEST, "The api-version is not supported.")
    if resource.rstrip("/") not in _RESOURCES:
        # A wrong resource comes as a vague 500.
        return _error(
            HTTPStatus.INTERNAL_SERVER_ERROR, "An unexpected error occurred while fetching the AAD Token."
        )
    client_id = call.params.get("client_id", MANAGED_IDENTITY_ID)
    access_token, expires = _token(state, resource.rstrip("/"), client_id)
    body = {
        "access_token": access_token,
        "expires_on": str(int(expires)),  # a string, and there is no expires_in
        "resource": resource,
        "token_type": "Bearer",
        "client_id": client_id,
    }
    return Reply(200, body, caller="managed identity")


def _token(state: TenantState, resource: str, client_id: str) -> tuple[str, float]:
    """A new token; or the one of before, where the endpoint keeps them: a revoked one as well."""
    now, switches = state.clock(), state.switches
    kept, ends = state.identity_tokens.get((resource, client_id), ("", 0.0))
    if switches.identity_caches and ends > now + _RENEWED_BEFORE:
        return kept, ends
    ends = now + switches.identity_token_lifetime
    made = tokens.issue(state, Token(resource, client_id, ends))
    state.identity_tokens[resource, client_id] = (made, ends)
    return made, ends


def _switched_off(state: TenantState, call: Call) -> Reply | None:
    mode = state.switches.identity
    unknown = call.params.get("client_id") not in {
        None,
        MANAGED_IDENTITY_ID,
        *state.switches.identity_client_ids,
    }
    if mode == "absent" or unknown:
        return _error(
            HTTPStatus.BAD_REQUEST, "No Managed Identity found for specified ClientId/ResourceId/PrincipalId."
        )
    if mode == "400":
        return _error(HTTPStatus.BAD_REQUEST, "The parameters are invalid.")
    if mode == "429":
        reply = _error(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests.")
        wait = state.switches.identity_retry_after
        reply.headers |= {} if wait is None else {"Retry-After": str(wait)}
        return reply
    if mode == "html":
        return Reply(HTTPStatus.OK, raw=b"<html>sign in</html>", headers={"Content-Type": "text/html"})
    if mode == "500":
        return _error(
            HTTPStatus.INTERNAL_SERVER_ERROR, "An unexpected error occurred while fetching the AAD Token."
        )
    moved = {"Location": state.switches.identity_location}
    status = {"302": HTTPStatus.FOUND, "307": HTTPStatus.TEMPORARY_REDIRECT}.get(
        mode, HTTPStatus.INTERNAL_SERVER_ERROR
    )
    return Reply(status, headers=moved) if mode in {"302", "307", "500-empty"} else None


def _error(status: int, message: str) -> Reply:
    return Reply(status, {"statusCode": int(status), "message": message, "correlationId": new_guid()})
