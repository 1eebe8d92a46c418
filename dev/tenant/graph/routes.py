"""Which handler answers which path of Graph; calls of their own and batch items alike."""

from __future__ import annotations

import math
from http import HTTPStatus

from dev.tenant.graph import (
    access,
    all_methods,
    audits,
    consent,
    delta,
    groups,
    phone_methods,
    registrations,
    users,
)
from dev.tenant.graph.caller import Caller
from dev.tenant.graph.errors import GraphError, bad_request, not_found
from dev.tenant.graph.path import Segment, segments, user_key
from dev.tenant.people import Person
from dev.tenant.state import TenantState
from dev.tenant.wire import Call, Reply

VERSION = "v1.0"


def route(state: TenantState, caller: Caller, call: Call) -> Reply:
    """Answer one call below the version root."""
    parts = segments(call.path)
    names = [part.text for part in parts]
    if names[:1] != [VERSION]:
        raise bad_request("Invalid version: only v1.0 is emulated.")
    match names[1:]:
        case ["users", _, "authentication", *rest]:
            return _methods(state, caller, call, _known(state, _person(state, parts[2])), rest)
        case ["users", *_] if call.method != "GET":
            raise _not_allowed()
        case ["users"]:
            return users.list_users(state, caller, call)
        case ["users", "delta" | "delta()" | "microsoft.graph.delta" | "microsoft.graph.delta()"]:
            return delta.delta(state, caller, call)
        case ["users", _, *rest] if rest[:1] in ([], ["transitiveMemberOf"]):
            return _user(state, caller, call, _person(state, parts[2]), rest)
        case ["directory" | "roleManagement" | "identity" | "identityGovernance" | "policies", *_]:
            return access.answer(state, caller, call, names[1:])
    if call.method == "GET":
        return _directory(state, caller, call, names[1:])
    raise _not_allowed()


def _user(state: TenantState, caller: Caller, call: Call, person: Person, rest: list[str]) -> Reply:
    if rest:
        return groups.list_memberships(state, caller, call, person, rest[1:])
    return users.get_user(caller, person, call)


def _directory(state: TenantState, caller: Caller, call: Call, names: list[str]) -> Reply:
    match names:
        case ["groups"]:
            return groups.list_groups(state, caller, call)
        case ["groups", group_id]:
            return groups.get_group(state, caller, call, group_id)
        case ["groups", _, "transitiveMembers" | "members" | "owners", *_]:
            return groups.list_members(state, caller, call, names[1:])
        case ["servicePrincipals" | "oauth2PermissionGrants" | "domains", *_]:
            return consent.answer(state, caller, call, names)
        case ["auditLogs" | "reports", *_]:
            return _reports(state, caller, call, names)
        case ["organization"]:
            value = [{"id": state.tenant_id, "displayName": "Contoso", "verifiedDomains": []}]
            context = "https://graph.microsoft.com/v1.0/$metadata#organization"
            return Reply(200, {"@odata.context": context, "value": value})
    raise bad_request(f"Resource not found for the segment '{names[-1] if names else ''}'.")


def _reports(state: TenantState, caller: Caller, call: Call, names: list[str]) -> Reply:
    match names:
        case ["auditLogs", "directoryAudits"]:
            return audits.list_audits(state, caller, call)
        case ["reports", "authenticationMethods", "userRegistrationDetails"]:
            return registrations.list_registrations(state, caller, call)
    raise bad_request(f"Resource not found for the segment '{names[-1]}'.")


def _methods(state: TenantState, caller: Caller, call: Call, person: Person, rest: list[str]) -> Reply:
    match call.method, rest:
        case "GET", ["methods"]:
            return all_methods.list_methods(state, caller, person)
        case "GET", ["phoneMethods"]:
            return phone_methods.list_phones(state, caller, person)
        case "POST", ["phoneMethods"]:
            return phone_methods.create_phone(state, caller, person, call)
        case "GET", ["phoneMethods", method_id]:
            return phone_methods.get_phone(state, caller, person, method_id)
        case "PATCH", ["phoneMethods", method_id]:
            return phone_methods.change_phone(state, caller, person, method_id, call)
        case "DELETE", ["phoneMethods", method_id]:
            return phone_methods.delete_phone(state, caller, person, method_id)
        case _, ["methods"] | ["phoneMethods", *_]:
            raise _not_allowed()
    raise bad_request(f"Resource not found for the segment '{rest[0] if rest else 'authentication'}'.")


def _person(state: TenantState, segment: Segment) -> Person:
    key = user_key(segment)
    person = state.find_person(key)
    if person is None:
        raise not_found(key)
    return person


def _known(state: TenantState, person: Person) -> Person:
    """Somebody whom the methods service has heard of."""
    age = state.clock() - state.created.get(person.id, -math.inf)
    if age < state.switches.methods_after_creation:
        status = state.switches.methods_absent_status
        raise GraphError(status, "resourceNotFound", "The user was not found.", inner=True)
    return person


def _not_allowed() -> GraphError:
    return GraphError(
        HTTPStatus.METHOD_NOT_ALLOWED, "Request_BadRequest", "Specified HTTP method is not allowed."
    )
