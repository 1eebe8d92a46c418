"""Who may take a role, or a place in a group, but has not (Privileged Identity Management; needs P2)."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from dev.tenant.access import WHOLE_TENANT
from dev.tenant.graph.caller import READ_ELIGIBLE, READ_ELIGIBLE_MEMBERS, Caller
from dev.tenant.graph.equality import equalities
from dev.tenant.graph.errors import GraphError, bad_request
from dev.tenant.graph.paging import page
from dev.tenant.graph.role_assignments import check_reader, definition_id
from dev.tenant.people import Group, Person
from dev.tenant.state import TenantState
from dev.tenant.wire import Call, Reply

_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"


def list_roles(state: TenantState, caller: Caller, call: Call) -> Reply:
    """GET /roleManagement/directory/roleEligibilityScheduleInstances."""
    _check(state, caller, READ_ELIGIBLE)
    holders: list[Person | Group] = [*state.people.stored(), *state.groups.values()]
    rows = [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"eligible/{holder.id}/{role}")),
            "principalId": holder.id,
            "roleDefinitionId": definition_id(role),
            "directoryScopeId": WHOLE_TENANT,
            "memberType": "Direct",
        }
        for holder in holders
        for role in holder.eligible_roles
    ]
    return _page(state, call, rows, "roleManagement/directory/roleEligibilityScheduleInstances")


def list_members(state: TenantState, caller: Caller, call: Call) -> Reply:
    """GET /identityGovernance/privilegedAccess/group/eligibilityScheduleInstances, of one group."""
    _check(state, caller, READ_ELIGIBLE_MEMBERS)
    check_reader(state, caller, {"Global Reader", "Privileged Role Administrator"})
    group_id = equalities(call.params.get("$filter"), {"groupId"}).get("groupId")
    if group_id is None:
        raise bad_request("The filter must name groupId or principalId.")
    group = state.groups.get(group_id.lower())
    rows = [
        {"id": f"{group_id}_member_{key}", "principalId": key, "groupId": group_id, "accessId": "member"}
        for key in (group.eligible_members if group else [])
    ]
    return _page(state, call, rows, "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances")


def _check(state: TenantState, caller: Caller, any_of: set[str]) -> None:
    if not caller.grants & any_of:
        message = f"Authorization failed due to missing permission scope {','.join(sorted(any_of))}."
        raise GraphError(HTTPStatus.FORBIDDEN, "PermissionScopeNotGranted", message)
    if not state.switches.pim_licence:
        message = "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."
        raise GraphError(HTTPStatus(state.switches.pim_refusal), "AadPremiumLicenseRequired", message)
    check_reader(state, caller)


def _page(state: TenantState, call: Call, rows: list[dict[str, str]], name: str) -> Reply:
    found, more = page(state, call, lambda: rows)
    select = call.params.get("$select")
    value = [{key: row.get(key) for key in select.split(",")} for row in found] if select else found
    return Reply(200, {"@odata.context": _CONTEXT + name, **more, "value": value})
