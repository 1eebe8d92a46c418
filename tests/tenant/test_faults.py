"""Faults: what goes wrong, when, and how often."""

import httpx
import pytest

from dev.tenant.conformance import assert_conforms
from dev.tenant.faults import Fault
from dev.tenant.state import TenantState
from tests.clocks import FakeClock
from tests.tenant.graph_client import GraphClient, code

ANNA = "anna.new@contoso.com"


@pytest.mark.parametrize(("after_commit", "numbers"), [(True, ["+46 701740699"]), (False, [])])
async def test_a_lost_answer_may_hide_a_write(
    graph: GraphClient, state: TenantState, numbers: list[str], *, after_commit: bool
) -> None:
    """504 after the commit or before it: only a read tells."""
    state.faults.append(Fault(504, method="POST", after_commit=after_commit))
    assert (await graph.post_phone(ANNA, "+46701740699")).status_code == 504
    assert [phone["phoneNumber"] for phone in await graph.phones(ANNA)] == numbers


async def test_a_lost_answer_may_hide_a_write_in_a_batch_too(graph: GraphClient, state: TenantState) -> None:
    """The item says 504 and the phone is there."""
    state.faults.append(Fault(504, method="POST", after_commit=True, applies_to="item"))
    body = {"phoneNumber": "+46 701740699", "phoneType": "mobile"}
    url = f"/users/{ANNA}/authentication/phoneMethods"
    headers = {"Content-Type": "application/json"}
    answer = await graph.batch({"method": "POST", "url": url, "headers": headers, "body": body})
    assert answer.json()["responses"][0]["status"] == 504
    assert "mobile" in state.person(ANNA).phones


async def test_a_closed_connection_is_an_error_of_transport(graph: GraphClient, state: TenantState) -> None:
    """In-process too, where there is no connection to close."""
    state.faults.append(Fault(reset=True))
    with pytest.raises(httpx.TransportError):
        await graph.get("/users")
    assert (await graph.get("/users")).status_code == 200
    assert [entry["status"] for entry in state.log.entries] == [0, 200]


@pytest.mark.parametrize(("body", "start"), [("html", b"<html>"), ("empty", b"")])
async def test_a_front_door_may_answer_without_json(
    graph: GraphClient, state: TenantState, body: str, start: bytes
) -> None:
    """HTML or nothing at all."""
    state.faults.append(Fault(503, body=body, headers={"Retry-After": "3"}))
    answer = await graph._http.get("https://graph.microsoft.com/v1.0/users")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert answer.content[:6] == start


async def test_faults_strike_what_they_name_and_then_are_spent(
    graph: GraphClient, state: TenantState
) -> None:
    """By method, path and host; after the calls they skip; as often as they say."""
    state.faults.append(Fault(429, times=2, skip=1, method="GET", path="bo.same"))
    statuses = [(await graph.get(f"/users/{name}@contoso.com")).status_code for name in ["bo.same"] * 4]
    assert statuses == [200, 429, 429, 200]
    state.faults.append(Fault(429, host="login.*"))
    assert (await graph.get("/users/bo.same@contoso.com")).status_code == 200
    assert len(state.faults) == 1


async def test_a_fault_may_only_delay(graph: GraphClient, state: TenantState, clock: FakeClock) -> None:
    """The answer is the service's own."""
    state.faults.append(Fault(delay=30.0))
    start = clock.epoch()
    assert (await graph.get("/users")).status_code == 200
    assert clock.epoch() - start == pytest.approx(30.0)


async def test_chance_is_repeatable(graph: GraphClient, state: TenantState) -> None:
    """The same seed strikes the same calls."""
    outcomes = []
    for _ in range(2):
        state.random.seed(1)
        state.faults[:] = [Fault(503, times=100, probability=0.5)]
        outcomes.append([(await graph.get("/organization")).status_code for _ in range(20)])
    assert outcomes[0] == outcomes[1]
    assert set(outcomes[0]) == {200, 503}


async def test_the_code_and_text_of_a_fault_can_be_given(graph: GraphClient, state: TenantState) -> None:
    """For answers that are told apart by them."""
    state.faults.append(Fault(400, code="syncStateNotFound", message="gone"))
    answer = await graph.get("/users")
    assert code(answer) == (400, "syncStateNotFound")


def test_an_answer_that_is_not_as_described_does_not_conform() -> None:
    """The check against Microsoft's description does find something."""
    request = httpx.Request("GET", "https://graph.microsoft.com/v1.0/users/x/authentication/phoneMethods")
    for wrong in ({"value": [{"phoneNumber": 5}]}, {"value": [{"phoneType": "fax"}]}, {"value": "none"}):
        with pytest.raises(AssertionError):
            assert_conforms(request, httpx.Response(200, json=wrong))
    with pytest.raises(AssertionError):
        assert_conforms(request, httpx.Response(400, json={"error": {"message": "no code"}}))
