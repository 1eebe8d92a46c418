"""What sweeps know of each other, and what the watchdog does: also after deaths, outages and late workers."""

from __future__ import annotations

import json
from copy import replace

import pytest

from mfa_sync.runs import lifecycle
from mfa_sync.runs.run import Run, RunKind, State, WrongStateError
from mfa_sync.runs.step import Nudge, take
from mfa_sync.runs.store import Sweeps, run_id
from mfa_sync.storage.table import LostRaceError, Write
from tests.shared_table import SharedTable
from tests.wire.bench import Bench
from tests.wire.sweeping import Sweeper, UnwritableBlobs

ONE, TWO = "+46701740611", "+46701740622"
DAY = 86_400


async def test_settings_that_changed_while_a_plan_was_held_ask_for_a_full_sweep(sweeper: Sweeper) -> None:
    """The plan was made under the former settings, whenever it was finished."""
    bench = sweeper.bench
    bench.person(ONE)
    run = await sweeper.sweep(RunKind.FULL)
    bench.configure(CLOUD_ONLY_USERS="allow")
    await sweeper.approve(run)
    sweeps, _ = await bench.worker.runs.sweeps()
    assert lifecycle.due_kind(sweeps, sweeper.tools) is RunKind.FULL


async def test_trap_41_a_slot_that_comes_twice_leaves_its_held_plan_alone(sweeper: Sweeper) -> None:
    """The host may run a timer twice: the second must not give up what the first has planned."""
    sweeper.bench.person(ONE)
    slot = sweeper.bench.clock.now()
    run = await lifecycle.start(sweeper.tools, None, apply=False, slot=slot)
    assert (await sweeper.drive(Nudge(run.id, 0))).state is State.HELD
    with pytest.raises(WrongStateError):
        await lifecycle.start(sweeper.tools, None, apply=False, slot=slot)
    assert (await sweeper.run(run.id)).state is State.HELD


async def test_a_start_that_died_half_way_does_not_let_two_sweeps_go_at_once(sweeper: Sweeper) -> None:
    """`current` names a sweep that was never made; the held one behind it was approved and is under way."""
    bench = sweeper.bench
    bench.person(ONE)
    held = await sweeper.sweep()
    sweeps, etag = await bench.worker.runs.sweeps()
    bench.clock.advance(60)
    unmade = run_id(RunKind.FULL, bench.clock.now(), "dead0000")
    await bench.worker.runs.put_sweeps(replace(sweeps, current=unmade), etag)  # and the worker was killed
    await sweeper.approve_only(held)
    bench.clock.advance(60)
    with pytest.raises(WrongStateError):
        await lifecycle.start(sweeper.tools, None, apply=True)


