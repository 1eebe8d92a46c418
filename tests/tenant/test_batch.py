"""$batch: twenty calls in one, each with its own answer."""

from typing import Any

import pytest

from dev.tenant.faults import Fault
from dev.tenant.state import TenantState
from tests.clocks import FakeClock
from tests.tenant.graph_client import GraphClient, code

ANNA = "/users/anna.new@contoso.com"
JSON = {"Content-Type": "application/json"}


def by_id(response: Any) -> dict[str, Any]:
    """The answers by their ids."""
    return {item["id"]: item for item in response.json()["responses"]}


async def test_each_item_has_its_own_status_and_the_order_is_anyones(graph: GraphClient) -> None:
    """The whole is 200 whatever the parts say."""
    answer = await graph.batch(*[{"url": ANNA}] * 10, *[{"url": "/users/nobody@contoso.com"}] * 10)
    assert answer.status_code == 200
    order = [item["id"] for item in answer.json()["responses"]]
    assert sorted(order, key=int) == [str(number) for number in range(1, 21)]
    assert order != sorted(order, key=int)
    items = by_id(answer)
    assert items["1"]["status"] == 200
    assert items["20"]["status"] == 404
    assert items["20"]["body"]["error"]["code"] == "Request_ResourceNotFound"


async def test_items_go_through_the_same_rules(graph: GraphClient, state: TenantState) -> None:
    """A write takes effect; an answer without content has no body."""
    phone = "/authentication/phoneMethods"
    mobile = "3179e48a-750b-4051-897c-87b9720928f7"
    body = {"phoneNumber": "+46 701740699", "phoneType": "mobile"}
    answer = await graph.batch(
        {"method": "POST", "url": ANNA + phone, "headers": JSON, "body": body},
        {
            "method": "PATCH",
            "url": f"users/bo.same@contoso.com{phone}/{mobile}",
            "headers": JSON,
            "body": body,
        },
        {"method": "DELETE", "url": f"/users/gustav.left@contoso.com{phone}/{mobile}"},
        {"method": "POST", "url": ANNA + phone, "body": body},
    )
    items = by_id(answer)
    assert [items[key]["status"] for key in "1234"] == [201, 204, 204, 400]
    assert "body" not in items["2"]
    assert state.person("anna.new@contoso.com").phones["mobile"].number == "+46701740699"
    assert [item["status"] for item in state.log.entries[-1]["items"]] == [201, 204, 204, 400]


@pytest.mark.parametrize(
    "requests",
    [
        [],
        "x",
        [{"id": "1", "method": "GET"}],
        [{"id": 1, "method": "GET", "url": "/users"}],
        [{"id": "a", "method": "GET", "url": "/users"}, {"id": "A", "method": "GET", "url": "/users"}],
        [{"id": str(number), "method": "GET", "url": "/users"} for number in range(21)],
        [{"id": "1", "method": "GET", "url": "/users", "dependsOn": ["2"]}],
    ],
)
async def test_a_malformed_envelope_is_refused_whole(graph: GraphClient, requests: object) -> None:
    """Too many, ids that differ in case only, missing parts."""
    assert code(await graph.call("POST", "/$batch", json={"requests": requests})) == (400, "BadRequest")


@pytest.mark.parametrize(
    "url", ["/users/x_gmail.com#EXT#@contoso.com", "/users?$filter=accountEnabled eq true"]
)
async def test_an_unescaped_url_is_refused(graph: GraphClient, url: str) -> None:
    """Blanks and # must be percent-encoded in items too."""
    assert by_id(await graph.batch({"url": url}))["1"]["status"] == 400


async def test_an_escaped_url_is_understood(graph: GraphClient) -> None:
    """The same two, escaped."""
    items = by_id(
        await graph.batch(
            {"url": "/users/x_gmail.com%23EXT%23@contoso.com"},
            {"url": "/users?$filter=accountEnabled%20eq%20false&$select=id"},
        )
    )
    assert items["1"]["status"] == 200
    assert len(items["2"]["body"]["value"]) == 1


async def test_what_depends_on_a_failure_fails(graph: GraphClient) -> None:
    """424, and what depends on a success runs."""
    items = by_id(
        await graph.batch(
            {"url": "/users/nobody@contoso.com"},
            {"url": ANNA, "dependsOn": ["1"]},
            {"url": ANNA},
            {"url": ANNA, "dependsOn": ["3"]},
        )
    )
    assert [items[key]["status"] for key in "1234"] == [404, 424, 200, 200]


async def test_items_are_throttled_one_by_one(graph: GraphClient, state: TenantState) -> None:
    """With Retry-After in the item's headers; the rest is answered."""
    state.faults.append(Fault(429, times=2, applies_to="item", headers={"Retry-After": "7"}))
    state.faults.append(Fault(429, times=1, applies_to="item"))
    items = by_id(await graph.batch(*[{"url": ANNA}] * 4))
    assert [items[key]["status"] for key in "1234"] == [429, 429, 429, 200]
    assert items["1"]["headers"]["Retry-After"] == "7"
    assert "Retry-After" not in items["3"]["headers"]
    assert items["1"]["body"]["error"]["code"] == "TooManyRequests"


async def test_a_batch_takes_as_long_as_its_slowest_item(
    graph: GraphClient, state: TenantState, clock: FakeClock
) -> None:
    """Plus a little for each item; one call takes the latency once."""
    state.switches.graph_latency = 0.05
    start = clock.epoch()
    await graph.get(ANNA)
    assert clock.epoch() - start == pytest.approx(0.05)
    state.faults.append(Fault(0, applies_to="item", delay=1.0))
    start = clock.epoch()
    await graph.batch(*[{"url": ANNA}] * 20)
    assert clock.epoch() - start == pytest.approx(1.05 + 20 * 0.002)


async def test_a_bad_token_refuses_the_whole_batch(graph: GraphClient) -> None:
    """The outer authorisation covers every item."""
    answer = await graph.call("POST", "/$batch", json={"requests": []}, headers={"Authorization": "Bearer x"})
    assert code(answer) == (401, "InvalidAuthenticationToken")
