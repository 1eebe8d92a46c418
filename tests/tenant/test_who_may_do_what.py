"""Permissions and roles: who sees a number, whole or masked, and who may change whose."""

import pytest

from dev.tenant import sample
from dev.tenant.access import ROLE_IDS
from dev.tenant.people import PHONE_METHOD_IDS
from dev.tenant.state import TenantState
from tests.tenant.graph_client import GraphClient, code

BO = "bo.same@contoso.com"
NUMBER = "+46 701740699"
DENIED = (403, "accessDenied")


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("Privileged Authentication Administrator", "+46 701740606"),
        ("Global Administrator", "+46 701740606"),
        ("Authentication Administrator", "+XX XXXXXXX06"),
        ("Global Reader", "+XX XXXXXXX06"),
    ],
)
async def test_a_role_decides_how_much_of_a_number_is_seen(
    graph: GraphClient, state: TenantState, role: str, shown: str
) -> None:
    """Two administrators see it whole, the others its last two digits."""
    state.switches.signed_in_roles = [role]
    assert [phone["phoneNumber"] for phone in await graph.phones(BO)] == [shown]


async def test_the_app_alone_sees_whole_numbers(app_only: GraphClient) -> None:
    """And needs no role."""
    assert [phone["phoneNumber"] for phone in await app_only.phones(BO)] == ["+46 701740606"]


async def test_the_shape_of_the_mask_is_a_switch(graph: GraphClient, state: TenantState) -> None:
    """No raw sample was ever published."""
    state.switches.signed_in_roles = ["Authentication Administrator"]
    state.switches.mask_character, state.switches.mask_keeps = "*", 4
    assert [phone["phoneNumber"] for phone in await graph.phones(BO)] == ["+** *****0606"]
    created = await graph.post_phone("anna.new@contoso.com", NUMBER)
    assert created.json()["phoneNumber"] == "+** *****0699"


async def test_without_a_role_or_a_scope_methods_are_refused(graph: GraphClient, state: TenantState) -> None:
    """Both end in the same body."""
    state.switches.signed_in_roles = ["User Administrator"]
    assert code(await graph.get(f"/users/{BO}/authentication/phoneMethods")) == DENIED
    state.switches.signed_in_roles = None
    state.switches.grants = ["User.Read.All"]
    assert code(await graph.get(f"/users/{BO}/authentication/phoneMethods")) == DENIED
    assert code(await graph.get(f"/users/{BO}/authentication/methods")) == DENIED


async def test_the_read_permission_does_not_write(graph: GraphClient, state: TenantState) -> None:
    """Reading goes on."""
    state.switches.grants = ["UserAuthenticationMethod.Read.All"]
    assert len(await graph.phones(BO)) == 1
    assert code(await graph.post_phone("anna.new@contoso.com", NUMBER)) == DENIED


async def test_a_global_reader_only_reads(graph: GraphClient, state: TenantState) -> None:
    """Its refusal is a 403 like any other."""
    state.switches.signed_in_roles = ["Global Reader"]
    assert code(await graph.patch_phone(BO, PHONE_METHOD_IDS["mobile"], phoneNumber=NUMBER)) == DENIED


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        ([], True),
        (["Reports Reader", "Directory Readers"], True),
        (["User Administrator"], False),
        (["Helpdesk Administrator"], False),
        (["Reports Reader", "Global Administrator"], False),
    ],
)
async def test_an_authentication_administrator_reaches_the_harmless(
    graph: GraphClient, state: TenantState, roles: list[str], *, allowed: bool
) -> None:
    """Holders of other roles are out of reach."""
    state.switches.signed_in_roles = ["Authentication Administrator"]
    state.person("anna.new@contoso.com").roles = roles
    answer = await graph.post_phone("anna.new@contoso.com", NUMBER)
    assert answer.status_code == (201 if allowed else 403)


async def test_role_assignable_groups_protect_members_and_owners(
    graph: GraphClient, state: TenantState
) -> None:
    """Even when the group has no role."""
    state.switches.signed_in_roles = ["Authentication Administrator"]
    group = state.groups[sample.ADMIN_GROUP_ID]
    group.members.append(state.person("anna.new@contoso.com").id)
    for upn in ("owner.ofgroup@contoso.com", "anna.new@contoso.com"):
        assert code(await graph.post_phone(upn, NUMBER)) == DENIED
    state.switches.signed_in_roles = ["Privileged Authentication Administrator"]
    assert (await graph.post_phone("anna.new@contoso.com", NUMBER)).status_code == 201


