"""The pace in a closed loop with the emulated tenant's own limits, on virtual time."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dev.simulation import virtual_time
from dev.simulation.virtual_time import VirtualClock
from mfa_sync.graph.pace import Pace, Service, Ticket
from mfa_sync.graph.reply import Reply
from shared.clock import Deadline
from tests.throttled_graph import ThrottledGraph, keep_busy

DIRECTORY, METHODS = Service.DIRECTORY, Service.METHODS
READS, WRITES, ONE = [DIRECTORY, METHODS] * 10, [METHODS] * 20, [METHODS]
SHARE = "x-ms-throttle-limit-percentage"
WARM, END = 30.0, 100.0


@settings(deadline=None, max_examples=8)
@example(limit=350, services=READS, counts_refused=True)
@example(limit=350, services=WRITES, counts_refused=True)
@given(limit=st.integers(200, 5000), services=st.sampled_from([READS, WRITES]), counts_refused=st.booleans())
def test_where_shares_are_told_the_rate_stays_just_below_the_limit(
    limit: int, services: list[Service], *, counts_refused: bool
) -> None:
    """Nearly all that is permitted, and next to no refusal; a call of twenty is the grain of small limits."""
    graph = ThrottledGraph({DIRECTORY: limit, METHODS: limit}, counts_refused=counts_refused)
    virtual_time.run(lambda clock: keep_busy(clock, graph, services, END))
    assert graph.served(METHODS, WARM, END) >= 0.95 - 20 / limit
    assert graph.refused(WARM, END) <= 0.01


def test_a_rounded_share_leads_over_the_limit_hardly_ever() -> None:
    """0.97 of 339 may be 0.975: one call too many, refused again and again if nobody remembered it."""
    graph = ThrottledGraph({DIRECTORY: 339, METHODS: 339})
    virtual_time.run(lambda clock: keep_busy(clock, graph, READS, 150))
    refused_calls = {at for at, _, status in graph.statuses if status == 429 and at > WARM}
    assert len(refused_calls) <= 3
    assert graph.served(METHODS, WARM, 150) >= 0.94


@settings(deadline=None, max_examples=8)
@example(limit=350, services=READS, tells_wait=True)
@example(limit=350, services=WRITES, tells_wait=False)
@given(limit=st.integers(200, 5000), services=st.sampled_from([READS, WRITES]), tells_wait=st.booleans())
def test_where_nothing_is_told_refusals_teach_the_rate(
    limit: int, services: list[Service], *, tells_wait: bool
) -> None:
    """429 without Retry-After, and no shares either."""
    graph = ThrottledGraph({DIRECTORY: limit, METHODS: limit}, tells_share=False, tells_wait=tells_wait)
    virtual_time.run(lambda clock: keep_busy(clock, graph, services, END))
    assert graph.served(METHODS, WARM, END) >= 0.8
    assert graph.refused(WARM, END) <= 0.03


@settings(deadline=None, max_examples=10)
@given(limit=st.integers(20, 200), tells_share=st.booleans())
def test_a_tiny_limit_is_no_standstill(limit: int, *, tells_share: bool) -> None:
    """A call of twenty may be the whole of it: it still goes, window after window."""
    graph = ThrottledGraph({METHODS: limit}, tells_share=tells_share)
    virtual_time.run(lambda clock: keep_busy(clock, graph, WRITES, END))
    # Below the floor refusals teach nothing, and only the gate makes us wait.
    is_told = tells_share or limit >= 100
    assert graph.served(METHODS, WARM, END) >= (0.5 if is_told else 0.05)


@pytest.mark.parametrize("tells_share", [True, False])
def test_no_call_comes_before_the_moment_that_a_refusal_names(tells_share: bool) -> None:  # noqa: FBT001  a parameter of the table
    """Nobody's: what was under way when the refusal came is all that may still arrive."""
    graph = ThrottledGraph({METHODS: 100}, tells_share=tells_share, latency=(0.05, 0.05))
    virtual_time.run(lambda clock: keep_busy(clock, graph, WRITES, END))
    refused = [(at, until) for at, until in graph.calls if until > at]
    assert refused
    for at, until in refused:
        under_way = at + 0.05 + 1e-9
        assert not [when for when, _ in graph.calls if under_way < when < until]


