"""Who changed, as users/delta tells it."""

from __future__ import annotations

from typing import Any

import pytest

from dev.tenant.people import Person, Phone
from mfa_sync.graph.client import Page
from mfa_sync.graph.delta import TokenGoneError, changes_page, latest
from shared.clock import Deadline
from shared.errors import PermanentError, Problem, TransientError
from tests.wire.conftest import Bench
from tests.wire.twisting import twisting

ONE, TWO = "+46701740611", "+46701740622"
GRAPH = "graph.microsoft.com"
WEEK = 7 * 24 * 3600


async def start(bench: Bench) -> str:
    """Return where a round begins that tells what changes from now on."""
    return await latest(bench.worker.graph, Deadline.after(bench.clock, 90))


async def page_of(bench: Bench, link: str) -> Page[str]:
    """Return one page."""
    return await changes_page(bench.worker.graph, link, Deadline.after(bench.clock, 90))


async def round_of(bench: Bench, link: str) -> list[Page[str]]:
    """Return all pages of a round."""
    pages = [await page_of(bench, link)]
    while pages[-1].next_link:
        pages.append(await page_of(bench, pages[-1].next_link))
    return pages


async def changed(bench: Bench, link: str) -> set[str]:
    """Return everybody whom a round names."""
    return {user_id for page in await round_of(bench, link) for user_id in page.value}


async def test_from_now_on_costs_one_call_and_tells_of_nobody(bench: Bench) -> None:
    """A million users are not read to learn where they stand."""
    bench.control.switch(delta_page_size=2)
    link = await start(bench)
    assert len(bench.calls(GRAPH)) == 1
    assert await changed(bench, link) == set()


@pytest.mark.parametrize(
    "change",
    [
        {"attribute": TWO},
        {"attribute": None},
        {"enabled": False},
        {"user_type": "Guest"},
        {"usage_location": "NO"},
        {"on_premises_sync_enabled": None},
        {"upn": "married@contoso.com"},
    ],
)
async def test_whoever_changes_in_what_decides_is_told(bench: Bench, change: dict[str, Any]) -> None:
    """Each property that scope and plan look at is followed, an emptied attribute too."""
    person = bench.person(ONE)
    link = await start(bench)
    bench.control.patch_person(person.id, **change)
    assert await changed(bench, link) == {person.id}


async def test_the_time_of_the_last_synchronisation_is_no_change(bench: Bench) -> None:
    """Following it would bring back whoever was synchronised, however often and with nothing new."""
    person = bench.person(ONE)
    link = await start(bench)
    bench.control.patch_person(person.id, on_premises_last_sync="2026-11-24T05:30:00Z")
    assert await changed(bench, link) == set()


async def test_trap_20_a_changed_phone_is_not_told(bench: Bench) -> None:
    """Authentication methods are no part of the user: this is what the audit log is read for."""
    person = bench.person(ONE, ONE)
    link = await start(bench)
    bench.control.patch_person(person.id, phones={"mobile": TWO})
    assert await changed(bench, link) == set()


async def test_a_new_user_is_told_and_the_next_round_begins_after_the_last(bench: Bench) -> None:
    """The last page's delta link; a link is text and serves another worker as well."""
    link = await start(bench)
    first = bench.person(ONE)
    pages = await round_of(bench, link)
    second = bench.person(TWO)
    bench.configure()
    assert pages[-1].value == [first.id]
    assert pages[-1].delta_link
    assert await changed(bench, pages[-1].delta_link) == {second.id}


@pytest.mark.parametrize("restorable", [True, False])
async def test_trap_19_whoever_is_gone_is_dropped(bench: Bench, *, restorable: bool) -> None:
    """`@removed` for good or restorably: there is nothing to sync, and reading them would only say so."""
    gone, changing = bench.person(ONE), bench.person(ONE)
    link = await start(bench)
    bench.control.remove_person(gone.id, restorable=restorable)
    bench.control.patch_person(changing.id, attribute=TWO)
    assert await changed(bench, link) == {changing.id}


async def test_whoever_was_restored_is_there_again(bench: Bench) -> None:
    """They come back as ordinary entries."""
    person = bench.person(ONE)
    link = await start(bench)
    bench.control.remove_person(person.id, restorable=True)
    bench.control.restore_person(person.id)
    assert await changed(bench, link) == {person.id}


