"""GET /auditLogs/directoryAudits: who registered, updated or deleted whose phone, minutes later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from dev.tenant.audit_log import Actor, Entry
from dev.tenant.graph import audit_filter
from dev.tenant.graph.audit_filter import CATEGORY, DIRECTORY, SERVICE
from dev.tenant.graph.caller import Caller
from dev.tenant.graph.errors import GraphError, bad_request
from dev.tenant.graph.paging import page
from dev.tenant.people import PHONE_METHOD_IDS
from dev.tenant.phone_number_format import masked_form, shown_form
from dev.tenant.state import TenantState
from dev.tenant.wire import Call, Reply

READ_AUDIT = "AuditLog.Read.All"
# Graph "List directoryAudits"; Global Administrator can read everything.
READERS = {
    "Global Administrator",
    "Global Reader",
    "Reports Reader",
    "Security Administrator",
    "Security Reader",
}
PAGE_SIZES = (1000, 1000)
_DAY = 24 * 3600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPERATIONS = {"registered": "Add", "updated": "Update", "deleted": "Delete"}
_PROPERTIES = (
    *("id", "category", "correlationId", "result", "resultReason", "activityDisplayName"),
    *("activityDateTime", "loggedByService", "operationType", "initiatedBy", "targetResources"),
    "additionalDetails",
)
_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#auditLogs/directoryAudits"
_TIP = (
    "Use $select to choose only the properties your app needs, as this can lead to performance improvements. "
    "For example: GET auditLogs/directoryAudits?$select=activityDateTime,activityDisplayName"
)


def list_audits(state: TenantState, caller: Caller, call: Call) -> Reply:
    """The entries that are old enough to be seen and not too old to be kept.

    Raises:
        GraphError: 403 without the permission or, for a signed-in caller, one of the roles; 400 for queries.
    """
    check_reader(caller)
    switches, now = state.switches, state.clock()
    names = _selected(call.params.get("$select"))
    text = call.params.get("$filter")
    test = None
    if text is not None:
        test = audit_filter.compiled(text, by_service=switches.audit_service_filter)
    newest_first = _newest_first(call.params.get("$orderby"))

    def matches() -> list[int]:
        visible = state.audit.between(
            now - switches.audit_retention_days * _DAY, now - switches.audit_latency
        )
        found = [entry.number for entry in visible if test is None or test(entry)]
        return found[::-1] if newest_first else found

    numbers, more = page(state, call, matches, sizes=PAGE_SIZES)
    entries = [entry for number in numbers if (entry := state.audit.get(number)) is not None]
    tip = {} if "$select" in call.params else {"@microsoft.graph.tips": _TIP}
    value = [{name: shown[name] for name in names} for shown in (_json(state, entry) for entry in entries)]
    return Reply(200, {"@odata.context": _CONTEXT, **tip, **more, "value": value})


def check_reader(caller: Caller) -> None:
    """Refuse whoever may not read the audit log and the reports, with 403."""
    if READ_AUDIT not in caller.grants:
        message = f"The principal does not have required Microsoft Graph permission(s): {READ_AUDIT}."
        raise GraphError(HTTPStatus.FORBIDDEN, "Authentication_MSGraphPermissionMissing", message)
    if caller.person is not None and not caller.roles & READERS:
        message = "User is not in the allowed roles"
        raise GraphError(HTTPStatus.FORBIDDEN, "Authentication_RequestFromUnsupportedUserRole", message)


def _selected(select: str | None) -> list[str]:
    names = [name.strip() for name in (select or "").split(",") if name.strip()]
    for name in names:
        if name not in _PROPERTIES:
            raise audit_filter.unknown_property(name)
    return names or list(_PROPERTIES)


def _newest_first(order: str | None) -> bool:
    name, _, direction = (order or "activityDateTime desc").strip().partition(" ")
    if name != "activityDateTime" or direction.strip() not in {"", "asc", "desc"}:
        raise bad_request(f"Ordering by '{order}' is not supported.")
    return direction.strip() == "desc"


def _json(state: TenantState, entry: Entry) -> dict[str, Any]:
    at = _EPOCH + timedelta(microseconds=entry.at)
    service = DIRECTORY if entry.by_directory else SERVICE
    return {
        "id": f"{service.replace('Core Directory', 'Directory')}_{entry.correlation_id}_EMUL8_{entry.number}",
        "category": entry.category or CATEGORY,
        "correlationId": entry.correlation_id,
        "result": "success",
        "resultReason": entry.reason,
        "activityDisplayName": entry.activity,
        "activityDateTime": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "loggedByService": service,
        "operationType": "Update" if entry.by_directory else _OPERATIONS[entry.act],
        "initiatedBy": _initiator(state, entry.by),
        "targetResources": [
            {
                "id": entry.target.id,
                "displayName": entry.target.name,
                "type": "User",
                "userPrincipalName": entry.target.upn,
                "groupType": None,
                "modifiedProperties": _modified(state, entry),
            }
        ],
        "additionalDetails": [],
    }


def _initiator(state: TenantState, by: Actor) -> Mapping[str, Any]:
    if by.upn is None:
        shown = state.switches.audit_app_ids
        app = {
            "appId": by.id if shown != "servicePrincipalId" else None,
            "displayName": by.name,
            "servicePrincipalId": by.service_principal_id if shown != "appId" else None,
            "servicePrincipalName": None,
        }
        return {"user": None, "app": app}
    user = {"id": by.id, "displayName": by.name, "userPrincipalName": by.upn, "ipAddress": "203.0.113.7"}
    return {"user": user, "app": None}


def _modified(state: TenantState, entry: Entry) -> list[dict[str, str]]:
    """Old and new values as JSON text; public hunting rules read the number at place 2."""
    there = (entry.old is not None, entry.new is not None)
    if entry.category:
        return []
    if entry.by_directory:
        return _of_directory(state, entry)
    if entry.phone_type not in PHONE_METHOD_IDS:
        return []
    rows = (
        ("Id", [PHONE_METHOD_IDS[entry.phone_type] if one else None for one in there]),
        ("PhoneType", [entry.phone_type if one else None for one in there]),
        ("PhoneNumber", [_shown(state, number) for number in (entry.old, entry.new)]),
    )
    return [
        {
            "displayName": f"PhoneAuthenticationMethod.{name}",
            "oldValue": json.dumps(values[0] or ""),
            "newValue": json.dumps(values[1] or ""),
        }
        for name, values in rows
    ]


def _of_directory(state: TenantState, entry: Entry) -> list[dict[str, str]]:
    """What "Update user" shows of a change of a phone, as seen in Azure-Sentinel#4786."""
    details = [
        json.dumps([{"PhoneNumber": _shown(state, number)}] if number else [])
        for number in (entry.old, entry.new)
    ]
    return [
        {
            "displayName": "StrongAuthenticationUserDetails",
            "oldValue": details[0],
            "newValue": details[1],
        },
        {
            "displayName": "Included Updated Properties",
            "oldValue": "",
            "newValue": json.dumps("StrongAuthenticationUserDetails"),
        },
    ]


def _shown(state: TenantState, number: str | None) -> str | None:
    if number is None or state.switches.audit_numbers == "absent":
        return None
    shown = shown_form(number)
    if state.switches.audit_numbers == "full":
        return shown
    return masked_form(shown, state.switches.mask_character, state.switches.mask_keeps)