def test_without_a_sign_nothing_waits() -> None:
    """As far as needed and no further."""

    async def send_much(clock: VirtualClock) -> float:
        pace = Pace()
        for _ in range(1000):
            ticket = Ticket(READS)
            assert await pace.admit(ticket, Deadline.after(clock, 90))
            pace.learn(ticket, [Reply(200)] * len(READS))
        return clock.monotonic()

    assert virtual_time.run(send_much) == 0.0


def test_a_small_push_beside_a_known_limit_does_not_wait() -> None:
    """The limit that a sweep met a moment ago slows nobody who stays far below it."""

    async def push_after_sweep(clock: VirtualClock) -> float:
        pace = Pace()
        for _ in range(41):
            last = Ticket(WRITES)
            await pace.admit(last, Deadline.after(clock, 90))
        pace.learn(last, [Reply(200, headers={SHARE: "0.82"})] * 20)
        await clock.sleep(11)
        before = clock.monotonic()
        for _ in range(20):
            await pace.admit(Ticket(WRITES), Deadline.after(clock, 90))
        return clock.monotonic() - before

    assert virtual_time.run(push_after_sweep) == 0.0


@pytest.mark.parametrize("tells_share", [True, False])
def test_a_limit_that_rises_is_found(tells_share: bool) -> None:  # noqa: FBT001  a parameter of the table
    """Others may have stopped, or Microsoft may have raised it."""
    limits = {METHODS: 200}
    graph = ThrottledGraph(limits, tells_share=tells_share)

    async def rise(clock: VirtualClock) -> None:
        await clock.sleep(60)
        limits[METHODS] = 1000

    async def scenario(clock: VirtualClock) -> None:
        await asyncio.gather(keep_busy(clock, graph, WRITES, 300), rise(clock))

    virtual_time.run(scenario)
    assert graph.served(METHODS, 240, 300) >= 0.8


def test_what_others_send_is_left_to_them() -> None:
    """One bucket for app and tenant: the share tells of all workers, and two of them find their halves."""
    graph = ThrottledGraph({METHODS: 1000})

    async def two_workers(clock: VirtualClock) -> None:
        await asyncio.gather(keep_busy(clock, graph, WRITES, END), keep_busy(clock, graph, WRITES, END))

    virtual_time.run(two_workers)
    assert graph.served(METHODS, WARM, END) >= 0.9
    assert graph.refused(WARM, END) <= 0.01


def test_each_service_has_a_rate_of_its_own() -> None:
    """A directory that is throttled does not slow the methods; what was learned reading holds for writing."""
    graph = ThrottledGraph({METHODS: 1000})

    async def read_then_write(clock: VirtualClock) -> None:
        pace = Pace()
        await keep_busy(clock, graph, READS, 50, pace)
        await keep_busy(clock, graph, WRITES, 50, pace)

    virtual_time.run(read_then_write)
    assert graph.served(METHODS, 60, END) >= 0.95
    assert graph.refused(15, END) <= 0.01


def test_the_audit_logs_published_limit_is_kept_from_the_first_call_on() -> None:
    """Five calls in ten seconds: what a page names need not be found out by refusals. Nobody else waits."""
    graph = ThrottledGraph({Service.REPORTS: 5}, tells_share=False)

    async def reports_and_reads(clock: VirtualClock) -> None:
        pace = Pace()
        await keep_busy(clock, graph, [Service.REPORTS], 30, pace)
        await keep_busy(clock, graph, [DIRECTORY], 1, pace)

    virtual_time.run(reports_and_reads)
    assert graph.served(Service.REPORTS, 0, 30) >= 0.95
    assert graph.refused(0, 31) == 0.0
    assert sum(of is DIRECTORY for _, of, _ in graph.statuses) >= 50


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/users/x?$select=id", DIRECTORY),
        ("/users/x/authentication/phoneMethods", METHODS),
        ("/users/x/authentication/methods", METHODS),
        ("/auditLogs/directoryAudits?$top=999", Service.REPORTS),
        ("/reports/authenticationMethods/userRegistrationDetails", Service.REPORTS),
        ("/users/delta?$deltatoken=latest", DIRECTORY),
    ],
)
def test_a_path_counts_with_its_service(path: str, service: Service) -> None:
    """As the emulated tenant counts, after Graph's "Throttling limits" page."""
    assert Service.of(path) is service