async def test_a_role_over_a_unit_ends_at_its_border(graph: GraphClient, state: TenantState) -> None:
    """And a restricted unit keeps the Authentication Administrator out."""
    state.switches.signed_in_role_unit = "unit-1"
    assert code(await graph.get(f"/users/{BO}/authentication/phoneMethods")) == DENIED
    state.person(BO).administrative_units = ["unit-1"]
    assert len(await graph.phones(BO)) == 1
    state.switches.signed_in_roles = ["Authentication Administrator"]
    state.person(BO).in_restricted_unit = True
    assert code(await graph.delete_phone(BO, PHONE_METHOD_IDS["mobile"])) == DENIED


async def test_nobody_changes_their_own_phone_here(graph: GraphClient) -> None:
    """These calls are for administrators."""
    assert code(await graph.post_phone(sample.SERVICE_ACCOUNT, NUMBER)) == DENIED


async def test_one_person_can_be_put_out_of_reach(graph: GraphClient, state: TenantState) -> None:
    """For whatever reason Entra may have."""
    state.person(BO).refuse_access = True
    assert code(await graph.get(f"/users/{BO}/authentication/phoneMethods")) == DENIED
    assert (await graph.get(f"/users/{BO}")).status_code == 200


async def test_nested_groups_give_their_members(graph: GraphClient, state: TenantState) -> None:
    """Transitively, in pages, with a cast or without."""
    expected = {person.id for person in state.people.values() if person.upn != sample.SERVICE_ACCOUNT}
    for cast in ("microsoft.graph.user", "graph.user"):
        seen: list[str] = []
        link: str | None = f"/groups/{sample.SCOPE_GROUP_ID}/transitiveMembers/{cast}?$select=id&$top=10"
        while link is not None:
            page = (await graph.get(link)).json()
            seen += [row["id"] for row in page["value"]]
            link = page.get("@odata.nextLink")
        assert len(seen) == len(set(seen))
        assert set(seen) == expected
    everything = await graph.get(f"/groups/{sample.SCOPE_GROUP_ID}/transitiveMembers?$select=id")
    assert {row["@odata.type"] for row in everything.json()["value"]} == {
        "#microsoft.graph.user",
        "#microsoft.graph.group",
    }


async def test_the_privileged_are_found_by_roles_and_role_assignable_groups(
    graph: GraphClient, state: TenantState
) -> None:
    """Role holders, and the owners and members of groups that may hold roles."""
    rows = (
        await graph.get("/roleManagement/directory/roleAssignments?$select=principalId,roleDefinitionId")
    ).json()
    admin = state.person("admin.privileged@contoso.com")
    assert {"principalId": admin.id, "roleDefinitionId": ROLE_IDS["Global Administrator"]} in rows["value"]
    groups = (await graph.get("/groups?$filter=isAssignableToRole eq true&$select=id")).json()["value"]
    assert groups == [{"id": sample.ADMIN_GROUP_ID}]
    owners = (await graph.get(f"/groups/{sample.ADMIN_GROUP_ID}/owners?$select=id")).json()["value"]
    assert [row["id"] for row in owners] == [state.person("owner.ofgroup@contoso.com").id]


@pytest.mark.parametrize(
    "path",
    [
        f"/groups/{sample.SCOPE_GROUP_ID}/transitiveMembers",
        "/groups?$filter=isAssignableToRole eq true",
        "/roleManagement/directory/roleAssignments",
    ],
)
async def test_the_directory_refuses_what_was_not_consented(
    graph: GraphClient, state: TenantState, path: str
) -> None:
    """Each right has its own call."""
    state.switches.grants = ["User.Read.All"]
    assert code(await graph.get(path)) == (403, "Authorization_RequestDenied")


async def test_an_unknown_group_is_a_404(graph: GraphClient) -> None:
    """Like any missing object."""
    assert code(await graph.get("/groups/none/transitiveMembers")) == (404, "Request_ResourceNotFound")
