"""Generated people: found by id and by name, listed and counted without being stored."""

from urllib.parse import quote

import httpx
import pytest

from dev.tenant import sample
from dev.tenant.census import agrees, census
from dev.tenant.control_client import ControlError
from dev.tenant.generator import Crowd
from dev.tenant.people import Group, Person, Phone
from dev.tenant.server import EmulatedTenant
from dev.tenant.state import TenantState
from tests.tenant.graph_client import GraphClient, code

SELECT = "$select=id,userPrincipalName,accountEnabled,userType,usageLocation,onPremisesSyncEnabled,onPremisesLastSyncDateTime,onPremisesExtensionAttributes"  # noqa: E501
COUNT = 2500


@pytest.fixture
def crowd(state: TenantState) -> Crowd:
    """Some generated people beside those of the sample."""
    return state.generate(COUNT, seed=7, groups=(sample.NESTED_GROUP_ID,))


def someone(state: TenantState, crowd: Crowd, kind: str = "same") -> Person:
    """The first person of a kind, as a caller of Graph gets them."""
    found = state.find_person(crowd.id(crowd.at(crowd.of_kind(kind)[0])))
    assert found is not None
    return found


async def ids(graph: GraphClient, path: str) -> list[list[str]]:
    """The ids on each page of a listing."""
    pages: list[list[str]] = []
    link: str | None = path
    while link is not None:
        page = (await graph.get(link)).json()
        pages.append([row["id"] for row in page["value"]])
        link = page.get("@odata.nextLink")
    return pages


async def test_a_listing_has_everybody_once(graph: GraphClient, state: TenantState, crowd: Crowd) -> None:
    """The sample's and the generated, in pages of 999."""
    pages = await ids(graph, f"/users?$top=999&{SELECT}")
    assert [len(page) for page in pages] == [999, 999, COUNT + 27 - 1998]
    assert sorted(key for page in pages for key in page) == sorted(state.people)
    assert len(state.people) == COUNT + 27
    assert crowd.id(0) in pages[0]
    assert state.people.touched() == set()


async def test_a_listing_is_fixed_by_its_first_page(
    graph: GraphClient, state: TenantState, crowd: Crowd
) -> None:
    """Newcomers are not in it, those who left meanwhile are not shown, others as they are now."""
    first = (await graph.get(f"/users?$top=999&{SELECT}")).json()
    state.add_person(Person("a-new-one", "new@contoso.com"))
    gone, changed = state.person(crowd.id(COUNT - 1)), state.person(crowd.id(COUNT - 2))
    state.remove_person(gone)
    changed.usage_location = "NO"
    rows = [*first["value"]]
    link = first["@odata.nextLink"]
    while link:
        page = (await graph.get(link)).json()
        rows += page["value"]
        link = page.get("@odata.nextLink")
    assert len(rows) == COUNT + 27 - 1
    assert not {"a-new-one", gone.id} & {row["id"] for row in rows}
    assert [row["usageLocation"] for row in rows if row["id"] == changed.id] == ["NO"]
    assert state.find_person(gone.upn) is None


async def test_filtered_listings_and_counts(graph: GraphClient, crowd: Crowd) -> None:
    """Pages are full but for the last one."""
    pages = await ids(graph, "/users?$filter=accountEnabled eq false&$select=id&$top=10")
    assert [len(page) for page in pages] == [10, 10, 6]  # one is of the sample
    eventual = {"ConsistencyLevel": "eventual"}
    everybody = await graph.get("/users?$count=true&$top=1", headers=eventual)
    assert everybody.json()["@odata.count"] == COUNT + 27
    path = "/users?$filter=onPremisesExtensionAttributes/extensionAttribute15 eq null&$count=true&$top=1"
    without = (await graph.get(path, headers=eventual)).json()["@odata.count"]
    assert without == len(crowd.of_kind("empty")) + len(crowd.of_kind("none")) + 6