def test_trap_24_without_retry_after_the_gate_stays_shut_longer_each_time() -> None:
    """Echoes of one refusal from calls that left together count once."""

    async def storm(clock: VirtualClock) -> list[float]:
        pace, deadline = Pace(), Deadline(clock, 1000.0)
        waits = []
        for _ in range(6):
            tickets = [Ticket(ONE) for _ in range(4)]
            for ticket in tickets:
                assert await pace.admit(ticket, deadline)
            for ticket in tickets:
                pace.learn(ticket, [Reply(429)])
            waits.append(pace.closed_for(clock, ONE))
        return waits

    waits = virtual_time.run(storm)
    for step, wait in enumerate(waits):
        assert 0.5 <= wait / min(2**step, 30) <= 1.5


def test_trap_24_workers_that_were_told_the_same_wake_apart() -> None:
    """Who all come back at one moment are the next storm; none comes too early."""

    async def told(clock: VirtualClock) -> float:
        pace, ticket = Pace(), Ticket(ONE)
        await pace.admit(ticket, Deadline.after(clock, 90))
        pace.learn(ticket, [Reply(429, headers={"retry-after": "10"})])
        return pace.closed_for(clock, ONE)

    waits = [virtual_time.run(told, seed) for seed in range(20)]
    assert len(set(waits)) > 1
    assert 10 <= min(waits) <= max(waits) <= 11


def test_a_wait_past_the_deadline_is_refused_at_once() -> None:
    """A caller who cannot be served in time hears so now."""

    async def refused(clock: VirtualClock) -> tuple[bool, float]:
        pace = Pace()
        ticket = Ticket(ONE)
        await pace.admit(ticket, Deadline.after(clock, 90))
        pace.learn(ticket, [Reply(429, headers={"retry-after": "100"})])
        return await pace.admit(Ticket(ONE), Deadline.after(clock, 90)), clock.monotonic()

    assert virtual_time.run(refused) == (False, 0.0)


def test_a_rate_that_is_too_slow_for_the_deadline_is_refused_at_once() -> None:
    """The gate is open, but the window is full for longer than the caller has."""

    async def refused(clock: VirtualClock) -> tuple[bool, float]:
        pace = Pace()
        ticket = Ticket(WRITES)
        await pace.admit(ticket, Deadline.after(clock, 90))
        pace.learn(ticket, [Reply(200, headers={SHARE: "1.00"})] * 20)
        return await pace.admit(Ticket(WRITES), Deadline.after(clock, 5)), clock.monotonic()

    assert virtual_time.run(refused) == (False, 0.0)


@pytest.mark.parametrize("text", ["", "nan", "inf", "-1", "0", "0.01", "1e-300", "85", "abc", "1.8, 1.8"])
def test_a_share_that_is_none_teaches_nothing(text: str) -> None:
    """A header is a text from outside."""

    async def send_much(clock: VirtualClock) -> float:
        pace = Pace()
        for _ in itertools.repeat(None, 50):
            ticket = Ticket(WRITES)
            await pace.admit(ticket, Deadline.after(clock, 90))
            pace.learn(ticket, [Reply(200, headers={SHARE: text})] * 20)
        return clock.monotonic()

    assert virtual_time.run(send_much) == 0.0


@pytest.mark.parametrize(("known", "most"), [(None, 1.0), (400, 0.02)])
def test_a_limit_that_was_found_out_is_not_run_into_to_begin_with(known: int | None, most: float) -> None:
    """Where nothing is told, a pace that knows nothing runs into the limit first, and learns by that."""
    graph = ThrottledGraph({METHODS: 400}, tells_share=False, tells_wait=False)
    pace = Pace()
    pace.expect(METHODS, known)
    virtual_time.run(lambda clock: keep_busy(clock, graph, WRITES, WARM, pace))
    refused = graph.refused(0, WARM)
    assert refused <= most
    assert (refused > 0.1) is (known is None)
    assert graph.served(METHODS, 0, WARM) >= 0.5
