"""Conditional Access: named locations, policies, and security defaults.

Policies are kept and shown; that they act on sign-ins is not emulated.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from dev.tenant.graph.caller import Caller
from dev.tenant.graph.errors import GraphError, bad_request, not_found
from dev.tenant.graph.paging import page
from dev.tenant.graph.request_body import json_object
from dev.tenant.state import TenantState, new_guid
from dev.tenant.wire import Call, Reply

READ_POLICIES = "Policy.Read.All"
WRITE_POLICIES = "Policy.ReadWrite.ConditionalAccess"
# Policies name applications, hence the third right (Graph "Create conditionalAccessPolicy").
READ_APPLICATIONS = {"Application.Read.All", "Directory.Read.All"}
READERS = {
    "Conditional Access Administrator",
    "Global Administrator",
    "Global Reader",
    "Security Administrator",
    "Security Reader",
}
WRITERS = {"Conditional Access Administrator", "Global Administrator", "Security Administrator"}
STATES = {"enabled", "disabled", "enabledForReportingButNotEnforced"}
_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"
_RANGES = {"#microsoft.graph.iPv4CidrRange", "#microsoft.graph.iPv6CidrRange"}
_ANY_LOCATION = {"All", "AllTrusted"}
_CONDITIONS: dict[str, Any] = {
    "userRiskLevels": [],
    "signInRiskLevels": [],
    "clientAppTypes": ["all"],
    "platforms": None,
    "locations": None,
    "devices": None,
    "clientApplications": None,
}
_USERS = ("includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles")
_APPLICATIONS = ("includeApplications", "excludeApplications", "includeUserActions")


def answer(state: TenantState, caller: Caller, call: Call, rest: list[str]) -> Reply:
    """Answer a call below /identity/conditionalAccess."""
    _check(caller, reading=call.method == "GET", policies=rest[:1] == ["policies"])
    kept = {"namedLocations": state.access.locations, "policies": state.access.policies}.get(rest[0])
    if kept is None:
        raise bad_request(f"Resource not found for the segment '{rest[0]}'.")
    read = _location if rest[0] == "namedLocations" else _policy
    match call.method, rest[1:]:
        case "GET", []:
            return _list(state, call, rest[0], kept)
        case "POST", []:
            row = {"id": new_guid()} | read(state, json_object(call), {}) | _dates(state)
            kept[row["id"]] = row
            return Reply(HTTPStatus.CREATED, {"@odata.context": f"{_CONTEXT}{rest[0]}/$entity", **row})
        case "GET", [key]:
            return Reply(200, {"@odata.context": f"{_CONTEXT}{rest[0]}/$entity", **_kept(kept, key)})
        case "PATCH", [key]:
            row = _kept(kept, key)
            row |= read(state, json_object(call), row)
            return Reply(HTTPStatus.NO_CONTENT)
        case "DELETE", [key]:
            _kept(kept, key)
            _check_unused(state, key)
            del kept[key]
            return Reply(HTTPStatus.NO_CONTENT)
    raise bad_request(f"Resource not found for the segment '{rest[-1]}'.")


def security_defaults(state: TenantState, caller: Caller) -> Reply:
    """GET /policies/identitySecurityDefaultsEnforcementPolicy."""
    _check(caller, reading=True, policies=False)
    body = {
        "@odata.context": f"{_CONTEXT}policies/identitySecurityDefaultsEnforcementPolicy/$entity",
        "id": "00000000-0000-0000-0000-000000000005",
        "displayName": "Security Defaults",
        "isEnabled": state.access.security_defaults,
    }
    return Reply(200, body)


def _check(caller: Caller, *, reading: bool, policies: bool) -> None:
    needed = READ_POLICIES in caller.grants
    if not reading:
        needed &= WRITE_POLICIES in caller.grants
        needed &= not policies or bool(caller.grants & READ_APPLICATIONS)
    if caller.person is not None:
        needed &= bool(caller.roles & (READERS if reading else WRITERS))
    if not needed:
        message = "You cannot perform the requested operation, required scopes are missing in the token."
        raise GraphError(HTTPStatus.FORBIDDEN, "AccessDenied", message)


def _list(state: TenantState, call: Call, name: str, kept: dict[str, dict[str, Any]]) -> Reply:
    ids, more = page(state, call, lambda: list(kept))
    value = [kept[key] for key in ids if key in kept]
    return Reply(
        200, {"@odata.context": f"{_CONTEXT}identity/conditionalAccess/{name}", **more, "value": value}
    )


def _location(state: TenantState, body: dict[str, Any], former: dict[str, Any]) -> dict[str, Any]:
    del state
    shown = {"isTrusted": False, **{name: value for name, value in former.items() if name != "id"}, **body}
    ranges = shown.get("ipRanges")
    if shown.get("@odata.type") != "#microsoft.graph.ipNamedLocation" or not shown.get("displayName"):
        raise bad_request("1000: The named location needs @odata.type and displayName.")
    if not ranges or any(row.get("@odata.type") not in _RANGES for row in ranges):
        raise bad_request("1001: ipRanges must hold ranges with their @odata.type.")
    return shown


def _policy(state: TenantState, body: dict[str, Any], former: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in former.items() if name != "id"} | body
    if shown.get("state") not in STATES or not shown.get("displayName"):
        raise bad_request("1002: The policy needs displayName and one of the known states.")
    conditions = _CONDITIONS | (shown.get("conditions") or {})
    for name, lists in (("users", _USERS), ("applications", _APPLICATIONS)):
        conditions[name] = dict.fromkeys(lists) | (conditions.get(name) or {})
        conditions[name] |= {key: value or [] for key, value in conditions[name].items() if key in lists}
    for key in (conditions["locations"] or {}).get("excludeLocations", []):
        if key not in _ANY_LOCATION and key not in state.access.locations:
            raise bad_request(f"1040: NamedLocation with id {key} does not exist in the directory.")
    if shown["state"] == "enabled" and state.access.security_defaults:
        message = (
            "Security Defaults is enabled in the tenant. You must disable Security defaults "
            "before enabling a Conditional Access policy."
        )
        raise bad_request(message)
    controls = {"customAuthenticationFactors": [], "termsOfUse": [], **(shown.get("grantControls") or {})}
    return {"sessionControls": None, **shown, "conditions": conditions, "grantControls": controls}


def _check_unused(state: TenantState, location_id: str) -> None:
    for policy in state.access.policies.values():
        named = policy["conditions"]["locations"] or {}
        if location_id in [*named.get("includeLocations", []), *named.get("excludeLocations", [])]:
            raise bad_request("1042: The named location is used by a policy and cannot be deleted.")


def _kept(kept: dict[str, dict[str, Any]], key: str) -> dict[str, Any]:
    if key not in kept:
        raise not_found(key)
    return kept[key]


def _dates(state: TenantState) -> dict[str, Any]:
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(state.clock()))
    return {"createdDateTime": made, "modifiedDateTime": None}
