"""What a sweep begins with: groups as they are now, and everybody where what decides has changed."""

from __future__ import annotations

from dev.memory.blobs import MemoryBlobs
from dev.tenant import sample
from mfa_sync.runs import lifecycle
from mfa_sync.runs.run import RunKind, State
from mfa_sync.runs.step import Nudge, take
from tests.wire.sweeping import Sweeper

ONE, TWO = "+46701740611", "+46701740622"


async def test_a_changed_sweep_by_hand_turns_full_where_settings_differ_and_says_so(
    sweeper: Sweeper,
) -> None:
    """Who came into scope by a setting has not changed, so no delta tells of them."""
    bench = sweeper.bench
    cloud = bench.person(ONE, on_premises_sync_enabled=None)
    await sweeper.settled()
    bench.clock.advance(3600)
    bench.configure(CLOUD_ONLY_USERS="allow")
    run = await sweeper.sweep(RunKind.CHANGED, apply=True)
    assert (run.kind, run.state, bench.mobile(cloud)) == (RunKind.FULL, State.FINISHED, ONE)
    assert "settings" in run.detail


async def test_with_the_same_settings_a_changed_sweep_by_hand_stays_one(sweeper: Sweeper) -> None:
    """Else it would be of no use."""
    sweeper.bench.person(ONE, ONE)
    await sweeper.settled()
    sweeper.bench.clock.advance(3600)
    assert (await sweeper.sweep(RunKind.CHANGED, apply=True)).kind is RunKind.CHANGED


async def test_a_sweep_begins_with_groups_as_they_are_now(sweeper: Sweeper) -> None:
    """A push read them a minute ago; who was put into the excluded group since must not be swept."""
    bench = sweeper.bench
    bench.configure(EXCLUDE_GROUP_ID=sample.SCOPE_GROUP_ID)
    person, later = bench.person(ONE), bench.person(ONE, ONE)
    await bench.one(later)
    bench.clock.advance(60)
    bench.control.patch_group(sample.SCOPE_GROUP_ID, members=[person.id])
    run = await sweeper.sweep(RunKind.FULL)
    assert run.tally.planned == {}
    assert run.tally.refused["excluded"] >= 1


async def test_each_worker_of_a_sweep_reads_the_groups_afresh(sweeper: Sweeper) -> None:
    """One began it; the other, which goes on, read them for a push before somebody was put in."""
    bench = sweeper.bench
    bench.configure(EXCLUDE_GROUP_ID=sample.SCOPE_GROUP_ID)
    person = bench.person(ONE)
    await bench.one(bench.person(ONE, ONE))
    other = bench.worker
    bench.configure()
    bench.clock.advance(60)
    bench.control.patch_group(sample.SCOPE_GROUP_ID, members=[person.id])
    run = await lifecycle.start(sweeper.tools, RunKind.FULL, apply=False)
    nudge = await take(Nudge.of(run), sweeper.tools)
    while nudge:
        nudge = await take(nudge, other)
    done = await sweeper.run(run.id)
    assert done.tally.planned == {}
    assert done.tally.refused["excluded"] >= 1


class CountedBlobs(MemoryBlobs):
    """Knows which blobs were read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    async def get(self, name: str) -> bytes | None:
        """Return a blob's bytes, or None."""
        self.read.append(name)
        return await super().get(name)


async def test_a_runs_end_reads_no_page_twice(sweeper: Sweeper) -> None:
    """What the next sweep is owed and what the limits count are taken from the same reading."""
    bench = sweeper.bench
    blobs = CountedBlobs()
    bench.restore(blobs=blobs)
    for _ in range(450):
        bench.person(ONE)
    run = await sweeper.sweep(RunKind.FULL)
    approved = await sweeper.approve_only(run)
    nudge: Nudge | None = Nudge.of(approved)
    while (await sweeper.run(run.id)).applied < run.pages:
        nudge = await take(nudge or Nudge.of(approved), sweeper.tools)
    blobs.read.clear()
    done = await sweeper.drive(nudge)
    pages = [name for name in blobs.read if "/pages/" in name]
    assert (done.state, done.pages, len(pages), len(set(pages))) == (State.FINISHED, 3, 3, 3)
    assert await sweeper.tools.counters.approved() == {"create": 450}
    blobs.read.clear()
    await lifecycle.watch(sweeper.tools)
    assert blobs.read == []
