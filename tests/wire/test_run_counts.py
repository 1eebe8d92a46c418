"""How much was changed in a day, over attempts, outages, deaths and stops: each run counts what it made."""

from __future__ import annotations

import pytest

from dev.tenant.people import Phone
from mfa_sync.runs import lifecycle, step
from mfa_sync.runs.run import RunKind, State
from mfa_sync.runs.step import Nudge, take
from shared.clock import Deadline
from shared.tenant import Kind
from tests.wire.sweeping import Sweeper, UnwritableBlobs

ONE, TWO, THREE = "+46701740611", "+46701740622", "+46701740633"


@pytest.mark.parametrize("apply", [False, True])
async def test_a_held_plan_takes_nothing_from_the_days_limits(sweeper: Sweeper, *, apply: bool) -> None:
    """It may never be approved: pushes go on as if it were not there."""
    sweeper.bench.person(ONE, TWO)
    assert (await sweeper.sweep(apply=apply)).state is State.HELD
    assert await sweeper.bench.worker.counters.recent() == {}


async def test_an_outage_counts_an_approved_page_once(sweeper: Sweeper) -> None:
    """Each attempt counts the whole plan, under the run's name: six of them are not six plans."""
    bench = sweeper.bench
    bench.person(ONE, TWO)
    run = await sweeper.sweep()
    await sweeper.approve_only(run)
    bench.control.fault(status=503, host="graph.*", path=r"\$batch", times=9999)
    for _ in range(6):
        now = await sweeper.run(run.id)
        assert await take(Nudge(run.id, now.step), sweeper.tools) is None
        bench.clock.advance(901)
    assert await bench.worker.counters.approved() == {Kind.UPDATE: 1}
    bench.control.clear_faults()
    finished = await sweeper.resume(run.id)
    assert dict(finished.tally.outcomes) == {"updated": 1}
    assert await bench.worker.counters.approved() == {Kind.UPDATE: 1}


async def test_a_worker_that_dies_after_the_guard_counts_the_plan_once(sweeper: Sweeper) -> None:
    """The step is done again, and its own count of a moment ago is not held against it."""
    bench = sweeper.bench
    bench.configure(MAX_UPDATES="1")
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(3600)
    person.phones["mobile"] = Phone(TWO)
    run = await lifecycle.start(sweeper.tools, RunKind.FULL, apply=True)
    nudge: Nudge | None = Nudge(run.id, 0)
    while (now := await sweeper.run(run.id)).cursor is not None:
        nudge = await take(nudge, sweeper.tools) if nudge else None
    planner = step.planner_of(now, sweeper.tools, Deadline.after(bench.clock, 60))
    await step._guard(
        now, planner, sweeper.tools
    )  # the work of the step, and the worker is killed before the head
    finished = await sweeper.drive(nudge)
    assert (finished.state, finished.held_for) == (State.FINISHED, ())
    assert await bench.worker.counters.recent() == {Kind.UPDATE: 1}


async def test_what_an_attempt_wrote_that_nobody_heard_of_again_stays_counted(sweeper: Sweeper) -> None:
    """A page is written, and the storage is down before its end is kept: the next attempt finds it so."""
    bench = sweeper.bench
    blobs = UnwritableBlobs()
    bench.restore(blobs=blobs)
    people = [bench.person(ONE, TWO) for _ in range(3)]
    run = await sweeper.approve_only(await sweeper.sweep())
    blobs.is_full = True
    assert await take(Nudge(run.id, run.step), sweeper.tools) is None
    assert {bench.mobile(one) for one in people} == {ONE}
    blobs.is_full = False
    bench.clock.advance(60)
    people[0].phones["mobile"] = Phone(THREE)
    finished = await sweeper.resume(run.id)
    assert dict(finished.tally.outcomes) == {"unchanged": 2, "failed": 1}
    assert await bench.worker.counters.approved() == {Kind.UPDATE: 3}