async def test_the_last_word_on_a_user_counts(bench: Bench) -> None:
    """The same object may come repeatedly on one page, changed first and gone then, or the other way."""
    wire, link = twisting(bench), await start(bench)
    there, gone = {"id": "A", "userType": "Member"}, {"id": "A", "@removed": {"reason": "changed"}}
    wire.twist = lambda body: body.update({"value": [there, gone, {"id": "B", "@removed": {}}, {"id": "b"}]})
    assert (await page_of(bench, link)).value == ["b"]


async def test_trap_19_an_empty_page_does_not_end_the_round(bench: Bench) -> None:
    """Graph may send pages with nobody on them that have a next link."""
    bench.control.switch(delta_empty_every=1, delta_page_size=2)
    link = await start(bench)
    people = [bench.person(ONE) for _ in range(5)]
    pages = await round_of(bench, link)
    assert [len(page.value) for page in pages] == [0, 2, 0, 2, 0, 1]
    assert {user_id for page in pages for user_id in page.value} == {person.id for person in people}
    assert [page.delta_link is not None for page in pages] == [False] * 5 + [True]


async def test_trap_19_repeats_on_a_page_are_one(bench: Bench) -> None:
    """Applied idempotently: one user is not read twice because Graph said it twice."""
    bench.control.switch(delta_repeats=3)
    link = await start(bench)
    people = [bench.person(ONE) for _ in range(4)]
    assert sorted((await page_of(bench, link)).value) == sorted(person.id for person in people)


async def test_a_replay_of_a_former_round_is_told_again(bench: Bench) -> None:
    """It costs a read; what must not happen is that it hides somebody."""
    link = await start(bench)
    former = bench.person(ONE)
    following = (await page_of(bench, link)).delta_link
    bench.control.switch(delta_replays=1)
    current = bench.person(TWO)
    assert following
    assert await changed(bench, following) == {former.id, current.id}


@pytest.mark.parametrize("status", [400, 410])
async def test_trap_19_a_token_of_more_than_a_week_is_gone(bench: Bench, status: int) -> None:
    """Both answers mean: look at everybody."""
    bench.control.switch(delta_expired_status=status)
    link = await start(bench)
    bench.clock.advance(WEEK - 1)
    assert (await page_of(bench, link)).delta_link
    bench.clock.advance(1)
    with pytest.raises(TokenGoneError, match=f"status {status}"):
        await page_of(bench, link)


async def test_a_token_of_another_tenant_is_gone(bench: Bench) -> None:
    """One that Graph never gave out, as after a move to another cloud."""
    with pytest.raises(TokenGoneError):
        await page_of(bench, "/users/delta?$deltatoken=R0usmcAAAA")


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "SyncStateNotFound"), (400, "resyncRequired"), (410, "whatever"), (410, "syncStateNotFound")],
)
async def test_the_code_of_a_token_that_is_gone_is_read_without_case(
    bench: Bench, status: int, code: str
) -> None:
    """Microsoft's pages and its services spell it differently."""
    link = await start(bench)
    bench.control.fault(status=status, path="/users/delta", code=code)
    with pytest.raises(TokenGoneError):
        await page_of(bench, link)


async def test_a_code_in_the_inner_error_counts_as_well(bench: Bench) -> None:
    """Graph's services wrap each other's errors."""
    wire, link = twisting(bench), await start(bench)
    inner = {"code": "BadRequest", "innererror": {"code": "syncStateNotFound"}}
    wire.twist = lambda body: body.update({"error": inner})
    bench.control.fault(status=400, path="/users/delta")
    with pytest.raises(TokenGoneError):
        await page_of(bench, link)


async def test_any_other_refusal_of_the_question_is_no_lost_token(bench: Bench) -> None:
    """A full sweep for each mistake of ours would hide the mistake."""
    link = await start(bench)
    bench.control.fault(status=400, path="/users/delta", code="BadRequest")
    with pytest.raises(PermanentError) as stopped:
        await page_of(bench, link)
    assert "BadRequest" in stopped.value.detail


