"""Units, scoped roles, Conditional Access and consent: what Graph lets whom do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dev.tenant import sample
from dev.tenant.access import ROLE_IDS, PermissionGrant
from dev.tenant.state import TenantState
from tests.tenant.graph_client import GraphClient, code

if TYPE_CHECKING:
    from httpx import Response

BO = "bo.same@contoso.com"
UNITS, ROLES = "/directory/administrativeUnits", "/roleManagement/directory/roleAssignments"
LOCATIONS, POLICIES = "/identity/conditionalAccess/namedLocations", "/identity/conditionalAccess/policies"
DEFAULTS = "/policies/identitySecurityDefaultsEnforcementPolicy"
RANGE = {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.8/30"}
LOCATION = {"@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": "ours", "ipRanges": [RANGE]}
DENIED, MISSING = (403, "Authorization_RequestDenied"), (403, "AccessDenied")
EVERY_RIGHT = [
    *("AdministrativeUnit.ReadWrite.All", "RoleManagement.ReadWrite.Directory", "Policy.Read.All"),
    *("Policy.ReadWrite.ConditionalAccess", "Application.Read.All", "User.Read.All"),
    *("DelegatedPermissionGrant.Read.All", "Domain.Read.All", "UserAuthenticationMethod.ReadWrite.All"),
]


def policy(location_id: str, **more: Any) -> dict[str, Any]:
    """A policy that blocks the service account everywhere but in a location."""
    return {
        "displayName": "block",
        "state": "enabledForReportingButNotEnforced",
        "conditions": {
            "users": {"includeUsers": [sample.guid(sample.SERVICE_ACCOUNT)]},
            "applications": {"includeApplications": ["All"]},
            "locations": {"includeLocations": ["All"], "excludeLocations": [location_id]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
        **more,
    }


async def made(graph: GraphClient, path: str, body: object) -> str:
    """Make something and return its id."""
    answer = await graph.call("POST", path, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
def rights(state: TenantState) -> None:
    """Every permission that these calls need."""
    state.switches.grants = EVERY_RIGHT


@pytest.mark.parametrize(
    ("method", "path", "body", "lacking", "refusal"),
    [
        ("GET", UNITS, None, "AdministrativeUnit.ReadWrite.All", DENIED),
        ("POST", UNITS, {"displayName": "x"}, "AdministrativeUnit.ReadWrite.All", DENIED),
        ("POST", ROLES, {}, "RoleManagement.ReadWrite.Directory", DENIED),
        ("GET", LOCATIONS, None, "Policy.Read.All", MISSING),
        ("POST", LOCATIONS, LOCATION, "Policy.Read.All", MISSING),
        ("POST", LOCATIONS, LOCATION, "Policy.ReadWrite.ConditionalAccess", MISSING),
        ("POST", POLICIES, policy("All"), "Application.Read.All", MISSING),
        ("GET", DEFAULTS, None, "Policy.Read.All", MISSING),
        ("GET", "/servicePrincipals", None, "Application.Read.All", DENIED),
        ("GET", "/oauth2PermissionGrants", None, "DelegatedPermissionGrant.Read.All", DENIED),
        ("GET", "/domains/contoso.com", None, "Domain.Read.All", DENIED),
    ],
)
async def test_each_call_has_its_right(
    app_only: GraphClient, state: TenantState, method: str, path: str, body: object, lacking: str,
    refusal: tuple[int, str],
) -> None:  # fmt: skip
    """With all the others and without that one it is refused."""
    state.switches.grants = [name for name in EVERY_RIGHT if name != lacking]
    assert code(await app_only.call(method, path, json=body)) == refusal
    state.switches.grants = EVERY_RIGHT
    if path != ROLES:
        assert (await app_only.call(method, path, json=body)).is_success


@pytest.mark.usefixtures("rights")
@pytest.mark.parametrize(
    ("role", "path", "body", "allowed"),
    [
        ("Privileged Role Administrator", UNITS, {"displayName": "x"}, True),
        ("User Administrator", UNITS, {"displayName": "x"}, False),
        ("Conditional Access Administrator", LOCATIONS, LOCATION, True),
        ("Security Administrator", LOCATIONS, LOCATION, True),
        ("Security Reader", LOCATIONS, LOCATION, False),
        ("Privileged Role Administrator", LOCATIONS, LOCATION, False),
    ],
)
async def test_a_person_needs_a_role_as_well(
    graph: GraphClient, state: TenantState, role: str, path: str, body: object, *, allowed: bool
) -> None:
    """Permissions alone are not enough for whoever signs in."""
    state.switches.signed_in_roles = [role]
    assert (await graph.call("POST", path, json=body)).status_code == (201 if allowed else 403)


@pytest.mark.usefixtures("rights")
async def test_units_are_found_by_name_and_hold_people_and_groups(app_only: GraphClient) -> None:
    """A member twice is refused; who is not there is not found."""
    unit = await made(app_only, UNITS, {"displayName": "O'Hare", "description": "d"})
    rows = (await app_only.get(f"{UNITS}?$filter=displayName eq 'O''Hare'")).json()["value"]
    assert [(row["id"], row["description"]) for row in rows] == [(unit, "d")]
    assert (await app_only.get(f"{UNITS}?$filter=displayName eq 'other'")).json()["value"] == []

    async def add(kind: str, key: str) -> Response:
        reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/{kind}/{key}"}
        return await app_only.call("POST", f"{UNITS}/{unit}/members/$ref", json=reference)

    assert (await add("users", sample.guid(BO))).status_code == 204
    assert (await add("groups", sample.SCOPE_GROUP_ID)).status_code == 204
    assert code(await add("users", sample.guid(BO))) == (400, "Request_BadRequest")
    assert code(await add("users", "none")) == (404, "Request_ResourceNotFound")
    listed = (await app_only.get(f"{UNITS}/{unit}/members")).json()["value"]
    assert {row["@odata.type"] for row in listed} == {"#microsoft.graph.user", "#microsoft.graph.group"}
    gone = await app_only.call("DELETE", f"{UNITS}/{unit}/members/{sample.guid(BO)}/$ref")
    assert gone.status_code == 204


@pytest.mark.usefixtures("rights")
async def test_nobody_is_added_to_a_dynamic_unit(app_only: GraphClient) -> None:
    """Its rule decides; a rule without the type is refused."""
    rule = {"membershipRule": '(user.city -eq "Lund")', "membershipRuleProcessingState": "On"}
    assert code(await app_only.call("POST", UNITS, json={"displayName": "x", **rule}))[0] == 400
    unit = await made(app_only, UNITS, {"displayName": "x", "membershipType": "Dynamic", **rule})
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{sample.guid(BO)}"}
    assert code(await app_only.call("POST", f"{UNITS}/{unit}/members/$ref", json=reference)) == DENIED


@pytest.mark.usefixtures("rights")
async def test_a_role_over_a_unit_reaches_its_people(
    app_only: GraphClient, graph: GraphClient, state: TenantState
) -> None:
    """Not those beside it, not administrators in it; and it ends with the unit."""
    account = state.person(sample.SERVICE_ACCOUNT)
    account.roles = []
    unit = await made(app_only, UNITS, {"displayName": "x"})
    assignment = {
        "roleDefinitionId": ROLE_IDS["Authentication Administrator"],
        "principalId": account.id,
        "directoryScopeId": f"/administrativeUnits/{unit}",
    }
    await made(app_only, ROLES, assignment)
    assert code(await app_only.call("POST", ROLES, json=assignment)) == (400, "Request_BadRequest")
    rows = (await app_only.get(f"{ROLES}?$filter=principalId eq '{account.id}'")).json()["value"]
    assert [{name: row[name] for name in assignment} for row in rows] == [assignment]
    admin = state.person("admin.privileged@contoso.com")
    for person in (state.person(BO), admin):
        person.administrative_units = [unit]
    paths = {
        upn: f"/users/{upn}/authentication/phoneMethods"
        for upn in (BO, admin.upn, "carl.changed@contoso.com")
    }
    seen = {upn: (await graph.get(path)).status_code for upn, path in paths.items()}
    assert list(seen.values()) == [200, 403, 403]
    assert (await graph.phones(BO))[0]["phoneNumber"].startswith("+XX")
    assert (await app_only.call("DELETE", f"{UNITS}/{unit}")).status_code == 204
    assert (await graph.get(paths[BO])).status_code == 403


@pytest.mark.usefixtures("rights")
async def test_some_roles_are_for_the_tenant_alone(app_only: GraphClient, state: TenantState) -> None:
    """Graph says so; over the tenant they can be given and taken."""
    unit = await made(app_only, UNITS, {"displayName": "x"})
    account = state.person(sample.SERVICE_ACCOUNT)
    body = {"roleDefinitionId": ROLE_IDS["Reports Reader"], "principalId": account.id}
    scoped = await app_only.call(
        "POST", ROLES, json=body | {"directoryScopeId": f"/administrativeUnits/{unit}"}
    )
    assert code(scoped) == (400, "Request_BadRequest")
    assignment = await made(app_only, ROLES, body | {"directoryScopeId": "/"})
    assert "Reports Reader" in account.roles
    assert (await app_only.call("DELETE", f"{ROLES}/{assignment}")).status_code == 204
    assert "Reports Reader" not in account.roles
    assert code(await app_only.call("DELETE", f"{ROLES}/{assignment}")) == (404, "Request_ResourceNotFound")


@pytest.mark.usefixtures("rights")
async def test_a_policy_names_locations_that_exist(app_only: GraphClient) -> None:
    """And a location that a policy names cannot be deleted."""
    unknown = await app_only.call("POST", POLICIES, json=policy("none"))
    assert (
        unknown.json()["error"]["message"]
        == "1040: NamedLocation with id none does not exist in the directory."
    )
    location = await made(app_only, LOCATIONS, LOCATION)
    made_policy = await made(app_only, POLICIES, policy(location))
    shown = (await app_only.get(f"{POLICIES}/{made_policy}")).json()
    assert shown["conditions"]["clientAppTypes"] == ["all"]
    assert shown["conditions"]["users"]["excludeUsers"] == []
    assert code(await app_only.call("DELETE", f"{LOCATIONS}/{location}"))[0] == 400
    assert (await app_only.call("DELETE", f"{POLICIES}/{made_policy}")).status_code == 204
    assert (await app_only.call("DELETE", f"{LOCATIONS}/{location}")).status_code == 204


@pytest.mark.usefixtures("rights")
async def test_no_policy_is_enabled_beside_security_defaults(
    app_only: GraphClient, state: TenantState
) -> None:
    """Report-only is."""
    state.access.security_defaults = True
    assert (await app_only.get(DEFAULTS)).json()["isEnabled"] is True
    made_policy = await made(app_only, POLICIES, policy("All"))
    path = f"{POLICIES}/{made_policy}"
    assert code(await app_only.call("PATCH", path, json={"state": "enabled"})) == (400, "BadRequest")
    state.access.security_defaults = False
    assert (await app_only.call("PATCH", path, json={"state": "enabled"})).status_code == 204
    assert (await app_only.get(path)).json()["state"] == "enabled"
    assert code(await app_only.call("PATCH", path, json={"state": "on"})) == (400, "BadRequest")


@pytest.mark.usefixtures("rights")
async def test_locations_hold_ranges(app_only: GraphClient) -> None:
    """Each with its type; none at all is refused."""
    for body in ({**LOCATION, "ipRanges": []}, {**LOCATION, "ipRanges": [{"cidrAddress": "203.0.113.8/30"}]}):
        assert code(await app_only.call("POST", LOCATIONS, json=body)) == (400, "BadRequest")


@pytest.mark.usefixtures("rights")
async def test_consent_and_domains_are_read(app_only: GraphClient, state: TenantState) -> None:
    """By the app's service principal; a domain is federated when somebody of it is."""
    state.access.grants["g"] = PermissionGrant("g", sample.CLIENT_ID, "User.Read.All", "p")
    found = (await app_only.get(f"/servicePrincipals?$filter=appId eq '{sample.CLIENT_ID}'")).json()["value"]
    rows = (await app_only.get(f"/oauth2PermissionGrants?$filter=clientId eq '{found[0]['id']}'")).json()[
        "value"
    ]
    assert [(row["consentType"], row["principalId"]) for row in rows] == [("Principal", "p")]
    assert (await app_only.get("/domains/contoso.com")).json()["authenticationType"] == "Managed"
    state.accounts[sample.SERVICE_ACCOUNT].federated = True
    assert (await app_only.get("/domains/contoso.com")).json()["authenticationType"] == "Federated"
    assert code(await app_only.get("/domains/fabrikam.com")) == (404, "Request_ResourceNotFound")


async def test_memberships_are_transitive(graph: GraphClient, state: TenantState) -> None:
    """Of groups alone, at any depth."""
    nested = state.groups[sample.NESTED_GROUP_ID].members[0]
    rows = (await graph.get(f"/users/{nested}/transitiveMemberOf/microsoft.graph.group?$select=id")).json()[
        "value"
    ]
    assert {row["id"] for row in rows} == {sample.SCOPE_GROUP_ID, sample.NESTED_GROUP_ID}
