"""The listing that full sweeps live on, and users seen by it."""

from __future__ import annotations

from typing import Any

import pytest

from mfa_sync.graph.client import Page
from mfa_sync.graph.users import users_page
from shared.clock import Deadline
from shared.codes import Code
from shared.errors import PermanentError, Problem, TransientError
from shared.tenant import Absent, Observation, Unreadable, User
from tests.wire.bench import Bench
from tests.wire.twisting import twisting

ONE, TWO = "+46701740611", "+46701740622"
GRAPH = "graph.microsoft.com"
METHODS = "UserAuthenticationMethod.ReadWrite.All"


async def page_of(bench: Bench, link: str | None = None) -> Page[User]:
    """Return one page of the listing."""
    return await users_page(bench.worker.graph, link, Deadline.after(bench.clock, 90))


async def everybody(bench: Bench) -> list[User]:
    """Return all pages' users."""
    page = await page_of(bench)
    users = page.value
    while page.next_link:
        page = await page_of(bench, page.next_link)
        users += page.value
    return users


async def observed(bench: Bench, users: list[User]) -> dict[str, Observation | Unreadable]:
    """Return what is seen of listed users, in a call of their own."""
    tenant = bench.worker.tenant(Deadline.after(bench.clock, 90))
    return dict(await tenant.observe_listed(users))


def graph_calls(bench: Bench) -> int:
    """Return how many calls Graph got."""
    return len(bench.calls(GRAPH))


async def test_trap_18_everybody_is_listed_once_in_pages_of_999(bench: Bench) -> None:
    """The link is followed as it is, by another worker too if the run stopped between two pages."""
    bench.control.generate(1200)
    first = await page_of(bench)
    bench.configure()
    assert first.next_link
    second = await page_of(bench, first.next_link)
    ids = [user.id for user in (*first.value, *second.value)]
    assert (len(first.value), second.next_link, graph_calls(bench)) == (999, None, 2)
    assert set(ids) == set(bench.tenant.state.people)
    assert len(ids) == len(set(ids))


async def test_a_listed_user_is_what_a_single_read_shows(bench: Bench) -> None:
    """Nothing that decides is missing in the listing: the same scope, the same number, the same times."""
    people = [
        bench.person(ONE, TWO),
        bench.person(None),
        bench.person("ask", enabled=False, usage_location="SE"),
    ]
    listed = {user.id: user for user in await everybody(bench)}
    tenant = bench.worker.tenant(Deadline.after(bench.clock, 90))
    single = await tenant.observe([person.id for person in people])
    assert await observed(bench, [listed[person.id] for person in people]) == single


async def test_trap_14_an_attribute_that_is_not_listed_is_not_an_empty_one(bench: Bench) -> None:
    """An object that is left out must never become a delete."""
    silent, empty = bench.person(ONE, attribute_returned=False), bench.person(None)
    listed = {user.id: user for user in await everybody(bench)}
    assert (listed[silent.id].attribute, listed[empty.id].attribute) == (Absent.NOT_RETURNED, None)


async def test_a_swept_user_costs_a_twentieth_of_a_call(bench: Bench) -> None:
    """The goal: 0.052 calls for each unchanged user. A read in a batch of twenty, a share of the listing."""
    bench.control.generate(999 - len(bench.tenant.state.people))
    users = await everybody(bench)
    seen = await observed(bench, users)
    assert len(seen) == 999
    assert graph_calls(bench) <= 0.052 * 999


async def test_a_user_who_is_gone_since_the_listing_is_told_as_such(bench: Bench) -> None:
    """With what the listing said of them, so that the row has a name."""
    person = bench.person(ONE, ONE)
    users = await everybody(bench)
    bench.control.remove_person(person.id)
    seen = (await observed(bench, users))[person.id]
    assert isinstance(seen, Unreadable)
    assert (seen.code, seen.user and seen.user.id) == (Code.USER_NOT_FOUND, person.id)


async def test_listed_users_of_whom_no_methods_may_be_read_stop_the_run(bench: Bench) -> None:
    """Three first answers of 403 are a right of ours that is missing, as in a push."""
    users = await everybody(bench)
    bench.control.switch(grants=["User.Read.All"])
    with pytest.raises(PermanentError, match="nobody's authentication methods"):
        await observed(bench, users)


async def test_trap_9_once_somebody_was_read_a_refusal_is_that_users(bench: Bench) -> None:
    """The token has shown that it may read, so however many are refused, it is theirs."""
    people = [bench.person(ONE, ONE) for _ in range(5)]
    users = await everybody(bench)
    await observed(bench, users)
    for person in people:
        person.refuse_access = True
    refused = {person.id for person in people}
    seen = (await observed(bench, [user for user in users if user.id in refused])).values()
    assert [one.code for one in seen if isinstance(one, Unreadable)] == [Code.TARGET_OUT_OF_REACH] * 5


