"""Limits: what counts, how refusals look, and when calls are taken again."""

import pytest

from dev.tenant.graph.throttle import cost
from dev.tenant.state import TenantState
from dev.tenant.wire import Call
from tests.clocks import FakeClock
from tests.tenant.graph_client import GraphClient, code

BO = "/users/bo.same@contoso.com"
PHONES = f"{BO}/authentication/phoneMethods"


@pytest.mark.parametrize(
    ("method", "path", "query", "units"),
    [
        ("GET", "/v1.0/users", "", 2),
        ("GET", "/v1.0/users/x", "$select=id", 1),
        ("GET", "/v1.0/users", "$select=id&$top=5", 1),
        ("GET", "/v1.0/users", "$expand=manager", 3),
        ("GET", "/v1.0/groups/x", "", 1),
        ("PATCH", "/v1.0/users/x", "", 1),
    ],
)
def test_a_call_costs_what_microsoft_says(method: str, path: str, query: str, units: int) -> None:
    """Two for users, less with $select or a small page, more with $expand, never below one."""
    assert cost(Call(method, "graph.microsoft.com", path, query)) == units


async def test_over_the_limit_calls_wait_as_long_as_they_are_told(
    graph: GraphClient, state: TenantState, clock: FakeClock
) -> None:
    """429 with Retry-After, and after that time it goes on."""
    state.switches.directory_limit = 4
    for _ in range(2):
        assert (await graph.get(BO)).headers["x-ms-resource-unit"] == "2"
    refused = await graph.get(BO)
    assert code(refused) == (429, "TooManyRequests")
    assert refused.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    assert float(refused.headers["x-ms-throttle-limit-percentage"]) > 1
    clock.advance(int(refused.headers["Retry-After"]))
    assert (await graph.get(BO)).status_code == 200


async def test_items_count_one_by_one_and_each_service_for_itself(
    graph: GraphClient, state: TenantState
) -> None:
    """Half of the batch is refused, the directory is not."""
    state.switches.methods_limit = 10
    answer = await graph.batch(*[{"url": PHONES}] * 20)
    statuses = [item["status"] for item in answer.json()["responses"]]
    assert (statuses.count(200), statuses.count(429)) == (10, 10)
    assert float(answer.headers["x-ms-throttle-limit-percentage"]) > 1
    assert (await graph.get(BO)).status_code == 200


async def test_a_service_may_tell_nothing(graph: GraphClient, state: TenantState) -> None:
    """No share, no time to wait."""
    state.switches.methods_limit = 1
    state.switches.throttle_tells_wait = state.switches.throttle_tells_share = False
    await graph.get(PHONES)
    refused = await graph.get(PHONES)
    assert refused.status_code == 429
    assert not {"retry-after", "x-ms-throttle-limit-percentage"} & set(refused.headers)


@pytest.mark.parametrize(("counted", "status"), [(True, 429), (False, 200)])
async def test_refused_calls_count_as_switched(
    graph: GraphClient, state: TenantState, clock: FakeClock, *, counted: bool, status: int
) -> None:
    """Who goes on calling stays refused."""
    state.switches.methods_limit = 1
    state.switches.throttle_counts_refused = counted
    await graph.get(PHONES)
    clock.advance(5)
    await graph.get(PHONES)
    clock.advance(6)
    assert (await graph.get(PHONES)).status_code == status
