"""login.microsoftonline.com: discovery documents and where each call goes."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import unquote

from dev.tenant import token_endpoint
from dev.tenant.sign_in_errors import refusal
from dev.tenant.state import GRAPH_HOST, LOGIN_HOST, TenantState
from dev.tenant.wire import Call, Reply

ANY_TENANT = {"common", "organizations", "consumers"}


def answer(state: TenantState, call: Call) -> Reply:
    """What the sign-in host answers."""
    segments = [unquote(segment) for segment in call.path.split("/") if segment]
    match segments:
        case ["common", "discovery", "instance"]:
            return _instances(state)
        case ["common", "userrealm", upn]:
            return _realm(state, upn)
        case [tenant, "v2.0", ".well-known", "openid-configuration"]:
            return _configuration(state, tenant)
        case [tenant, "oauth2", "v2.0", "token"] if call.method == "POST":
            return _token(state, call, tenant)
    return Reply(HTTPStatus.NOT_FOUND)


def _token(state: TenantState, call: Call, tenant: str) -> Reply:
    if not knows(state, tenant):
        return refusal(state, 90002)
    if tenant in {"common", "consumers"}:
        return refusal(state, 9001023)
    return token_endpoint.answer(state, call)


def knows(state: TenantState, tenant: str) -> bool:
    """Whether this first path segment names our tenant, or any."""
    return tenant.lower() in {state.tenant_id, state.domain, *ANY_TENANT}


def _configuration(state: TenantState, tenant: str) -> Reply:
    if not knows(state, tenant):
        return refusal(state, 90002)
    realm = tenant if tenant in ANY_TENANT else state.tenant_id
    base = f"https://{LOGIN_HOST}/{realm}"
    issuer = "{tenantid}" if tenant in ANY_TENANT else state.tenant_id
    return Reply(
        200,
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"https://{LOGIN_HOST}/{issuer}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": GRAPH_HOST,
            "rbac_url": "https://pas.windows.net",
        },
    )


def _realm(state: TenantState, upn: str) -> Reply:
    domain = upn.rpartition("@")[2].lower()
    account = state.accounts.get(upn.lower())
    body = {
        "ver": "1.0",
        "account_type": "Managed" if domain == state.domain else "Unknown",
        "domain_name": domain,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }
    if account is not None and account.federated:
        body |= {
            "account_type": "Federated",
            "federation_protocol": "WSTrust",
            "federation_metadata_url": f"https://sts.{domain}/adfs/services/trust/mex",
            "federation_active_auth_url": f"https://sts.{domain}/adfs/services/trust/2005/usernamemixed",
        }
    return Reply(200, body)


def _instances(state: TenantState) -> Reply:
    aliases = [LOGIN_HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    return Reply(
        200,
        {
            "tenant_discovery_endpoint": f"https://{LOGIN_HOST}/{state.tenant_id}"
            "/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [
                {"preferred_network": LOGIN_HOST, "preferred_cache": "login.windows.net", "aliases": aliases}
            ],
        },
    )
