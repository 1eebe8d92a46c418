"""Access tokens: made to look like JWTs, opaque to every client, known to the tenant by lookup."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from dev.tenant.access import ROLE_IDS
from dev.tenant.secrets_and_accounts import Token
from dev.tenant.state import TenantState

GRAPH_AUDIENCE = "https://graph.microsoft.com"
MONITOR_AUDIENCE = "https://monitor.azure.com"
VAULT_AUDIENCE = "https://vault.azure.net"
# A managed identity's token for it proves an app that trusts the identity.
EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
# In every member's token; it is no role.
EVERY_MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
_SIGNING_KEY = secrets.token_bytes(32)


def issue(state: TenantState, token: Token) -> str:
    """Give out an access token and remember what it stands for."""
    now = int(state.clock())
    claims: dict[str, Any] = {
        "aud": token.audience,
        "iss": _issuer(state, token.audience),
        "iat": now,
        "nbf": now,
        "exp": int(token.expires_at),
        "appid": token.app_id,
        "tid": state.tenant_id,
        "uti": secrets.token_urlsafe(16),
    }
    if token.person_id is not None:
        claims |= {"oid": token.person_id, "scp": " ".join(state.switches.grants)}
        claims |= _roles_over_tenant(state, token.person_id)
    else:
        claims |= {"oid": state.service_principal_id(token.app_id), "idtyp": "app"}
        claims["sub"] = claims["oid"]
        if token.audience == GRAPH_AUDIENCE:
            claims["roles"] = list(state.application_grants(token.app_id))
    text = jwt(claims)
    state.tokens[text] = token
    return text


def _roles_over_tenant(state: TenantState, person_id: str) -> dict[str, list[str]]:
    """The claim `wids`; roles over a unit are not in it (Entra "Access token claims reference")."""
    switches = state.switches
    if switches.token_wids is not None:
        return {"wids": switches.token_wids} if switches.token_wids else {}
    person = state.people.get(person_id)
    own = person.roles if person else []
    held = own if switches.signed_in_roles is None else switches.signed_in_roles
    over_unit = switches.signed_in_role_unit is not None
    return {"wids": [*(ROLE_IDS[role] for role in held if role in ROLE_IDS and not over_unit), EVERY_MEMBER]}


def _issuer(state: TenantState, audience: str) -> str:
    if audience == EXCHANGE_AUDIENCE:
        return f"https://login.microsoftonline.com/{state.tenant_id}/v2.0"
    return f"https://sts.windows.net/{state.tenant_id}/"


def jwt(claims: dict[str, Any]) -> str:
    """A signed JWT; nobody but the tenant can check the signature, and nobody does."""
    head = _part({"typ": "JWT", "alg": "HS256"})
    body = _part(claims)
    signature = hmac.new(_SIGNING_KEY, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64url(signature)}"


def base64url(data: bytes) -> str:
    """Base64url without padding, as JWTs and client_info use it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _part(value: dict[str, Any]) -> str:
    return base64url(json.dumps(value, separators=(",", ":")).encode())