async def test_without_the_right_the_remedy_names_it(bench: Bench) -> None:
    """At the start and in the midst of it."""
    link = await start(bench)
    bench.control.switch(grants=["UserAuthenticationMethod.ReadWrite.All"])
    for work in (start(bench), page_of(bench, link)):
        with pytest.raises(PermanentError) as stopped:
            await work
        assert (stopped.value.code, stopped.value.remedy) == (
            Problem.GRAPH_REFUSED,
            "Consent to User.Read.All.",
        )


@pytest.mark.parametrize("status", [429, 503])
async def test_a_page_is_waited_for(bench: Bench, status: int) -> None:
    """Throttled or unavailable for a moment: the sweep goes on."""
    link = await start(bench)
    bench.control.fault(status=status, path="/users/delta", times=3, headers={"Retry-After": "4"})
    assert (await page_of(bench, link)).delta_link
    assert bench.clock.monotonic() >= 12


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_page_that_does_not_come_is_for_later(bench: Bench, status: int) -> None:
    """Never a token that is gone."""
    link = await start(bench)
    bench.control.fault(status=status, path="/users/delta", times=1000, headers={"Retry-After": "25"})
    with pytest.raises(TransientError):
        await page_of(bench, link)


@pytest.mark.parametrize("name", ["@odata.nextLink", "@odata.deltaLink"])
@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/users/delta?$deltatoken=x",
        "http://graph.microsoft.com/v1.0/users/delta?$deltatoken=x",
        "https://graph.microsoft.com.evil.example/v1.0/users/delta",
        "https://graph.microsoft.com/v1.0/%2e%2E/beta/users/delta",
    ],
)
async def test_a_link_elsewhere_never_gets_our_bearer(bench: Bench, name: str, link: str) -> None:
    """Both kinds of link must keep GRAPH_URL's origin and path; such a link is not even handed out."""
    wire = twisting(bench)

    def twist(body: dict[str, Any]) -> None:
        del body["@odata.deltaLink"]
        body[name] = link

    wire.twist = twist
    with pytest.raises(PermanentError, match="another address"):
        await start(bench)
    assert len(wire.asked) == 1


@pytest.mark.parametrize(
    "link", ["https://evil.example/v1.0/users/delta", "@evil.example", "", "/../beta/users/delta"]
)
async def test_a_kept_link_that_leads_elsewhere_is_refused(bench: Bench, link: str) -> None:
    """Links lie in the storage as text: whoever writes there must not be sent our bearer."""
    with pytest.raises(PermanentError, match="another address"):
        await page_of(bench, link)
    assert bench.calls(GRAPH) == []


@pytest.mark.parametrize(
    "news",
    [
        {"@odata.deltaLink": None},
        {"@odata.nextLink": "https://graph.microsoft.com/v1.0/users/delta?$skiptoken=x"},
        {"@odata.deltaLink": 7},
        {"value": None},
        {"value": [{"userPrincipalName": "nobody@contoso.com"}]},
        {"value": [{"@removed": {"reason": "deleted"}}]},
    ],
)
async def test_a_page_of_unknown_shape_is_not_an_empty_round(bench: Bench, news: dict[str, Any]) -> None:
    """Exactly one link, and an id for each entry: else nobody knows what was missed."""
    wire, link = twisting(bench), await start(bench)
    wire.twist = lambda body: body.update(news)
    with pytest.raises(TransientError, match="unknown shape"):
        await page_of(bench, link)


async def test_the_start_too_may_come_after_an_empty_page(bench: Bench) -> None:
    """Any page of a delta query may be empty and go on."""
    wire, link = twisting(bench), await start(bench)
    answers = [("@odata.nextLink", f"https://{GRAPH}/v1.0{link}")]

    def twist(body: dict[str, Any]) -> None:
        if answers:
            del body["@odata.deltaLink"]
            body.update([answers.pop()])

    wire.twist = twist
    assert "$deltatoken=" in await start(bench)
    assert len(wire.asked) == 3


async def test_nothing_but_ids_comes_out(bench: Bench) -> None:
    """Attributes are in the answers: they are read afresh, and never kept from here."""
    link = await start(bench)
    bench.tenant.state.add_person(
        Person("0" * 36, "x@contoso.com", attribute=ONE, phones={"mobile": Phone(ONE)})
    )
    assert ONE[-6:] not in repr(await page_of(bench, link))