async def test_a_group_may_hold_everybody_generated(
    graph: GraphClient, state: TenantState, crowd: Crowd
) -> None:
    """Also through nesting; those who are named as well come once."""
    state.groups[sample.SCOPE_GROUP_ID].members.append(crowd.id(5))
    path = f"/groups/{sample.SCOPE_GROUP_ID}/transitiveMembers/microsoft.graph.user?$select=id&$top=999"
    pages = await ids(graph, path)
    found = [key for page in pages for key in page]
    assert [len(page) for page in pages[:2]] == [999, 999]
    assert len(found) == len(set(found)) == COUNT + 26
    assert {crowd.id(index) for index in range(COUNT)} < set(found)
    direct = await ids(graph, f"/groups/{sample.SCOPE_GROUP_ID}/members?$select=id&$top=999")
    assert len(direct[0]) < 20
    state.remove_person(state.person(crowd.id(7)))
    state.remove_person(state.person("bo.same@contoso.com"))
    left = {key for page in await ids(graph, path) for key in page}
    assert set(found) - left == {crowd.id(7), sample.guid("bo.same@contoso.com")}
    nested = await ids(graph, f"/groups/{sample.NESTED_GROUP_ID}/members?$top=999")
    assert sum(map(len, nested)) == COUNT - 1 + 13


async def test_a_role_assignable_group_may_hold_them_too(
    graph: GraphClient, state: TenantState, crowd: Crowd
) -> None:
    """Then they are out of an Authentication Administrator's reach."""
    state.switches.signed_in_roles = ["Authentication Administrator"]
    person = someone(state, crowd, "missing")
    state.groups["g"] = Group("g", "G", is_assignable_to_role=True, holds_generated=True)
    assert code(await graph.post_phone(person.upn, "+12025550100")) == (403, "accessDenied")
    state.groups["g"].holds_generated = False
    assert (await graph.post_phone(person.upn, "+12025550100")).status_code == 201


async def test_a_generated_person_is_kept_once_changed(
    graph: GraphClient, state: TenantState, crowd: Crowd
) -> None:
    """By Graph, by assignment, or in place after `person`."""
    person = someone(state, crowd, "missing")
    assert (await graph.post_phone(person.upn, "+12025550100")).status_code == 201
    assert (await graph.phones(person.id))[0]["phoneNumber"] == "+1 2025550100"
    taken = state.person(crowd.id(1))
    taken.roles.append("Global Administrator")
    renamed = state.find_person(crowd.upn(2))
    assert renamed is not None
    renamed.upn = "renamed@contoso.com"
    assert state.person(taken.upn).roles == ["Global Administrator"]
    assert state.find_person("renamed@contoso.com") is renamed
    assert state.find_person(crowd.upn(2)) is None
    assert state.person(crowd.id(1)) is taken
    assert state.people.touched() == {crowd.index_of_id(person.id), 1, 2}
    rows = (await graph.get("/roleManagement/directory/roleAssignments")).json()["value"]
    assert taken.id in {row["principalId"] for row in rows}


async def test_changes_of_generated_people_are_in_delta(
    graph: GraphClient, state: TenantState, crowd: Crowd
) -> None:
    """They themselves were there from the beginning, and a filled tenant's first round has them all."""
    link = (await graph.get(f"/users/delta?$deltatoken=latest&{SELECT}")).json()["@odata.deltaLink"]
    person = someone(state, crowd)
    person.attribute = "+12025550100"
    state.remove_person(state.person(crowd.id(9)), restorable=True)
    rows = (await graph.get(link)).json()["value"]
    assert [row["id"] for row in rows] == [person.id, crowd.id(9)]
    assert rows[1]["@removed"] == {"reason": "changed"}
    state.people.restore(crowd.id(9))
    assert crowd.id(9) in state.people
    seen: list[str] = []
    page = (await graph.get(f"/users/delta?{SELECT}")).json()
    while "@odata.nextLink" in page:
        seen += [row["id"] for row in page["value"]]
        page = (await graph.get(page["@odata.nextLink"])).json()
    assert len(seen) + len(page["value"]) == COUNT + 27


async def test_guests_have_awkward_names_here_too(
    graph: GraphClient, state: TenantState, crowd: Crowd
) -> None:
    """With #, as guests have."""
    guest = someone(state, crowd, "guest")
    assert "#EXT#" in guest.upn
    assert (await graph.get(f"/users/{quote(guest.upn)}?$select=id")).json()["id"] == guest.id


