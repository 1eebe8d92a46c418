"""Many runs open at once: none is overlooked, sweeps are found among them, pushes are capped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dev.memory.table import MemoryTable
from mfa_sync.runs import lifecycle
from mfa_sync.runs.run import Run, RunKind, WrongStateError
from mfa_sync.runs.store import run_id
from shared.errors import Problem, TransientError
from tests.wire.bench import Bench
from tests.wire.sweeping import ASYNC, Sweeper

ONE = "+46701740611"
MANY = 1500


async def open_pushes(bench: Bench, many: int) -> list[str]:
    """Begin so many pushes, older than anything that a test begins after them."""
    begun = bench.clock.now() - timedelta(hours=2)
    made = []
    for number in range(many):
        at = begun + timedelta(seconds=number)
        name = run_id(RunKind.PUSH, at, f"{number:08x}")
        made.append(Run(name, RunKind.PUSH, at.timestamp(), at.timestamp(), apply=True, seals={}))
        await bench.worker.runs.create(made[-1])
    return [run.id for run in made]


class Asked:
    """Counts what is asked of a table, on its way there and back."""

    def __init__(self) -> None:
        self._ways = 0

    async def __call__(self) -> None:
        """Count one way."""
        self._ways += 1

    @property
    def requests(self) -> int:
        """How many requests there were."""
        return self._ways // 2


@pytest.fixture
def asked() -> Asked:
    """What was asked of the table."""
    return Asked()


@pytest.fixture
def kept(sweeper: Sweeper, asked: Asked) -> Sweeper:
    """A bench whose rows lie in memory: thousands of them are written at once."""
    sweeper.bench.restore(table=MemoryTable(pause=asked))
    return sweeper


async def test_behind_a_thousand_open_pushes_the_sweep_under_way_is_seen(kept: Sweeper) -> None:
    """A page of the table holds a thousand rows: two sweeps at once would write over each other."""
    await open_pushes(kept.bench, MANY)
    await lifecycle.start(kept.tools, RunKind.FULL, apply=True)
    kept.bench.clock.advance(60)
    with pytest.raises(WrongStateError, match="is under way"):
        await lifecycle.start(kept.tools, RunKind.FULL, apply=True)


async def test_to_begin_a_sweep_no_push_is_read(kept: Sweeper, asked: Asked) -> None:
    """Their ids tell that they are none: among thousands of them a start costs no more."""
    await open_pushes(kept.bench, MANY)
    before = asked.requests
    await lifecycle.start(kept.tools, RunKind.FULL, apply=True)
    assert asked.requests - before < 10


async def test_the_watchdog_looks_after_every_open_run(kept: Sweeper, asked: Asked) -> None:
    """Also after those that lie behind the first thousand, and it reads heads by the page."""
    begun = await open_pushes(kept.bench, MANY)
    before = asked.requests
    nudges = await lifecycle.watch(kept.tools)
    assert sorted(nudge.run for nudge in nudges) == begun
    assert asked.requests - before < 10


async def test_open_pushes_are_capped_and_the_caller_is_told_when_to_come_again(kept: Sweeper) -> None:
    """Each keeps its rows and is looked at by the watchdog: they must not become ever more."""
    bench = kept.bench
    await open_pushes(bench, 500)
    with pytest.raises(TransientError) as refused:
        await bench.push([{"Id": bench.person(ONE).id}], headers=ASYNC)
    assert refused.value.code is Problem("tooManyRuns")
    assert refused.value.retry_after > 0
    assert len(await bench.worker.runs.open()) == 500
    assert (await bench.push([{"Id": bench.person(ONE, ONE).id}])).status == 200
