"""Directory role assignments over the tenant or over one unit (Graph "unifiedRoleAssignment")."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from dev.tenant.access import ROLE_IDS, UNIT_SCOPE, WHOLE_TENANT, ScopedRole, assignment_id
from dev.tenant.graph.caller import READ_ROLES, Caller
from dev.tenant.graph.equality import equalities, fits
from dev.tenant.graph.errors import bad_request, directory_denied, not_found
from dev.tenant.graph.paging import page
from dev.tenant.graph.request_body import json_object
from dev.tenant.people import Group, Person
from dev.tenant.state import TenantState
from dev.tenant.wire import Call, Reply

WRITE_ROLES = {"RoleManagement.ReadWrite.Directory"}
# Graph "List unifiedRoleAssignments" and "List roleEligibilityScheduleInstances".
READERS = {
    *("Directory Readers", "Global Administrator", "Global Reader", "Privileged Role Administrator"),
    *("Security Administrator", "Security Reader"),
}
# Who may assign roles (Graph "Create unifiedRoleAssignment").
ASSIGNERS = {"Privileged Role Administrator", "Global Administrator"}
# Of the roles known here, those that may be held over a unit
# (Entra "Assign Microsoft Entra roles with administrative unit scope").
OVER_UNITS = {
    "Authentication Administrator",
    "Groups Administrator",
    "Helpdesk Administrator",
    "Password Administrator",
    "Privileged Authentication Administrator",
    "User Administrator",
}
_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#roleManagement/directory/roleAssignments"
_FILTERS = {"principalId", "roleDefinitionId", "directoryScopeId"}


def answer(state: TenantState, caller: Caller, call: Call, rest: list[str]) -> Reply:
    """Answer a call below /roleManagement/directory/roleAssignments."""
    if call.method == "GET":
        caller.needs(READ_ROLES | WRITE_ROLES)
        check_reader(state, caller)
    else:
        caller.needs(WRITE_ROLES)
        if caller.person is not None and not caller.roles & ASSIGNERS:
            raise directory_denied()
    match call.method, rest:
        case "GET", []:
            return _list(state, call)
        case "POST", []:
            return _create(state, call)
        case "DELETE", [key]:
            return _delete(state, key)
    raise bad_request(f"Resource not found for the segment '{rest[-1] if rest else 'roleAssignments'}'.")


def check_reader(state: TenantState, caller: Caller, roles: set[str] = READERS) -> None:
    """Refuse somebody without a role that reads roles, where the switch asks for one."""
    if state.switches.role_reads_need_role and caller.person is not None and not caller.roles & roles:
        raise directory_denied()


def _rows(state: TenantState) -> dict[str, dict[str, object]]:
    rows: dict[str, dict[str, object]] = {}
    holders: list[Person | Group] = [*state.people.stored(), *state.groups.values()]
    for holder in holders:
        for role in holder.roles:
            key = assignment_id(holder.id, role)
            rows[key] = _row(key, holder.id, WHOLE_TENANT, role)
    for held in state.access.scoped_roles.values():
        rows[held.id] = _row(held.id, held.principal_id, held.scope, held.role)
    return rows


def _row(key: str, principal_id: str, scope: str, role: str) -> dict[str, object]:
    return {
        "id": key,
        "principalId": principal_id,
        "directoryScopeId": scope,
        "roleDefinitionId": definition_id(role),
    }


def definition_id(role: str) -> str:
    """A role's definition id; one of its own for a role that is not known here."""
    return ROLE_IDS.get(role, str(uuid.uuid5(uuid.NAMESPACE_URL, role)))


def _list(state: TenantState, call: Call) -> Reply:
    wanted = equalities(call.params.get("$filter"), _FILTERS)
    rows = _rows(state)
    ids, more = page(state, call, lambda: [key for key, row in rows.items() if fits(row, wanted)])
    select = call.params.get("$select")
    found = [rows[key] for key in ids if key in rows]
    value = [{name: row.get(name) for name in select.split(",")} for row in found] if select else found
    return Reply(200, {"@odata.context": _CONTEXT, **more, "value": value})


def _create(state: TenantState, call: Call) -> Reply:
    body = json_object(call)
    names = {role_id: name for name, role_id in ROLE_IDS.items()}
    role = names.get(str(body.get("roleDefinitionId")))
    scope, principal_id = str(body.get("directoryScopeId")), str(body.get("principalId")).lower()
    if role is None:
        raise bad_request("The role definition is not known.", "Request_BadRequest")
    holder: Person | Group | None = state.find_person(principal_id) or state.groups.get(principal_id)
    if holder is None:
        raise not_found(principal_id)
    key = assignment_id(holder.id, role, scope)
    if key in _rows(state):
        message = "A conflicting object with one or more of the specified property values is present."
        raise bad_request(message, "Request_BadRequest")
    if scope == WHOLE_TENANT:
        holder.roles = [*holder.roles, role]
    else:
        _check_unit(state, scope, role)
        held = ScopedRole(holder.id, role, scope.removeprefix(UNIT_SCOPE))
        state.access.scoped_roles[held.id] = held
    row = _row(key, holder.id, scope, role)
    return Reply(HTTPStatus.CREATED, {"@odata.context": f"{_CONTEXT}/$entity", **row})


def _check_unit(state: TenantState, scope: str, role: str) -> None:
    if not scope.startswith(UNIT_SCOPE) or scope.removeprefix(UNIT_SCOPE) not in state.access.units:
        raise not_found(scope)
    if role not in OVER_UNITS:
        message = "The given built-in role is not supported to be assigned to a single resource scope."
        raise bad_request(message, "Request_BadRequest")


def _delete(state: TenantState, key: str) -> Reply:
    if state.access.scoped_roles.pop(key, None) is not None:
        return Reply(HTTPStatus.NO_CONTENT)
    holders: list[Person | Group] = [*state.people.stored(), *state.groups.values()]
    for holder in holders:
        for role in holder.roles:
            if assignment_id(holder.id, role) == key:
                holder.roles = [name for name in holder.roles if name != role]
                return Reply(HTTPStatus.NO_CONTENT)
    raise not_found(key)