async def test_what_is_written_after_a_failed_attempt_is_counted(sweeper: Sweeper) -> None:
    """An attempt in which nothing could be sent gives nothing back that the next one makes."""
    bench = sweeper.bench
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(3600)
    person.phones["mobile"] = Phone(TWO)
    run = await lifecycle.start(sweeper.tools, RunKind.FULL, apply=True)
    run = await sweeper.until_applying(Nudge(run.id, 0))
    bench.control.fault(status=401, path=r"\$batch", skip=1, times=1)
    bench.control.fault(status=503, host="login.*", path="token", times=9999)
    assert await take(Nudge(run.id, run.step), sweeper.tools) is None
    assert bench.mobile(person) == TWO
    bench.control.clear_faults()
    bench.clock.advance(1000)
    bench.configure()  # MSAL would repeat its last answer from memory for some real seconds
    finished = await sweeper.resume(run.id)
    assert (dict(finished.tally.outcomes), bench.mobile(person)) == ({"updated": 1}, ONE)
    assert await bench.worker.counters.recent() == {Kind.UPDATE: 1}


async def test_a_stopped_run_stays_counted_with_what_it_made_and_gives_the_rest_back(
    sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page it stood at may be half written, so it counts whole; the pages behind it were never begun."""
    monkeypatch.setattr("mfa_sync.runs.sweep._CHANGES_A_PAGE", 2)
    bench = sweeper.bench
    people = [bench.person(ONE, TWO) for _ in range(7)]
    held = await sweeper.sweep()
    assert held.pages == 4
    run = await sweeper.approve_only(held)
    assert await take(Nudge(run.id, run.step), sweeper.tools) is not None
    assert await bench.worker.counters.approved() == {Kind.UPDATE: 7}
    await sweeper.stop(run.id)
    assert sum(bench.mobile(one) == ONE for one in people) == 2
    assert await bench.worker.counters.approved() == {Kind.UPDATE: 4}
    await sweeper.stop(run.id)
    assert await bench.worker.counters.approved() == {Kind.UPDATE: 4}


async def test_a_run_that_is_stopped_at_its_first_page_counts_no_more_than_that_page(
    sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a page that was begun and whose end nobody saw, everything may have been written."""
    monkeypatch.setattr("mfa_sync.runs.sweep._CHANGES_A_PAGE", 2)
    bench = sweeper.bench
    for _ in range(5):
        bench.person(ONE, TWO)
    run = await sweeper.approve_only(await sweeper.sweep())
    bench.control.fault(status=503, host="graph.*", path=r"\$batch", times=9999)
    assert await take(Nudge(run.id, run.step), sweeper.tools) is None
    await sweeper.stop(run.id)
    assert await bench.worker.counters.approved() == {Kind.UPDATE: 2}


async def test_a_held_plan_that_is_discarded_was_never_counted(sweeper: Sweeper) -> None:
    """Nothing of it was made, so no later push is refused for it."""
    bench = sweeper.bench
    bench.person(ONE, TWO)
    held = await sweeper.sweep()
    await lifecycle.end(sweeper.tools, held.id, sweeper.decision("discarded"))
    assert await bench.worker.counters.recent() == {}


async def test_kinds_that_were_not_approved_are_not_counted(sweeper: Sweeper) -> None:
    """They are not made: neither on the way nor at the end."""
    bench = sweeper.bench
    bench.person(ONE)
    bench.person(ONE, TWO)
    held = await sweeper.sweep()
    run = await sweeper.approve_only(held, "create")
    await take(Nudge(run.id, run.step), sweeper.tools)
    assert await bench.worker.counters.approved() == {Kind.CREATE: 1}
    finished = await sweeper.resume(run.id)
    assert dict(finished.tally.codes) == {"discarded": 1}
    assert await bench.worker.counters.approved() == {Kind.CREATE: 1}


async def test_the_population_is_that_of_a_full_sweeps_end(sweeper: Sweeper) -> None:
    """Where nobody had a phone, percentages of nobody would stop every push until the next full sweep."""
    bench = sweeper.bench
    everybody = [bench.person(ONE) for _ in range(40)]
    leaver = bench.person(None, TWO)
    bench.configure(EMPTY_GRACE_DAYS="0")
    run = await sweeper.sweep(RunKind.FULL)
    await sweeper.approve(run)
    assert {bench.mobile(one) for one in (*everybody, leaver)} == {ONE, None}
    held = sum(bool(person.phones.get("mobile")) for person in bench.tenant.state.people.values())
    sweeps, _ = await bench.worker.runs.sweeps()
    assert sweeps.population == run.tally.holders + 40 - 1 <= held
    bench.clock.advance(26 * 3600)  # what was approved counts for a day
    newcomers = [bench.person(ONE) for _ in range(3)]
    answer = await bench.push([{"Id": person.id} for person in newcomers])
    assert {line["outcome"] for line in answer.body["results"]} == {"created"}