async def test_a_held_sweep_that_is_approved_while_another_is_begun_goes_on_alone(
    sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`start` has read the held head; the approval comes before it can give that plan up."""
    bench = sweeper.bench
    bench.person(ONE)
    held = await sweeper.sweep()
    bench.clock.advance(60)
    tools = sweeper.tools
    put = tools.runs.put_sweeps

    async def put_while_somebody_approves(sweeps: Sweeps, etag: str | None) -> None:
        await put(sweeps, etag)
        await sweeper.approve_only(held)

    with monkeypatch.context() as patched:
        patched.setattr(tools.runs, "put_sweeps", put_while_somebody_approves)
        with pytest.raises(WrongStateError):
            await lifecycle.start(tools, None, apply=False)
    bench.clock.advance(60)
    assert (await sweeper.run(held.id)).state is State.APPLYING
    with pytest.raises(WrongStateError):
        await lifecycle.start(tools, None, apply=False)


async def test_a_grace_that_was_broken_while_nobody_looked_starts_anew(sweeper: Sweeper) -> None:
    """Empty on two bad nights, days apart, is not empty for all the days between."""
    bench = sweeper.bench
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(DAY)
    person.attribute = None  # the feed's first bad night
    await sweeper.sweep(RunKind.FULL, apply=True)
    person.attribute, person.enabled = ONE, False  # mended; on leave for a while
    for _ in range(4):
        bench.clock.advance(DAY)
        await sweeper.sweep(RunKind.FULL, apply=True)
    bench.clock.advance(DAY)
    person.attribute, person.enabled = None, True  # back, in the night when the feed fails again
    await sweeper.sweep(RunKind.FULL, apply=True)
    assert bench.mobile(person) == ONE


async def test_a_late_worker_takes_nobody_from_those_whom_a_changed_sweep_must_read(
    sweeper: Sweeper,
) -> None:
    """It stood still over its claim and then does its step once more: what others collected stays."""
    bench = sweeper.bench
    first, second = bench.person(ONE, ONE), bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(3600)
    bench.control.patch_person(first.upn, attribute=TWO)
    bench.control.patch_person(second.upn, attribute=TWO)
    run = await lifecycle.start(sweeper.tools, RunKind.CHANGED, apply=True)
    nudge: Nudge | None = Nudge(run.id, 0)
    notes: dict[str, object] = {}
    while nudge and "read" not in (cursor := (await sweeper.run(run.id)).cursor or ""):
        if cursor:
            part = str(json.loads(cursor)["part"] - 1)
            notes[part] = await bench.worker.runs.note(run.id, f"ids/{part}")
        nudge = await take(nudge, sweeper.tools)
    for part, what in notes.items():  # minutes late, what was read before
        await bench.worker.runs.put_note(run.id, f"ids/{part}", what)
    finished = await sweeper.drive(nudge)
    assert (finished.state, finished.tally.users) == (State.FINISHED, 2)
    assert (bench.mobile(first), bench.mobile(second)) == (TWO, TWO)


async def test_a_head_that_cannot_be_read_holds_nobody_else_up(sweeper: Sweeper) -> None:
    """A newer version of the app wrote it, and was taken back."""
    bench = sweeper.bench
    run = await lifecycle.start(sweeper.tools, None, apply=False)
    bench.clock.advance(300)
    strange = run_id(RunKind.PUSH, bench.clock.now(), "ffffffff")
    other = replace(run, id=strange, kind=RunKind.PUSH)
    await bench.worker.runs.create(other)
    key = next(row.key for row in await bench.worker.table.range("run", "0", "a") if strange in row.key)
    newer = other.dump().replace('"planning"', '"paused"')
    await bench.worker.table.put("run", Write(key, {"v": 2, "run": newer, "state": "paused", "writer": ""}))
    assert await lifecycle.watch(sweeper.tools) == [Nudge(run.id, 0)]
    assert [one.id for one in await bench.worker.runs.newest(None, 10)] == [run.id]
    bench.clock.advance(91 * DAY)  # the watchdog's own call: what it raises would cost the nudges
    assert await lifecycle.forget_old(sweeper.tools) == 0


async def test_an_outage_of_the_blobs_is_outlived_like_one_of_graph(bench: Bench) -> None:
    """Forty vain attempts end nothing: only a step that kills its worker has so few."""
    blobs = UnwritableBlobs()
    bench.restore(blobs=blobs)
    sweeper = Sweeper(bench)
    run = await lifecycle.start(sweeper.tools, None, apply=False)
    blobs.is_full, nudges = True, [Nudge(run.id, 0)]
    for _ in range(40):
        for nudge in nudges:
            assert await take(nudge, sweeper.tools) is None
        bench.clock.advance(60)
        nudges = await lifecycle.watch(sweeper.tools)
    blobs.is_full = False
    assert (await sweeper.run(run.id)).state is State.PLANNING
    bench.clock.advance(60)
    assert (await sweeper.resume(run.id)).state is State.HELD


async def test_as_many_runs_are_forgotten_as_there_are_old_ones(bench: Bench) -> None:
    """Every push is a run: a hundred a day would grow for ever."""
    store, now = bench.worker.runs, bench.clock.now()
    for number in range(250):
        name = run_id(RunKind.PUSH, now, f"{number:08x}")
        await store.record(Run(name, RunKind.PUSH, 0, 0, apply=True, state=State.FINISHED))
    bench.clock.advance(91 * DAY)
    assert await lifecycle.forget_old(bench.worker) == 250
    assert await store.newest(None, 10) == []


async def test_answers_are_kept_for_a_day_and_then_removed(bench: Bench) -> None:
    """They name people, and nobody asks for them any more."""
    await bench.push([{"Id": bench.person(ONE).id}], headers={"idempotency-key": "k"})
    table, answers = bench.worker.table, bench.worker.stored_answers
    bench.clock.advance(DAY - 1)
    assert await answers.purge() == 0
    bench.clock.advance(2)
    assert await answers.purge() == 1
    assert [await table.range(kept, "0", "g") for kept in ("answer", "answerDue")] == [[], []]


async def test_a_slot_whose_maker_died_can_be_begun_by_the_next_timer(sweeper: Sweeper) -> None:
    """`current` names the slot's sweep, and it was never made: that night must not go without one."""
    runs, slot = sweeper.bench.worker.runs, sweeper.bench.clock.now()
    sweeps, etag = await runs.sweeps()
    await runs.put_sweeps(replace(sweeps, current=run_id(RunKind.FULL, slot)), etag)
    assert (await lifecycle.start(sweeper.tools, None, apply=False, slot=slot)).state is State.PLANNING


class RepeatedPuts(SharedTable):
    """Loses the answer to each write over a head, and repeats it: what it wrote itself is in its way."""

    async def put(self, partition: str, write: Write) -> str:
        """Write one row and return its new etag."""
        etag = await super().put(partition, write)
        if partition == "run" and write.etag:
            raise LostRaceError
        return etag


async def test_a_head_whose_write_was_repeated_is_known_as_our_own(bench: Bench) -> None:
    """Taken for somebody else's, each step would be claimed and left until it has failed."""
    bench.restore(table=RepeatedPuts())
    sweeper = Sweeper(bench)
    bench.person(ONE)
    assert (await sweeper.sweep(RunKind.FULL)).state is State.HELD


async def test_a_head_that_somebody_else_wrote_is_not_taken_for_ours(bench: Bench) -> None:
    """Two workers that read the same version: one of them has it."""
    run = await lifecycle.start(bench.worker, None, apply=False)
    store, now = bench.worker.runs, bench.clock.now().timestamp()
    stored = await store.get(run.id)
    assert stored is not None
    await store.replace(stored, run.claimed("w", now, 300))
    with pytest.raises(LostRaceError):
        await store.replace(stored, run.claimed("w", now, 300))
