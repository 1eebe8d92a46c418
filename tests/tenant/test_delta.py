"""users/delta: the first round, then who changed, with every oddity that a client must bear."""

import pytest

from dev.tenant import sample
from dev.tenant.people import Person
from dev.tenant.state import TenantState
from tests.clocks import FakeClock
from tests.tenant.delta_rounds import SELECT, Follow
from tests.tenant.graph_client import GraphClient

ANNA, BO, HANNA = "anna.new@contoso.com", "bo.same@contoso.com", "hanna.none@contoso.com"


async def test_the_first_round_has_everybody_and_ends_in_a_delta_link(
    follow: Follow, state: TenantState
) -> None:
    """With the selected properties that are set."""
    told = await follow()
    assert sorted(entry["id"] for entry in told.entries) == sorted(state.people)
    anna = told.last[sample.guid(ANNA)]
    assert anna["onPremisesExtensionAttributes"]["extensionAttribute15"] == "+46701740605"
    assert (anna["userPrincipalName"], anna["accountEnabled"]) == (ANNA, True)
    assert "displayName" not in anna
    assert (await follow(told.link)).entries == []


async def test_both_spellings_of_the_function_are_known(graph: GraphClient) -> None:
    """The page writes delta, the description delta()."""
    assert (await graph.get(f"/users/delta()?{SELECT}")).status_code == 200


async def test_latest_gives_the_link_at_once(graph: GraphClient, state: TenantState) -> None:
    """Nobody is listed; what comes after is told."""
    page = (await graph.get(f"/users/delta?$deltatoken=latest&{SELECT}")).json()
    assert page["value"] == []
    assert "@odata.nextLink" not in page
    state.person(BO).attribute = "+46701740699"
    told = (await graph.get(page["@odata.deltaLink"])).json()
    assert [entry["id"] for entry in told["value"]] == [sample.guid(BO)]


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("attribute", "+46701740699", "onPremisesExtensionAttributes"),
        ("enabled", False, "accountEnabled"),
        ("upn", "bo.renamed@contoso.com", "userPrincipalName"),
        ("usage_location", "NO", "usageLocation"),
        ("user_type", "Guest", "userType"),
        ("on_premises_last_sync", "2026-11-25T01:30:00Z", "onPremisesLastSyncDateTime"),
    ],
)
async def test_a_change_of_anything_selected_is_told_once(
    follow: Follow, state: TenantState, field: str, value: object, shown: str
) -> None:
    """The object comes with all its selected properties, and not again in the next round."""
    link = (await follow()).link
    setattr(state.person(BO), field, value)
    told = await follow(link)
    assert [entry["id"] for entry in told.entries] == [sample.guid(BO)]
    assert shown in told.entries[0]
    assert {"userPrincipalName", "accountEnabled", "usageLocation"} <= set(told.entries[0])
    assert (await follow(told.link)).entries == []


@pytest.mark.parametrize("change", ["phone", "display name", "nothing"])
async def test_what_is_not_selected_is_not_told(
    follow: Follow, graph: GraphClient, state: TenantState, change: str
) -> None:
    """Above all, a change of a phone never shows: methods are no properties of a user."""
    link = (await follow()).link
    if change == "phone":
        assert (await graph.post_phone(ANNA, "+46 701740605")).status_code == 201
    elif change == "display name":
        state.person(ANNA).display_name = "Anna Other"
    else:
        state.person(ANNA).attribute = "+46701740605"
    assert (await follow(link)).entries == []


async def test_the_token_holds_the_selection(follow: Follow, state: TenantState) -> None:
    """Two clients with two selections hear of different changes."""
    names = (await follow("/users/delta?$select=displayName")).link
    attributes = (await follow()).link
    state.person(ANNA).display_name = "Anna Other"
    assert (await follow(names)).entries == [{"id": sample.guid(ANNA), "displayName": "Anna Other"}]
    assert (await follow(attributes)).entries == []
    assert "select" not in names


