"""Which handler answers for access control: units, role assignments, Conditional Access."""

from __future__ import annotations

from dev.tenant.graph import (
    administrative_units,
    conditional_access,
    eligibility,
    methods_policy,
    role_assignments,
)
from dev.tenant.graph.caller import Caller
from dev.tenant.graph.errors import bad_request
from dev.tenant.state import TenantState
from dev.tenant.wire import Call, Reply


def answer(state: TenantState, caller: Caller, call: Call, names: list[str]) -> Reply:
    """Answer a call of its own; `names` are the parts of the path behind the version."""
    match names:
        case ["directory", "administrativeUnits", *rest]:
            return administrative_units.answer(state, caller, call, rest)
        case ["roleManagement", "directory", "roleAssignments", *rest]:
            return role_assignments.answer(state, caller, call, rest)
        case ["roleManagement", "directory", "roleEligibilityScheduleInstances"] if call.method == "GET":
            return eligibility.list_roles(state, caller, call)
        case ["identityGovernance", "privilegedAccess", "group", "eligibilityScheduleInstances"] if (
            call.method == "GET"
        ):
            return eligibility.list_members(state, caller, call)
        case ["identity", "conditionalAccess", *rest] if rest:
            return conditional_access.answer(state, caller, call, rest)
        case ["policies", name] if call.method == "GET":
            return _policy(state, caller, name)
    raise bad_request(f"Resource not found for the segment '{names[-1]}'.")


def _policy(state: TenantState, caller: Caller, name: str) -> Reply:
    match name:
        case "identitySecurityDefaultsEnforcementPolicy":
            return conditional_access.security_defaults(state, caller)
        case "authenticationMethodsPolicy":
            return methods_policy.answer(state, caller)
    raise bad_request(f"Resource not found for the segment '{name}'.")
