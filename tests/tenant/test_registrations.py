"""userRegistrationDetails: who has registered which methods, told to those who may read reports."""

from __future__ import annotations

from typing import Any

import pytest

from dev.tenant import sample
from dev.tenant.people import Phone
from dev.tenant.state import TenantState
from tests.tenant.graph_client import GraphClient, code

REPORT = "/reports/authenticationMethods/userRegistrationDetails"
PROPERTIES = {
    *("id", "userPrincipalName", "userDisplayName", "userType", "isAdmin", "lastUpdatedDateTime"),
    *("isMfaCapable", "isMfaRegistered", "isPasswordlessCapable"),
    *("isSsprCapable", "isSsprEnabled", "isSsprRegistered"),
    *("isSystemPreferredAuthenticationMethodEnabled", "systemPreferredAuthenticationMethods"),
    *("methodsRegistered", "userPreferredMethodForSecondaryAuthentication"),
}
pytestmark = pytest.mark.usefixtures("unhurried_audits")


async def rows(graph: GraphClient, path: str = REPORT) -> dict[str, dict[str, Any]]:
    """Return the whole report by UPN."""
    found: dict[str, dict[str, Any]] = {}
    link: str | None = path
    while link:
        answer = await graph.get(link)
        assert answer.status_code == 200, answer.text
        found |= {row["userPrincipalName"]: row for row in answer.json()["value"]}
        link = answer.json().get("@odata.nextLink")
    return found


async def test_a_row_is_what_the_page_of_v1_shows(graph: GraphClient, state: TenantState) -> None:
    """Graph "userRegistrationDetails resource type", v1.0: no number is in it."""
    person = state.person("bo.same@contoso.com")
    person.methods += ["fido2", "email"]
    person.phones["office"] = Phone("+46850012345")
    row = (await rows(graph))[person.upn]
    assert set(row) == PROPERTIES
    assert (row["id"], row["userType"], row["isAdmin"]) == (person.id, "member", False)
    assert set(row["methodsRegistered"]) == {
        *("mobilePhone", "officePhone", "microsoftAuthenticatorPush", "fido2SecurityKey", "email")
    }
    assert (row["isMfaCapable"], row["isPasswordlessCapable"]) == (True, True)
    assert "4670" not in str(row)


async def test_disabled_people_are_not_in_it(graph: GraphClient, state: TenantState) -> None:
    """Graph "List userRegistrationDetails": it does not work for disabled users."""
    found = await rows(graph)
    disabled = {person.upn for person in state.people.values() if not person.enabled}
    assert disabled
    assert set(found) == {person.upn for person in state.people.values()} - disabled


async def test_who_has_nothing_has_an_empty_list(graph: GraphClient, state: TenantState) -> None:
    """A password is no method of the report, and an administrator is told as one."""
    state.person("hanna.none@contoso.com").methods = ["password"]
    found = await rows(graph)
    hanna, phone = found["hanna.none@contoso.com"], found["last.factor@contoso.com"]
    assert (hanna["methodsRegistered"], hanna["isMfaCapable"], hanna["isMfaRegistered"]) == ([], False, False)
    assert set(phone["methodsRegistered"]) == {"mobilePhone", "email"}
    assert (phone["isMfaCapable"], phone["isPasswordlessCapable"]) == (True, False)
    assert found["admin.privileged@contoso.com"]["isAdmin"]


async def test_it_comes_in_pages(graph: GraphClient, state: TenantState) -> None:
    """Of 999 at most, behind opaque links."""
    state.generate(2500)
    answer = await graph.get(f"{REPORT}?$top=999")
    assert len(answer.json()["value"]) == 999
    found = await rows(graph, f"{REPORT}?$top=999")
    assert len(found) == sum(person.enabled for person in state.people.values())


@pytest.mark.parametrize(
    ("switches", "refusal"),
    [
        ({"grants": ["User.Read.All"]}, (403, "Authentication_MSGraphPermissionMissing")),
        (
            {"signed_in_roles": ["Privileged Authentication Administrator"]},
            (403, "Authentication_RequestFromUnsupportedUserRole"),
        ),
        (
            {"premium_licence": False},
            (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"),
        ),
    ],
)
async def test_without_right_role_or_licence_it_is_refused(
    graph: GraphClient, state: TenantState, switches: dict[str, Any], refusal: tuple[int, str]
) -> None:
    """The last was seen with this very report: microsoft-graph-docs-contrib#8777."""
    for name, value in switches.items():
        setattr(state.switches, name, value)
    assert code(await graph.get(REPORT)) == refusal


async def test_an_app_alone_needs_no_role(app_only: GraphClient, state: TenantState) -> None:
    """The permission is enough."""
    state.switches.signed_in_roles = []
    assert sample.SERVICE_ACCOUNT in await rows(app_only)


async def test_people_are_found_by_a_list_of_ids(graph: GraphClient, state: TenantState) -> None:
    """Fifteen at once; who is gone is left out in silence."""
    state.generate(100_000)
    ids = [sample.guid("bo.same@contoso.com"), state.people.roster()[70_000], sample.guid("nobody")]
    listed = ",".join(f"'{one}'" for one in ids)
    answer = await graph.get(f"/users?$filter=id in ({listed})&$select=id,userPrincipalName")
    assert [row["id"] for row in answer.json()["value"]] == ids[:2]
    many = ",".join(f"'{one}'" for one in state.people.roster()[:16])
    assert (await graph.get(f"/users?$filter=id in ({many})")).status_code == 400
