"""Protection in the emulated tenant: eligible roles, hidden groups, roles in tokens, restricted units."""

from __future__ import annotations

import base64
import json

import pytest

from dev.tenant.access import ROLE_IDS, AdministrativeUnit, ScopedRole
from dev.tenant.people import Group
from dev.tenant.sample import CLIENT_ID, SERVICE_ACCOUNT
from dev.tenant.secrets_and_accounts import Token
from dev.tenant.state import TenantState
from dev.tenant.tokens import EVERY_MEMBER, GRAPH_AUDIENCE, issue
from tests.tenant.graph_client import GraphClient, code

BO = "bo.same@contoso.com"
ELIGIBLE = "/roleManagement/directory/roleEligibilityScheduleInstances?$select=principalId"
NUMBER = "+46 701740699"


async def test_who_is_eligible_is_listed_apart_from_who_holds(graph: GraphClient, state: TenantState) -> None:
    """For people and for groups."""
    state.person(BO).eligible_roles = ["User Administrator"]
    assert (await graph.get(ELIGIBLE)).json()["value"] == [{"principalId": state.person(BO).id}]
    held = (await graph.get("/roleManagement/directory/roleAssignments")).json()["value"]
    assert state.person(BO).id not in {row["principalId"] for row in held}


@pytest.mark.parametrize("status", [400, 403])
async def test_without_p2_and_without_the_permission_the_codes_differ(
    graph: GraphClient, state: TenantState, status: int
) -> None:
    """The status may be the same."""
    state.switches.pim_licence, state.switches.pim_refusal = False, status
    assert code(await graph.get(ELIGIBLE)) == (status, "AadPremiumLicenseRequired")
    state.switches.grants = ["RoleManagement.Read.Directory"]
    assert code(await graph.get(ELIGIBLE)) == (403, "PermissionScopeNotGranted")


@pytest.mark.parametrize("relation", ["members?", "transitiveMembers/microsoft.graph.user?"])
async def test_a_hidden_group_leaves_its_members_out(
    app_only: GraphClient, state: TenantState, relation: str
) -> None:
    """With 200, and without a word; the right for it shows them."""
    group = Group("cccccccc-0000-4000-8000-000000000001", "VIPs", [state.person(BO).id])
    group.visibility = "HiddenMembership"
    state.groups[group.id] = group
    path = f"/groups/{group.id}/{relation}$select=id"
    assert (await app_only.get(path)).json()["value"] == []
    state.switches.grants.append("Member.Read.Hidden")
    assert len((await app_only.get(path)).json()["value"]) == 1


def test_a_delegated_token_tells_the_roles_over_the_tenant(state: TenantState) -> None:
    """Those over a unit are not in it; one value stands in every member's."""
    person = state.person(SERVICE_ACCOUNT)
    held = ScopedRole(person.id, "Authentication Administrator", "unit")
    state.access.scoped_roles[held.id] = held
    token = issue(state, Token(GRAPH_AUDIENCE, CLIENT_ID, state.clock() + 60, person.id))
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["wids"] == [ROLE_IDS["Privileged Authentication Administrator"], EVERY_MEMBER]


async def test_only_a_role_over_a_restricted_unit_reaches_its_people(
    graph: GraphClient, app_only: GraphClient, state: TenantState
) -> None:
    """Neither an app alone nor a role over the tenant does."""
    unit = AdministrativeUnit("unit", "VIPs", restricted=True)
    state.access.units[unit.id] = unit
    anna = state.person("anna.new@contoso.com")
    anna.administrative_units = [unit.id]
    assert (await app_only.post_phone(anna.upn, NUMBER)).status_code == 403
    assert (await graph.post_phone(anna.upn, NUMBER)).status_code == 403
    held = ScopedRole(state.person(SERVICE_ACCOUNT).id, "Authentication Administrator", unit.id)
    state.access.scoped_roles[held.id] = held
    assert (await graph.post_phone(anna.upn, NUMBER)).status_code == 201
