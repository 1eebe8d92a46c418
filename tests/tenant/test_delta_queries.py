"""users/delta: what may be asked of it, and what its tokens are worth."""

from dataclasses import replace

import pytest

from dev.tenant import sample
from dev.tenant.secrets_and_accounts import Token
from dev.tenant.state import TenantState
from tests.clocks import FakeClock
from tests.tenant.delta_rounds import SELECT, Follow
from tests.tenant.graph_client import GraphClient, code

ANNA, BO, HANNA = "anna.new@contoso.com", "bo.same@contoso.com", "hanna.none@contoso.com"
WEEK = 7 * 24 * 3600


async def test_a_filter_names_up_to_fifty_ids(follow: Follow, graph: GraphClient, state: TenantState) -> None:
    """And nothing else; the token keeps it."""
    ids = [sample.guid(ANNA), sample.guid(BO)]
    clauses = " or ".join(f"id eq '{key}'" for key in ids)
    told = await follow(f"/users/delta?{SELECT}&$filter={clauses}")
    assert sorted(told.last) == sorted(ids)
    state.person(BO).enabled = False
    state.person(HANNA).enabled = False
    assert list((await follow(told.link)).last) == [sample.guid(BO)]
    stranger = "$filter=id eq '00000000-0000-0000-0000-000000000000'"
    assert (await follow(f"/users/delta?{stranger}")).entries == []
    many = " or ".join(f"id eq '{number}'" for number in range(51))
    for text in (many, "accountEnabled eq true"):
        answer = await graph.get(f"/users/delta?$filter={text}")
        assert code(answer) == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize("query", ["$orderby=displayName", "$search=x", "$skip=5"])
async def test_other_options_are_not_supported(graph: GraphClient, query: str) -> None:
    """Only $top is ignored in silence."""
    answer = await graph._http.get(f"https://graph.microsoft.com/v1.0/users/delta?{query}")
    assert code(answer) == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize("query", ["$select=id,mailboxSettings", "$select=signInActivity", "$expand=manager"])
async def test_properties_that_delta_does_not_follow_are_refused_by_name(
    graph: GraphClient, query: str
) -> None:
    """In the words that were seen; a misspelt name is refused as everywhere."""
    answer = await graph.get(f"/users/delta?{query}")
    assert code(answer) == (400, "BadRequest")
    assert "$expand/$select is not supported for the following properties" in answer.text
    wrong = await graph.get("/users/delta?$select=extensionAttribute15")
    assert "Could not find a property named" in wrong.json()["error"]["message"]


@pytest.mark.parametrize("kind", ["delta", "skip"])
async def test_a_token_lives_seven_days(
    graph: GraphClient, follow: Follow, state: TenantState, clock: FakeClock, kind: str
) -> None:
    """After that, and for one that was never given out, the state of the client is not known."""
    state.switches.delta_page_size = 10
    page = (await graph.get(f"/users/delta?{SELECT}")).json()
    link = page["@odata.nextLink"] if kind == "skip" else (await follow()).link
    clock.advance(WEEK - 1)
    state.tokens = {key: _longer(token) for key, token in state.tokens.items()}
    assert (await graph.get(link)).status_code == 200
    clock.advance(1)
    for address in (link, "/users/delta?$deltatoken=made-up", "/users/delta?$deltatoken=R0usmcAAAA"):
        answer = await graph.get(address)
        assert code(answer) == (400, "syncStateNotFound")
        assert "data must be synchronized again" in answer.json()["error"]["message"]


async def test_a_dead_token_may_be_answered_410_with_where_to_begin(
    graph: GraphClient, follow: Follow, state: TenantState, clock: FakeClock
) -> None:
    """The address holds an empty token: a full round."""
    link = (await follow()).link
    state.switches.delta_expired_status = 410
    clock.advance(WEEK)
    state.tokens = {key: _longer(token) for key, token in state.tokens.items()}
    answer = await graph.get(link)
    assert code(answer) == (410, "resyncRequired")
    assert set((await follow(answer.headers["Location"])).last) == set(state.people)


async def test_a_token_from_before_what_is_remembered_is_dead(
    graph: GraphClient, follow: Follow, state: TenantState, clock: FakeClock
) -> None:
    """However long tokens are set to live, no change may be missed in silence."""
    state.switches.delta_token_lifetime = 60 * WEEK
    state.tokens = {
        key: replace(token, expires_at=clock.epoch() + 60 * WEEK) for key, token in state.tokens.items()
    }
    link = (await follow()).link
    person = state.person(BO)
    for number in range(3000):
        person.enabled = number % 2 == 1
        clock.advance(3600)
    assert code(await graph.get(link)) == (400, "syncStateNotFound")


async def test_a_token_of_a_former_tenant_is_unknown(follow: Follow, state: TenantState) -> None:
    """After a reset everything begins anew."""
    link = (await follow()).link
    kept = dict(state.tokens)
    state.clear()
    sample.fill(state)
    state.tokens = kept
    with pytest.raises(AssertionError, match="syncStateNotFound"):
        await follow(link)


async def test_without_the_right_to_read_users_delta_refuses(graph: GraphClient, state: TenantState) -> None:
    """The basic right is not enough."""
    state.switches.grants = ["User.ReadBasic.All"]
    assert code(await graph.get("/users/delta")) == (403, "Authorization_RequestDenied")


def _longer(token: Token) -> Token:
    """An access token that outlives the week."""
    return replace(token, expires_at=token.expires_at + 2 * WEEK)
