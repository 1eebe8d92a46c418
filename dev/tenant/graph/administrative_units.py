"""Administrative units and their members (Graph "administrativeUnit")."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from dev.tenant.access import AdministrativeUnit
from dev.tenant.graph.caller import Caller
from dev.tenant.graph.equality import equalities, fits
from dev.tenant.graph.errors import GraphError, bad_request, directory_denied, not_found
from dev.tenant.graph.paging import page
from dev.tenant.graph.request_body import json_object
from dev.tenant.state import TenantState, new_guid
from dev.tenant.wire import Call, Reply

READ_UNITS = {
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
}
WRITE_UNITS = {"AdministrativeUnit.ReadWrite.All"}
# Who may make units and fill them (Graph "Create administrativeUnit").
MANAGERS = {"Privileged Role Administrator", "Global Administrator"}
_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"
_SETTABLE = {
    "displayName": "display_name",
    "description": "description",
    "visibility": "visibility",
    "membershipType": "membership_type",
    "membershipRule": "membership_rule",
    "isMemberManagementRestricted": "restricted",
}


def answer(state: TenantState, caller: Caller, call: Call, rest: list[str]) -> Reply:
    """Answer a call below /directory/administrativeUnits."""
    caller.needs(READ_UNITS if call.method == "GET" else WRITE_UNITS)
    if call.method != "GET" and caller.person is not None and not caller.roles & MANAGERS:
        raise directory_denied()
    if not rest:
        return _list(state, call) if call.method == "GET" else _create(state, call)
    unit = _unit(state, rest[0])
    match call.method, rest[1:]:
        case "GET", []:
            return _one(unit, HTTPStatus.OK)
        case "DELETE", []:
            return _delete(state, unit)
        case _, ["members", *path]:
            return _members(state, call, unit, path)
    raise bad_request(f"Resource not found for the segment '{rest[-1]}'.")


def _members(state: TenantState, call: Call, unit: AdministrativeUnit, path: list[str]) -> Reply:
    match call.method, path:
        case "GET", [] | ["microsoft.graph.user"]:
            return _list_members(state, call, unit, users_only=bool(path))
        case "POST", ["$ref"]:
            return _add_member(state, call, unit)
        case "DELETE", [member_id, "$ref"]:
            return _remove_member(state, unit, member_id)
    raise bad_request(f"Resource not found for the segment '{path[-1] if path else 'members'}'.")


def _list(state: TenantState, call: Call) -> Reply:
    wanted = equalities(call.params.get("$filter"), {"id", "displayName", "description"})
    rows = {unit.id: _json(unit) for unit in state.access.units.values()}
    ids, more = page(state, call, lambda: [key for key, row in rows.items() if fits(row, wanted)])
    value = [rows[key] for key in ids if key in rows]
    return Reply(200, {"@odata.context": f"{_CONTEXT}directory/administrativeUnits", **more, "value": value})


def _create(state: TenantState, call: Call) -> Reply:
    body = json_object(call)
    body.pop("@odata.type", None)
    processing = body.pop("membershipRuleProcessingState", None)
    unknown = sorted(set(body) - set(_SETTABLE))
    if unknown:
        raise bad_request(f"Invalid property '{unknown[0]}'.", "Request_BadRequest")
    if not body.get("displayName"):
        raise bad_request("A value is required for property 'displayName' of resource.", "Request_BadRequest")
    dynamic = body.get("membershipType") == "Dynamic"
    if dynamic != bool(body.get("membershipRule")) or dynamic != bool(processing):
        message = "Dynamic membership needs membershipType, membershipRule and membershipRuleProcessingState."
        raise bad_request(message, "Request_BadRequest")
    unit = AdministrativeUnit(new_guid(), **{_SETTABLE[name]: value for name, value in body.items()})
    state.access.units[unit.id] = unit
    return _one(unit, HTTPStatus.CREATED)


def _delete(state: TenantState, unit: AdministrativeUnit) -> Reply:
    del state.access.units[unit.id]
    for person in list(state.people.stored()):
        if unit.id in person.administrative_units:
            person.administrative_units = [key for key in person.administrative_units if key != unit.id]
    # Roles over a unit end with it.
    kept = {key: held for key, held in state.access.scoped_roles.items() if held.unit_id != unit.id}
    state.access.scoped_roles = kept
    return Reply(HTTPStatus.NO_CONTENT)


def _list_members(state: TenantState, call: Call, unit: AdministrativeUnit, *, users_only: bool) -> Reply:
    def matches() -> list[str]:
        people = [person.id for person in state.people.stored() if unit.id in person.administrative_units]
        return people if users_only else [*people, *unit.groups]

    ids, more = page(state, call, matches)
    kinds = {key: "group" if key in state.groups else "user" for key in ids}
    value = [{"@odata.type": f"#microsoft.graph.{kinds[key]}", "id": key} for key in ids]
    return Reply(200, {"@odata.context": f"{_CONTEXT}directoryObjects", **more, "value": value})


def _add_member(state: TenantState, call: Call, unit: AdministrativeUnit) -> Reply:
    if unit.membership_type == "Dynamic":
        message = "Insufficient privileges: the members of a dynamic administrative unit follow its rule."
        raise GraphError(HTTPStatus.FORBIDDEN, "Authorization_RequestDenied", message)
    key = str(json_object(call).get("@odata.id", "")).rpartition("/")[2].lower()
    person = state.find_person(key)
    held = unit.groups if person is None else person.administrative_units
    mark = key if person is None else unit.id
    if person is None and key not in state.groups:
        raise not_found(key)
    if mark in held:
        message = (
            "One or more added object references already exist for the following modified properties: "
            "'members'."
        )
        raise bad_request(message, "Request_BadRequest")
    if person is None:
        # The group itself is then in scope, not its members (Entra "Add users, groups, or devices").
        unit.groups.append(key)
    else:
        person.administrative_units = [*person.administrative_units, unit.id]
    return Reply(HTTPStatus.NO_CONTENT)


def _remove_member(state: TenantState, unit: AdministrativeUnit, member_id: str) -> Reply:
    person = state.find_person(member_id)
    if person is not None and unit.id in person.administrative_units:
        person.administrative_units = [key for key in person.administrative_units if key != unit.id]
    elif member_id in unit.groups:
        unit.groups.remove(member_id)
    else:
        raise not_found(member_id)
    return Reply(HTTPStatus.NO_CONTENT)


def _unit(state: TenantState, unit_id: str) -> AdministrativeUnit:
    unit = state.access.units.get(unit_id.lower())
    if unit is None:
        raise not_found(unit_id)
    return unit


def _one(unit: AdministrativeUnit, status: int) -> Reply:
    return Reply(status, {"@odata.context": f"{_CONTEXT}administrativeUnits/$entity", **_json(unit)})


def _json(unit: AdministrativeUnit) -> dict[str, Any]:
    dynamic = unit.membership_type == "Dynamic"
    return {
        "id": unit.id,
        "deletedDateTime": None,
        **{name: getattr(unit, attribute) for name, attribute in _SETTABLE.items()},
        "membershipRuleProcessingState": "On" if dynamic else None,
    }