async def test_trap_14_a_listing_without_anybodys_attributes_stops_the_run(bench: Bench) -> None:
    """User.ReadBasic.All lists people and hides every attribute."""
    bench.control.switch(grants=["User.ReadBasic.All", METHODS])
    users = await everybody(bench)
    with pytest.raises(PermanentError, match="absent is not empty"):
        await observed(bench, users)


async def test_listed_users_and_a_graph_that_fails_are_one_clear_problem(bench: Bench) -> None:
    """Not one unreadable row for each user."""
    users = await everybody(bench)
    bench.control.fault(status=500, applies_to="item", times=1000)
    with pytest.raises(TransientError):
        await observed(bench, users[:3])


async def test_nobody_listed_costs_nothing(bench: Bench) -> None:
    """A page of which nobody is ours."""
    assert await observed(bench, []) == {}
    assert graph_calls(bench) == 0


async def test_without_the_right_to_list_users_the_remedy_names_it(bench: Bench) -> None:
    """Nothing else says what to do."""
    bench.control.switch(grants=[METHODS])
    with pytest.raises(PermanentError) as stopped:
        await page_of(bench)
    assert (stopped.value.code, stopped.value.remedy) == (Problem.GRAPH_REFUSED, "Consent to User.Read.All.")


@pytest.mark.parametrize("status", [429, 503])
async def test_a_page_is_waited_for(bench: Bench, status: int) -> None:
    """Throttled or unavailable for a moment: the sweep goes on."""
    bench.control.fault(status=status, path="/users$", times=3, headers={"Retry-After": "4"})
    assert (await page_of(bench)).value
    assert bench.clock.monotonic() >= 12


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_page_that_does_not_come_is_for_later(bench: Bench, status: int) -> None:
    """The run keeps its place and tries again."""
    bench.control.fault(status=status, path="/users$", times=1000, headers={"Retry-After": "25"})
    with pytest.raises(TransientError) as stopped:
        await page_of(bench)
    assert stopped.value.retry_after >= 25


async def test_a_link_that_graph_no_longer_knows_is_no_missing_right(bench: Bench) -> None:
    """A listing that was left for long cannot be gone on with; the remedy sends nobody to consent."""
    bench.control.generate(1200)
    link = (await page_of(bench)).next_link
    bench.tenant.state.pages.clear()
    with pytest.raises(PermanentError) as stopped:
        await page_of(bench, link)
    assert "begins anew" in stopped.value.remedy


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/users?$skiptoken=x",
        "http://graph.microsoft.com/v1.0/users?$skiptoken=x",
        "https://graph.microsoft.com.evil.example/v1.0/users",
        "https://graph.microsoft.com/v1.0@evil.example/users",
        "https://graph.microsoft.com/v1.0/../beta/users",
    ],
)
async def test_a_next_page_elsewhere_never_gets_our_bearer(bench: Bench, link: str) -> None:
    """A nextLink must keep GRAPH_URL's origin and path, else the run fails before anything is sent there."""
    wire = twisting(bench)
    wire.twist = lambda body: body.update({"@odata.nextLink": link})
    with pytest.raises(PermanentError, match="another address"):
        await page_of(bench)
    assert len(wire.asked) == 1


@pytest.mark.parametrize(
    "link", ["https://evil.example/v1.0/users", "users", "@evil.example/users", "/../../beta/users", "//../x"]
)
async def test_a_kept_link_that_leads_elsewhere_is_refused(bench: Bench, link: str) -> None:
    """Links lie in the storage as text: whoever writes there must not be sent our bearer."""
    with pytest.raises(PermanentError, match="another address"):
        await page_of(bench, link)
    assert graph_calls(bench) == 0


@pytest.mark.parametrize(
    "news",
    [
        {"value": None},
        {"value": "text"},
        {"value": [1]},
        {"value": [{"userPrincipalName": "nobody@contoso.com"}]},
        {"value": [{"id": None}]},
        {"@odata.nextLink": 7},
    ],
)
async def test_a_page_of_unknown_shape_is_not_an_empty_tenant(bench: Bench, news: dict[str, Any]) -> None:
    """Silence is never taken for "nobody"."""
    wire = twisting(bench)
    wire.twist = lambda body: body.update(news)
    with pytest.raises(TransientError, match="unknown shape"):
        await page_of(bench)


async def test_an_empty_page_may_have_a_next_one(bench: Bench) -> None:
    """Nobody on this page does not end the listing."""
    bench.control.generate(1200)
    wire = twisting(bench)
    wire.twist = lambda body: body.update({"value": []})
    page = await page_of(bench)
    assert (page.value, page.next_link is None) == ([], False)