def test_the_census_counts_without_looking_at_each(state: TenantState, crowd: Crowd) -> None:
    """It agrees with a count one by one, before and after changes of every sort."""

    def check() -> None:
        told = census(state)
        everybody = list(state.people.values())
        assert told.total.people == len(everybody) == len(state.people)
        assert told.total.holding == sum("mobile" in person.phones for person in everybody)
        assert sum(tally.people for tally in told.kinds.values()) == told.total.people
        missing = [crowd.id(crowd.at(place)) for place in crowd.of_kind("missing")]
        people = [state.people[key] for key in missing if key in state.people]
        assert told.kinds["missing"].people == len(people)
        assert told.kinds["missing"].agreeing == sum("mobile" in person.phones for person in people)

    check()
    assert census(state).total.changed == 0
    for place in crowd.of_kind("missing")[:10]:
        person = state.person(crowd.id(crowd.at(place)))
        digits = "".join(letter for letter in person.attribute or "" if letter.isdigit())
        person.phones = {"mobile": Phone(f"+{digits}")}
    same = someone(state, crowd)
    same.attribute = None
    state.remove_person(state.person(crowd.id(crowd.at(crowd.of_kind("missing")[20]))))
    state.person(crowd.id(1))  # looked at, not changed
    check()
    told = census(state)
    assert (told.total.changed, told.removed) == (12, 1)
    assert told.kinds["missing"].agreeing == 10
    assert told.kinds["same"].agreeing == len(crowd.of_kind("same")) - 1


def test_the_census_reads_numbers_as_the_sample_has_them(state: TenantState) -> None:
    """However they are spelt."""
    erik = state.person("erik.zeros@contoso.com")
    assert (erik.attribute or "").startswith("00")
    assert agrees(erik)
    told = census(state).kinds["added"]
    assert (told.people, told.changed) == (27, 0)
    assert 0 < told.agreeing < told.people


def test_a_second_filling_replaces_the_first(state: TenantState, crowd: Crowd) -> None:
    """Their changes go with them, the sample stays."""
    renamed = state.person(crowd.id(3))
    renamed.upn = "renamed@contoso.com"
    state.remove_person(state.person(crowd.id(4)), restorable=True)
    state.generate(10, seed=7)
    assert len(state.people) == 37
    assert state.find_person("renamed@contoso.com") is None
    assert state.people.restorable == {}
    renamed.enabled = False  # nobody listens any more
    assert state.people.touched() == set()


def test_the_control_interface_generates_and_counts(running: EmulatedTenant, online: httpx.Client) -> None:
    """For benches that run the tenant as a process of its own."""
    assert online is not None
    control = running.control
    told = control.generate(30_000, seed=2, fractions={"missing": 0.1}, groups=[sample.SCOPE_GROUP_ID])
    assert told["kinds"]["missing"] == {"people": 3000, "holding": 0, "agreeing": 0, "changed": 0}
    assert told == control.census()
    with pytest.raises(ControlError, match="census"):
        control.people()
    upn = "user0000007@contoso.com"
    control.patch_person(upn, phones={"mobile": "+12025550100"})
    assert control.mobile(upn) == "+12025550100"
    assert control.census()["total"]["changed"] == 1
    person = control.person(upn)
    control.remove_person(upn, restorable=True)
    assert control.census()["removed"] == 1
    assert control.restore_person(person["id"])["upn"] == upn
    for body in ({"count": 10, "seeds": 3}, {"count": 10, "groups": ["none"]}):
        with pytest.raises(ControlError, match=r"422|404"):
            control._call("POST", "/generate", body)


def test_changes_by_the_control_interface_are_audited(running: EmulatedTenant, online: httpx.Client) -> None:
    """By the user, or by whom the call names; an unknown name changes nothing."""
    assert online is not None
    anna = "anna.new@contoso.com"
    running.control.patch_person(anna, phones={"mobile": "+46701740699"})
    running.control.patch_person(anna, phones={"mobile": None}, by=sample.CLIENT_ID)
    with pytest.raises(ControlError, match="422"):
        running.control.patch_person(anna, phones={"mobile": "+46701740699"}, by="nobody")
    with pytest.raises(ControlError, match="422"):
        running.control.patch_person(anna, id="other")
    assert running.control.mobile(anna) is None
    entries = running.state.audit.between(0, running.state.clock() + 1)
    assert [entry.activity for entry in entries] == [
        "User registered security info",
        "Admin deleted security info",
    ]
