"""Graph's 429s on the wire: nobody is lost, nobody calls too early."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mfa_sync.graph.batch import batch
from mfa_sync.graph.client import Request
from mfa_sync.graph.reply import GraphFault
from shared.clock import Deadline
from shared.errors import Problem, TransientError
from tests.clocks import FakeClock
from tests.wire.bench import Bench

ONE, TWO = "+46701740611", "+46701740622"
GRAPH = "graph.microsoft.com"
STORM_SECONDS = 30.0
FOREVER = 1_000_000


class StormClock(FakeClock):
    """Time at whose thirtieth second the storm is over."""

    end_storm: Callable[[], None] | None = None

    def advance(self, seconds: float) -> None:
        """Wind the clock on."""
        super().advance(seconds)
        if self.end_storm and self.monotonic() >= STORM_SECONDS:
            self.end_storm()
            self.end_storm = None


@pytest.fixture
def clock() -> StormClock:
    """The time of worker and cloud."""
    return StormClock()


@pytest.fixture
def storm(bench: Bench, clock: StormClock) -> Callable[..., None]:
    """What lets every call or item be refused for thirty seconds."""

    def start(applies_to: str, **fields: Any) -> None:
        clock.end_storm = bench.control.clear_faults
        bench.control.fault(status=429, applies_to=applies_to, host="graph.*", times=FOREVER, **fields)

    return start


def too_early(bench: Bench, seconds: float) -> list[float]:
    """Return when Graph was called within `seconds` after it had refused something."""
    calls = bench.calls(GRAPH)
    refused = [
        call["time"]
        for call in calls
        if call["status"] == 429 or any(item["status"] == 429 for item in call.get("items") or [])
    ]
    assert refused
    return [call["time"] for call in calls if any(at < call["time"] < at + seconds for at in refused)]


@pytest.mark.parametrize("applies_to", ["call", "item"])
async def test_a_storm_of_thirty_seconds_loses_no_row_and_no_call_comes_before_its_retry_after(
    bench: Bench, storm: Callable[..., None], applies_to: str
) -> None:
    """Refused as a whole or item by item: every row is settled once the storm is over."""
    people = [bench.person(ONE) for _ in range(70)]
    storm(applies_to, headers={"Retry-After": "4"})
    answer = await bench.push([{"Id": person.id} for person in people])
    assert answer.body["summary"]["created"] == len(people)
    assert {bench.mobile(person) for person in people} == {ONE}
    assert too_early(bench, 4) == []


@pytest.mark.parametrize("applies_to", ["call", "item"])
async def test_trap_24_without_retry_after_the_waits_grow_and_no_row_is_lost(
    bench: Bench, storm: Callable[..., None], applies_to: str
) -> None:
    """Graph need not say how long. Exponential back-off gets through thirty seconds in few tries."""
    people = [bench.person(ONE, TWO) for _ in range(25)]
    storm(applies_to)
    answer = await bench.push([{"Id": person.id} for person in people])
    assert answer.body["summary"]["updated"] == len(people)
    # Three reading batches, sent again about six times, and two of writes; the rest is reading the roles.
    assert len(bench.calls(GRAPH)) < 40


async def test_trap_23_only_the_refused_items_are_sent_again(bench: Bench) -> None:
    """The others of the twenty were done; sending them again would cost the bucket twice."""
    people = [bench.person(ONE, ONE) for _ in range(10)]
    bench.control.fault(status=429, applies_to="item", times=3, skip=4, headers={"Retry-After": "2"})
    await bench.push([{"Id": person.id} for person in people])
    assert [len(call["items"]) for call in bench.calls(GRAPH) if "items" in call] == [20, 3]


async def test_trap_24_the_gate_holds_for_whoever_calls(bench: Bench) -> None:
    """One bucket, and a back-off of its own for each caller, would not do. A page, a batch, another push."""
    graph, patience = bench.worker.graph, Deadline.after(bench.clock, 80)
    await bench.one(bench.person(ONE, ONE))
    bench.control.fault(status=429, applies_to="item", host="graph.*", headers={"Retry-After": "40"})
    bench.control.clear_log()
    await batch(graph, [Request("GET", "/users/nobody@contoso.com")], Deadline.after(bench.clock, 5))
    async for _ in graph.pages("/groups?$select=id", patience):
        pass
    refused, page = bench.calls(GRAPH)
    assert page["time"] - refused["time"] >= 40


async def test_a_push_in_a_closed_gate_hears_at_once_when_to_come_back(bench: Bench) -> None:
    """No call is made, no time spent, and nobody is told that their row was tried."""
    await bench.one(bench.person(ONE, ONE))
    bench.control.fault(status=429, applies_to="call", host="graph.*", headers={"Retry-After": "300"})
    with pytest.raises(TransientError):
        await bench.one(bench.person(ONE))
    bench.control.clear_log()
    before = bench.clock.monotonic()
    with pytest.raises(TransientError) as stopped:
        await bench.one(bench.person(ONE))
    assert (bench.calls(GRAPH), bench.clock.monotonic()) == ([], before)
    assert stopped.value.code is Problem.GRAPH_UNAVAILABLE
    assert 300 <= stopped.value.retry_after <= 303


async def test_a_gate_that_stays_shut_too_long_ends_all_retrying_at_once(bench: Bench) -> None:
    """Whoever met another fault beside it cannot be asked again in time either."""
    sick, throttled = bench.person(ONE, ONE), bench.person(ONE, ONE)
    await bench.one(bench.person(ONE, ONE))
    bench.control.fault(status=500, path=f"{sick.id}/auth", applies_to="item", times=FOREVER)
    bench.control.fault(
        status=429, path=f"{throttled.id}/auth", applies_to="item", headers={"Retry-After": "200"}
    )
    before = bench.clock.monotonic()
    answer = await bench.push([{"Id": sick.id}, {"Id": throttled.id}])
    assert [line["code"] for line in answer.body["results"]] == ["unavailable", "throttled"]
    assert bench.clock.monotonic() == before


async def test_a_bucket_at_its_limit_loses_no_row(bench: Bench) -> None:
    """The limits of the emulated tenant themselves: what a large push runs into."""
    bench.control.switch(methods_limit=40, directory_limit=40)
    people = [bench.person(ONE) for _ in range(60)]
    answer = await bench.push([{"Id": person.id} for person in people])
    assert answer.body["summary"]["created"] == len(people)


async def test_server_faults_are_not_repeated_as_long_as_throttling(bench: Bench) -> None:
    """A 429 says "later", a 500 says nothing: five tries, whatever happens between them."""
    sick = bench.person(ONE, ONE)
    bench.control.fault(status=500, method="GET", path=sick.id, applies_to="item", times=FOREVER)
    bench.control.fault(status=429, applies_to="call", host="graph.*", times=2, headers={"Retry-After": "1"})
    await bench.push([{"Id": sick.id}, {"Id": bench.person(ONE, ONE).id}])
    tried = [
        item["url"]
        for call in bench.calls(GRAPH)
        if call["status"] == 200
        for item in call.get("items", [])
        if sick.id in item["url"] and "phoneMethods" in item["url"]
    ]
    assert len(tried) == 5


async def test_a_throttled_page_is_asked_for_again_in_time(bench: Bench) -> None:
    """More often than a page that only failed: the gate says when."""
    bench.control.fault(status=429, path="/groups", host="graph.*", times=9, headers={"Retry-After": "2"})
    pages = [page async for page in bench.worker.graph.pages("/groups", Deadline.after(bench.clock, 80))]
    assert pages
    assert too_early(bench, 2) == []


async def test_a_throttled_page_is_given_up_when_the_time_is_over(bench: Bench) -> None:
    """A wait past the deadline is not begun."""
    bench.control.fault(status=429, path="/groups", host="graph.*", times=9, headers={"Retry-After": "50"})
    deadline = Deadline.after(bench.clock, 40)
    with pytest.raises(GraphFault):
        _ = [page async for page in bench.worker.graph.pages("/groups", deadline)]
    assert (len(bench.calls(GRAPH)), deadline.remaining()) == (1, 40)


async def test_one_refusal_that_volume_cannot_explain_does_not_slow_the_worker_for_minutes(
    bench: Bench,
) -> None:
    """429 can come below all limits: it is waited out, and what little was sent before it is no limit."""
    bench.configure(SYNC_INLINE_MAX="200")
    await bench.one(bench.person(ONE, ONE))
    bench.control.fault(status=429, applies_to="call", host="graph.*", headers={"Retry-After": "2"})
    await bench.one(bench.person(ONE, ONE))
    bench.clock.advance(5)
    start = bench.clock.monotonic()
    answer = await bench.push([{"Id": bench.person(ONE, ONE).id} for _ in range(150)])
    assert answer.body["summary"]["unchanged"] == 150
    assert bench.clock.monotonic() - start < 30
