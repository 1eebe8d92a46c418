"""Service principals, delegated grants and domains, as far as somebody checks them."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from dev.tenant.graph.caller import Caller
from dev.tenant.graph.equality import equalities, fits
from dev.tenant.graph.errors import bad_request, not_found
from dev.tenant.graph.paging import page
from dev.tenant.state import TenantState
from dev.tenant.wire import Call, Reply

READ_APPLICATIONS = {"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"}
READ_GRANTS = {
    "Directory.Read.All",
    "DelegatedPermissionGrant.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
}
READ_DOMAINS = {"Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All"}
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
NEVER_EXPIRES = 2147483647
_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"


def service_principal_id(app_id: str) -> str:
    """The object id of an app's service principal in this tenant."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"servicePrincipal/{app_id.lower()}"))


def answer(state: TenantState, caller: Caller, call: Call, names: list[str]) -> Reply:
    """Answer a read; `names` are the parts of the path behind the version."""
    match names:
        case ["servicePrincipals"]:
            return _service_principals(state, caller, call)
        case ["oauth2PermissionGrants"]:
            return _grants(state, caller, call)
        case ["domains", name]:
            return _domain(state, caller, name)
    raise bad_request(f"Resource not found for the segment '{names[-1]}'.")


def _service_principals(state: TenantState, caller: Caller, call: Call) -> Reply:
    caller.needs(READ_APPLICATIONS)
    wanted = equalities(call.params.get("$filter"), {"appId"})
    apps = {app.client_id: app.display_name for app in state.apps.values()} | {
        GRAPH_APP_ID: "Microsoft Graph"
    }
    rows = [
        {"id": service_principal_id(key), "appId": key, "displayName": name, "accountEnabled": True}
        for key, name in apps.items()
    ]
    found, more = page(state, call, lambda: [row for row in rows if fits(row, wanted)])
    return Reply(200, {"@odata.context": f"{_CONTEXT}servicePrincipals", **more, "value": found})


def _grants(state: TenantState, caller: Caller, call: Call) -> Reply:
    caller.needs(READ_GRANTS)
    wanted = equalities(call.params.get("$filter"), {"clientId", "principalId", "consentType"})
    rows = [
        {
            "id": grant.id,
            "clientId": service_principal_id(grant.client_id),
            "consentType": "AllPrincipals" if grant.principal_id is None else "Principal",
            "principalId": grant.principal_id,
            "resourceId": service_principal_id(grant.resource),
            "scope": grant.scope,
        }
        for grant in state.access.grants.values()
    ]
    found, more = page(state, call, lambda: [row for row in rows if fits(row, wanted)])
    return Reply(200, {"@odata.context": f"{_CONTEXT}oauth2PermissionGrants", **more, "value": found})


def _domain(state: TenantState, caller: Caller, name: str) -> Reply:
    caller.needs(READ_DOMAINS)
    if name.lower() != state.domain:
        raise not_found(name)
    # The whole domain is federated when somebody of it is.
    federated = any(account.federated for account in state.accounts.values())
    body = {
        "@odata.context": f"{_CONTEXT}domains/$entity",
        "id": state.domain,
        "authenticationType": "Federated" if federated else "Managed",
        "isVerified": True,
        "passwordValidityPeriodInDays": NEVER_EXPIRES,
    }
    return Reply(HTTPStatus.OK, body)
