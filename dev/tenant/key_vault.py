"""Key Vault's secrets: the challenge first, the latest version, new versions, and every refusal."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from dev.tenant.secrets_and_accounts import SecretVersion
from dev.tenant.state import VAULT_SUFFIX, TenantState, new_guid
from dev.tenant.tokens import VAULT_AUDIENCE
from dev.tenant.wire import Call, Reply


def answer(state: TenantState, call: Call) -> Reply:
    """What the vault of this host answers."""
    reply = _answer(state, call)
    reply.delay = max(reply.delay, state.switches.vault_delay)
    reply.headers |= {
        "x-ms-request-id": new_guid(),
        "x-ms-keyvault-region": "westeurope",
        "x-ms-keyvault-service-version": "1.9.2784.1",
        "x-ms-keyvault-network-info": "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;",
    }
    return reply


def _answer(state: TenantState, call: Call) -> Reply:
    refused = _unauthorized(state, call) or _switched_off(state)
    if refused is not None:
        return refused
    segments = [unquote(segment) for segment in call.path.split("/") if segment]
    if call.method == "PUT" and segments[:1] == ["secrets"] and len(segments) == 2:  # noqa: PLR2004  secrets/{name}
        return _put(state, call, segments[1])
    if call.method == "GET" and segments[:1] == ["secrets"] and segments[2:] == ["versions"]:
        return _versions(state, call, segments[1])
    if call.method != "GET" or segments[:1] != ["secrets"] or len(segments) not in {2, 3}:
        return _error(HTTPStatus.NOT_FOUND, "NotFound", "The requested resource is not there.")
    vault = call.host.removesuffix(VAULT_SUFFIX)
    name = segments[1]
    versions = state.vaults.get(vault, {}).get(name, [])
    if len(segments) > 2:  # noqa: PLR2004  secrets, name, version
        versions = [version for version in versions if version.version == segments[2]]
    if not versions:
        return _error(
            HTTPStatus.NOT_FOUND,
            "SecretNotFound",
            f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted this "
            "secret you may be able to recover it using the correct recovery command. "
            "For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182",
        )
    return _serve(vault, name, versions[-1])


def _serve(vault: str, name: str, version: SecretVersion) -> Reply:
    if not version.enabled:
        return _forbidden("SecretDisabled", "Operation get is not allowed on a disabled secret.")
    return Reply(200, _bundle(vault, name, version), caller="managed identity")


def _put(state: TenantState, call: Call, name: str) -> Reply:
    vault = call.host.removesuffix(VAULT_SUFFIX)
    body = json.loads(call.body)
    given = body.get("attributes") or {}
    version = state.put_secret(
        name,
        body["value"],
        vault=vault,
        enabled=given.get("enabled", True),
        exp=given.get("exp"),
        nbf=given.get("nbf"),
    )
    version.content_type, version.tags = body.get("contentType"), body.get("tags") or {}
    return Reply(200, _bundle(vault, name, version))


def _versions(state: TenantState, call: Call, name: str) -> Reply:
    """All versions without their values; an unknown name has none."""
    vault = call.host.removesuffix(VAULT_SUFFIX)
    rows = [_bundle(vault, name, version) for version in state.vaults.get(vault, {}).get(name, [])]
    for row in rows:
        del row["value"]
    return Reply(200, {"value": rows, "nextLink": None})


def _bundle(vault: str, name: str, version: SecretVersion) -> dict[str, Any]:
    attributes: dict[str, Any] = {"enabled": version.enabled}
    # Both dates are informational: an expired or a not yet valid secret is served all the same.
    if version.nbf is not None:
        attributes["nbf"] = version.nbf
    if version.exp is not None:
        attributes["exp"] = version.exp
    attributes |= {
        "created": version.created,
        "updated": version.created,
        "recoveryLevel": "Recoverable+Purgeable",
        "recoverableDays": 90,
    }
    body: dict[str, Any] = {
        "value": version.value,
        "id": f"https://{vault}{VAULT_SUFFIX}/secrets/{name}/{version.version}",
        "attributes": attributes,
        "tags": version.tags,
    }
    if version.content_type is not None:
        body["contentType"] = version.content_type
    return body


def _unauthorized(state: TenantState, call: Call) -> Reply | None:
    challenge = {
        "WWW-Authenticate": f'Bearer authorization="https://login.windows.net/{state.tenant_id}", '
        f'resource="{VAULT_AUDIENCE}"'
    }
    if call.bearer is None:
        text = "AKV10000: Request is missing a Bearer or PoP token."
        return _error(HTTPStatus.UNAUTHORIZED, "Unauthorized", text, challenge)
    token = state.tokens.get(call.bearer)
    if token is None or token.audience != VAULT_AUDIENCE or token.expires_at <= state.clock():
        text = "AKV10022: Invalid audience or expired token."
        return _error(HTTPStatus.UNAUTHORIZED, "Unauthorized", text, challenge)
    return None


def _switched_off(state: TenantState) -> Reply | None:
    retry_after = state.switches.vault_retry_after
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    match state.switches.vault:
        case "rbac":
            return _forbidden(
                "ForbiddenByRbac",
                "Caller is not authorized to perform action on resource.\r\n"
                "If role assignments, deny assignments or role definitions were changed recently, "
                "please observe propagation time.\r\n"
                "Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'",
            )
        case "firewall":
            return _forbidden(
                "ForbiddenByFirewall", "Client address is not authorized and caller is not a trusted service."
            )
        case "throttled":
            return _error(HTTPStatus.TOO_MANY_REQUESTS, "Throttled", "Request was not processed.", headers)
        case "unavailable":
            return _error(
                HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable", "The service is unavailable.", headers
            )
    return None


def _forbidden(inner: str, message: str) -> Reply:
    reply = _error(HTTPStatus.FORBIDDEN, "Forbidden", message)
    reply.json["error"]["innererror"] = {"code": inner}
    return reply


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, {"error": {"code": code, "message": message}}, headers=dict(headers or {}))
