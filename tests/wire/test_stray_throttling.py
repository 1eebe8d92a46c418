"""Stray refusals: Graph says "wait" far below every limit, and that teaches no rate."""

from __future__ import annotations

import pytest

from mfa_sync.graph.client import Request
from mfa_sync.graph.pace import Service
from shared.clock import Deadline
from shared.errors import TransientError
from tests.wire.bench import Bench

ONE, TWO = "+46701740611", "+46701740622"
READS, WRITES = "GET", "POST|PATCH"
PEOPLE, REFUSED_SHARE, REFUSALS = 60, 0.3, 40
FOREVER = 1_000_000


@pytest.mark.parametrize("told", [{"Retry-After": "1"}, {}], ids=["told", "untold"])
@pytest.mark.parametrize("method", [READS, WRITES], ids=["reads", "writes"])
async def test_trap_48_forty_stray_refusals_cost_no_row_and_do_not_slow_the_next_push(
    bench: Bench, method: str, told: dict[str, str]
) -> None:
    """A third of sixty users' items refused: one call of seconds settles all, the next is as fast as ever."""
    bench.tenant.state.random.seed(1)
    people = [bench.person(ONE, None if number % 2 else TWO) for number in range(PEOPLE)]
    bench.control.fault(
        status=429,
        method=method,
        path="/users/",
        applies_to="item",
        probability=REFUSED_SHARE,
        times=REFUSALS,
        headers=told,
    )
    began = bench.clock.monotonic()
    answer = await bench.push([{"Id": person.id} for person in people])
    settled = bench.clock.monotonic()
    assert answer.body["summary"]["created"] + answer.body["summary"]["updated"] == PEOPLE
    bench.control.clear_faults()
    again = await bench.push([{"Id": person.id} for person in people])
    seconds = (settled - began, bench.clock.monotonic() - settled)
    assert again.body["summary"]["unchanged"] == PEOPLE
    assert seconds[0] <= 30
    assert seconds[1] <= 5


async def test_a_service_that_is_throttled_holds_up_no_other(bench: Bench) -> None:
    """The methods are refused for a while; the directory has limits of its own, and answers."""
    graph = bench.worker.graph
    await bench.one(bench.person(ONE, ONE))
    bench.control.fault(
        status=429, path="/authentication/", applies_to="item", headers={"Retry-After": "300"}
    )
    await bench.push([{"Id": bench.person(ONE, ONE).id}])
    before = bench.clock.monotonic()
    reply = await graph.send(Request("GET", "/groups?$select=id"), Deadline.after(bench.clock, 90))
    assert reply.status == 200
    assert bench.clock.monotonic() == before
    assert graph.pace.closed_for(bench.clock, [Service.METHODS]) > 0
    bench.control.clear_log()
    with pytest.raises(TransientError):
        await bench.one(bench.person(ONE, ONE))
    assert bench.calls("graph.microsoft.com") == []


async def test_an_item_is_asked_for_again_until_the_time_is_over(bench: Bench) -> None:
    """However often: thirty-five refusals of a second each are less than a call of ninety lasts."""
    person = bench.person(ONE, ONE)
    await bench.one(bench.person(ONE, ONE))
    bench.control.fault(status=429, path=person.id, applies_to="item", times=70, headers={"Retry-After": "1"})
    assert (await bench.one(person))["outcome"] == "unchanged"


async def test_a_fault_that_lasts_past_the_call_ends_no_other_rows_retrying(bench: Bench) -> None:
    """One item is told to wait for ten minutes; the others only for a second."""
    sick, throttled = bench.person(ONE, ONE), bench.person(ONE, ONE)
    await bench.one(bench.person(ONE, ONE))
    bench.control.fault(
        status=503, path=sick.id, applies_to="item", times=FOREVER, headers={"Retry-After": "600"}
    )
    bench.control.fault(status=429, path=throttled.id, applies_to="item", headers={"Retry-After": "1"})
    answer = await bench.push([{"Id": sick.id}, {"Id": throttled.id}])
    assert [line.get("code") for line in answer.body["results"]] == ["unavailable", None]
