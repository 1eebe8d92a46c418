"""Links of users/delta that are too old, refused, or lead elsewhere; pages of unknown shape."""

from __future__ import annotations

from typing import Any

import pytest

from mfa_sync.graph.delta import TokenGoneError
from shared.errors import PermanentError, Problem, TransientError
from tests.wire.bench import Bench
from tests.wire.changes import page_of, start
from tests.wire.twisting import twisting

GRAPH = "graph.microsoft.com"
WEEK = 7 * 24 * 3600


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