async def test_a_property_never_set_is_left_out_and_a_cleared_one_is_null(
    follow: Follow, state: TenantState
) -> None:
    """Absent is not empty: only what was there can be taken away."""
    first = await follow()
    assert "onPremisesExtensionAttributes" not in first.last[sample.guid(HANNA)]
    person = state.person(BO)
    person.attribute, person.usage_location = None, None
    state.person(HANNA).usage_location = "NO"
    told = await follow(first.link)
    assert told.last[person.id]["onPremisesExtensionAttributes"]["extensionAttribute15"] is None
    assert told.last[person.id]["usageLocation"] is None
    assert "onPremisesExtensionAttributes" not in told.last[sample.guid(HANNA)]


async def test_an_attribute_that_graph_withholds_is_withheld_here_too(
    follow: Follow, state: TenantState
) -> None:
    """As in the other calls that show a user."""
    link = (await follow()).link
    person = state.person(BO)
    person.attribute_returned, person.attribute = False, "+46701740699"
    assert "onPremisesExtensionAttributes" not in (await follow(link)).last[person.id]


async def test_minimal_answers_hold_only_what_changed(
    follow: Follow, graph: GraphClient, state: TenantState
) -> None:
    """When the client prefers it, and the answer says so."""
    link = (await follow()).link
    state.person(BO).enabled = False
    told = await follow(link, headers={"Prefer": "return=minimal"})
    assert told.entries == [{"id": sample.guid(BO), "accountEnabled": False}]
    answer = await graph.get(link, headers={"Prefer": "return=minimal"})
    assert answer.headers["Preference-Applied"] == "return=minimal"


async def test_newcomers_and_the_restored_are_shown_whole(follow: Follow, state: TenantState) -> None:
    """Even to a client that wants only what changed."""
    link = (await follow()).link
    anna = state.person(ANNA)
    state.remove_person(anna, restorable=True)
    state.people.restore(anna.id)
    state.add_person(Person("0000-new", "new@contoso.com"))
    told = await follow(link, headers={"Prefer": "return=minimal"})
    assert [entry["userPrincipalName"] for entry in told.entries] == [ANNA, "new@contoso.com"]


async def test_newcomers_the_removed_and_the_restored(follow: Follow, state: TenantState) -> None:
    """Removed is "changed" while somebody may come back, "deleted" for good."""
    link = (await follow()).link
    state.add_person(Person("0000-new", "new@contoso.com", attribute="+46701740699"))
    anna, bo = state.person(ANNA), state.person(BO)
    state.remove_person(anna, restorable=True)
    state.remove_person(bo)
    told = await follow(link)
    assert told.last["0000-new"]["onPremisesExtensionAttributes"]["extensionAttribute15"] == "+46701740699"
    assert told.last[anna.id] == {"id": anna.id, "@removed": {"reason": "changed"}}
    assert told.last[bo.id] == {"id": bo.id, "@removed": {"reason": "deleted"}}

    state.people.restore(anna.id)
    back = await follow(told.link)
    assert [entry["userPrincipalName"] for entry in back.entries] == [ANNA]
    state.remove_person(anna, restorable=True)
    state.remove_person(anna)
    assert (await follow(back.link)).last[anna.id]["@removed"] == {"reason": "deleted"}


@pytest.mark.parametrize("shown", [True, False])
async def test_the_removed_may_be_seen_in_the_first_round(
    follow: Follow, state: TenantState, *, shown: bool
) -> None:
    """A client must not be surprised."""
    state.switches.delta_first_round_removed = shown
    state.switches.delta_page_size = 5
    anna = state.person(ANNA)
    state.remove_person(anna, restorable=True)
    told = await follow()
    assert (told.last.get(anna.id) == {"id": anna.id, "@removed": {"reason": "changed"}}) is shown
    assert len(told.entries) == len(state.people) + shown


