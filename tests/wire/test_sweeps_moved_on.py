"""What moves a sweep on, late, twice or never: nudges, claims, timers, decisions and time."""

from __future__ import annotations

import pytest

from mfa_sync.runs import lifecycle
from mfa_sync.runs.run import State, Verdict, WrongStateError
from mfa_sync.runs.step import Nudge, take
from tests.wire.sweeping import Sweeper

ONE = "+46701740611"
STOP = Verdict("stopped", "key", 0.0, "enough")


async def test_trap_47_late_repeated_and_parallel_nudges_do_nothing_twice(sweeper: Sweeper) -> None:
    """At least once is what queues promise."""
    bench = sweeper.bench
    bench.person(ONE)
    run = await lifecycle.start(sweeper.tools, None, apply=False)
    first = await take(Nudge(run.id, 0), sweeper.tools)
    assert first == Nudge(run.id, 1)
    assert await take(Nudge(run.id, 0), sweeper.tools) is None
    held = await sweeper.drive(first)
    assert await take(Nudge(run.id, 0), sweeper.tools) is None
    assert await take(Nudge(run.id, held.step), sweeper.tools) is None
    assert await sweeper.run(run.id) == held


async def test_a_claim_that_its_owner_did_not_survive_runs_out(sweeper: Sweeper) -> None:
    """A worker was killed in mid-step: the watchdog brings the step back, five times at most."""
    bench = sweeper.bench
    person = bench.person(ONE)
    run = await lifecycle.start(sweeper.tools, None, apply=False)
    stored = await bench.worker.runs.get(run.id)
    assert stored is not None
    now = bench.clock.now().timestamp()
    await bench.worker.runs.replace(stored, stored.run.claimed("dead", now, 300))
    assert await take(Nudge(run.id, 0), sweeper.tools) is None
    assert await lifecycle.watch(sweeper.tools) == []
    bench.clock.advance(301)
    (nudge,) = await lifecycle.watch(sweeper.tools)
    held = await sweeper.drive(nudge)
    finished = await sweeper.approve(held)
    assert (finished.state, bench.mobile(person)) == (State.FINISHED, ONE)


async def test_a_step_whose_worker_always_dies_fails_its_run(sweeper: Sweeper) -> None:
    """Five attempts, then a person must look."""
    bench = sweeper.bench
    run = await lifecycle.start(sweeper.tools, None, apply=False)
    for _ in range(5):
        stored = await bench.worker.runs.get(run.id)
        assert stored is not None
        now = bench.clock.now().timestamp()
        await bench.worker.runs.replace(stored, stored.run.claimed("dead", now, 300))
        bench.clock.advance(301)
    (nudge,) = await lifecycle.watch(sweeper.tools)
    failed = await sweeper.drive(nudge)
    assert failed.state is State.FAILED
    assert "5 times" in failed.detail


async def test_trap_43_a_sweep_outlives_an_outage_and_not_a_whole_night_of_it(sweeper: Sweeper) -> None:
    """Graph out of reach for an hour costs an hour; for seven, the run."""
    bench = sweeper.bench
    bench.person(ONE)
    for hours, state in ((1, State.HELD), (7, State.FAILED)):
        bench.control.fault(status=503, host="graph.*", path="/users", times=9999)
        run = await lifecycle.start(sweeper.tools, None, apply=False)
        await take(Nudge(run.id, 0), sweeper.tools)
        for _ in range(hours * 12):
            bench.clock.advance(300)
            for nudge in await lifecycle.watch(sweeper.tools):
                await take(nudge, sweeper.tools)
        assert (await sweeper.run(run.id)).state is (State.FAILED if hours > 6 else State.PLANNING)
        bench.control.clear_faults()
        bench.clock.advance(901)
        for nudge in await lifecycle.watch(sweeper.tools):
            await sweeper.drive(nudge)
        assert (await sweeper.run(run.id)).state is state


async def test_trap_41_two_timers_at_once_make_one_sweep(sweeper: Sweeper) -> None:
    """The slot is the name: whoever comes second finds it taken."""
    slot = sweeper.bench.clock.now()
    run = await lifecycle.start(sweeper.tools, None, apply=False, slot=slot)
    with pytest.raises(WrongStateError):
        await lifecycle.start(sweeper.tools, None, apply=False, slot=slot)
    assert [one.id for one in await sweeper.bench.worker.runs.newest(None, 10)] == [run.id]


async def test_a_new_sweep_supersedes_a_held_one_and_approving_the_old_is_refused(sweeper: Sweeper) -> None:
    """Nobody approves what is no longer the plan."""
    sweeper.bench.person(ONE)
    held = await sweeper.sweep()
    sweeper.bench.clock.advance(60)
    newer = await sweeper.sweep()
    assert (await sweeper.run(held.id)).state is State.SUPERSEDED
    with pytest.raises(WrongStateError):
        await sweeper.approve(held)
    with pytest.raises(WrongStateError):
        await lifecycle.approve(sweeper.tools, newer.id, held.digest + "x", STOP)
    assert (await sweeper.approve(newer)).state is State.FINISHED


async def test_approving_twice_is_one_approval(sweeper: Sweeper) -> None:
    """A double click is no fault."""
    sweeper.bench.person(ONE)
    held = await sweeper.sweep()
    decision = Verdict("approved", "key", 1.0, "seen")
    one = await lifecycle.approve(sweeper.tools, held.id, held.digest, decision)
    two = await lifecycle.approve(sweeper.tools, held.id, held.digest, decision)
    assert one == two
    assert one.state is State.APPLYING


async def test_a_held_plan_expires_and_a_stopped_run_stays_stopped(sweeper: Sweeper) -> None:
    """After 72 hours the tenant has moved on."""
    sweeper.bench.person(ONE)
    held = await sweeper.sweep()
    sweeper.bench.clock.advance(73 * 3600)
    await lifecycle.watch(sweeper.tools)
    assert (await sweeper.run(held.id)).state is State.DISCARDED
    sweeper.bench.clock.advance(60)
    run = await lifecycle.start(sweeper.tools, None, apply=False)
    await lifecycle.end(sweeper.tools, run.id, STOP)
    assert (await sweeper.drive(Nudge(run.id, 0))).state is State.STOPPED


async def test_old_runs_are_forgotten_but_not_what_the_next_goes_on_from(sweeper: Sweeper) -> None:
    """RUN_RETENTION_DAYS, sparing the last finished sweep."""
    sweeper.bench.person(ONE, ONE)
    first = await sweeper.settled()
    sweeper.bench.clock.advance(60)
    second = await sweeper.settled()
    sweeper.bench.clock.advance(91 * 86_400)
    assert await lifecycle.forget_old(sweeper.tools) == 1
    left = [run.id for run in await sweeper.bench.worker.runs.newest(None, 10)]
    assert left == [second.id]
    assert first.id not in left