async def test_the_restored_may_be_missed_with_a_selection(follow: Follow, state: TenantState) -> None:
    """Observed once: only a client without $select hears of them."""
    state.switches.delta_misses_restored = True
    narrow, wide = (await follow()).link, (await follow("/users/delta")).link
    anna = state.person(ANNA)
    state.remove_person(anna, restorable=True)
    narrow, wide = (await follow(narrow)).link, (await follow(wide)).link
    state.people.restore(anna.id)
    assert (await follow(narrow)).entries == []
    assert [entry["id"] for entry in (await follow(wide)).entries] == [anna.id]


async def test_pages_have_the_size_the_service_chooses(follow: Follow, state: TenantState) -> None:
    """$top and odata.maxpagesize change nothing."""
    state.switches.delta_page_size = 10
    told = await follow(f"/users/delta?$top=3&{SELECT}", headers={"Prefer": "odata.maxpagesize=3"})
    assert [len(page["value"]) for page in told.pages] == [10, 10, len(state.people) - 20]
    for person in list(state.people.values())[:12]:
        person.usage_location = "NO"
    assert [len(page["value"]) for page in (await follow(told.link)).pages] == [10, 2]


@pytest.mark.parametrize("every", [1, 2])
async def test_an_empty_page_is_not_the_end(follow: Follow, state: TenantState, every: int) -> None:
    """It has a nextLink."""
    state.switches.delta_page_size, state.switches.delta_empty_every = 10, every
    told = await follow()
    assert [] in [page["value"] for page in told.pages[:-1]]
    assert sorted(entry["id"] for entry in told.entries) == sorted(state.people)


async def test_somebody_may_come_twice_in_a_round(follow: Follow, state: TenantState) -> None:
    """And changes of the round before may come again."""
    state.switches.delta_repeats = 2
    told = await follow()
    assert len(told.entries) == len(state.people) + 2
    assert set(told.last) == set(state.people)
    state.person(ANNA).enabled = False
    former = await follow(told.link)
    state.switches.delta_replays = 1
    state.person(BO).enabled = False
    again = await follow(former.link)
    assert {sample.guid(ANNA), sample.guid(BO)} == set(again.last)


async def test_several_changes_of_one_person_are_told_once(follow: Follow, state: TenantState) -> None:
    """With the last state; a page and its repetition read the same."""
    link = (await follow()).link
    for number in ("+46701740698", "+46701740699"):
        state.person(BO).attribute = number
    told, again = await follow(link), await follow(link)
    attributes = [entry["onPremisesExtensionAttributes"]["extensionAttribute15"] for entry in told.entries]
    assert attributes == ["+46701740699"]
    assert again.entries == told.entries


async def test_changes_of_different_properties_add_up(follow: Follow, state: TenantState) -> None:
    """One that is not selected hides none that is."""
    link = (await follow()).link
    bo = state.person(BO)
    bo.enabled = False
    bo.usage_location = "NO"
    bo.display_name = "Bo Other"
    told = await follow(link, headers={"Prefer": "return=minimal"})
    assert told.entries == [{"id": bo.id, "accountEnabled": False, "usageLocation": "NO"}]


async def test_a_change_during_the_round_is_told_by_the_next(
    graph: GraphClient, follow: Follow, state: TenantState
) -> None:
    """The link of the first page's moment loses nothing."""
    state.switches.delta_page_size = 10
    page = (await graph.get(f"/users/delta?{SELECT}")).json()
    person = state.person(page["value"][0]["id"])
    person.enabled = not person.enabled
    rest = await follow(page["@odata.nextLink"])
    assert person.id not in rest.last
    assert person.id in (await follow(rest.link)).last


async def test_changes_are_told_late(follow: Follow, state: TenantState, clock: FakeClock) -> None:
    """How late is a switch; none is lost on the way."""
    state.switches.delta_delay = 60
    link = (await follow()).link
    state.person(BO).enabled = False
    clock.advance(59)
    early = await follow(link)
    clock.advance(1)
    assert early.entries == []
    late = await follow(early.link)
    assert [entry["id"] for entry in late.entries] == [sample.guid(BO)]
    state.switches.delta_delay = 600
    again = await follow(late.link)
    clock.advance(600)
    assert (await follow(again.link)).entries == []
