"""Many who count at once: no limit is passed by one, and who could not count writes nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from dev.memory.table import MemoryTable
from dev.tenant.people import Phone
from mfa_sync.runs.run import RunKind
from mfa_sync.storage.change_counts import Counters
from mfa_sync.storage.table import LostRaceError, Value, Write
from shared.tenant import Kind
from tests.wire.sweeping import Sweeper

if TYPE_CHECKING:
    from tests.wire.conftest import Bench

ONE, TWO = "+46701740611", "+46701740622"


class CrowdedTable(MemoryTable):
    """Others count between each look and each write of `crowded` rows, for as long as that is on."""

    crowded = 0

    async def put(self, partition: str, write: Write) -> str:
        """Write a row, unless somebody was faster."""
        if partition == "limits" and self.crowded:
            self.crowded -= 1
            raise LostRaceError
        return await super().put(partition, write)


async def test_two_hundred_calls_at_once_pass_no_limit_by_one(bench: Bench) -> None:
    """Five rows each, MAX_UPDATES=200: forty calls are written, all the others refused."""
    workers = []
    for _ in range(4):
        bench.configure(MAX_UPDATES="200", SYNC_DEADLINE_SECONDS="220")
        workers.append(bench.worker)
    await bench.one(bench.person(ONE, ONE))
    pushes = []
    for number in range(200):
        bench.worker = workers[number % 4]
        rows = [{"Id": bench.person(ONE, TWO).id} for _ in range(5)]
        pushes.append(asyncio.ensure_future(bench.push(rows)))
        await asyncio.sleep(0)
    answers = await asyncio.gather(*pushes)
    lines = [line for answer in answers for line in answer.body["results"]]
    written = sum(line["outcome"] == "updated" for line in lines)
    codes = {line["code"] for line in lines if line["outcome"] != "updated"}
    assert (written, len(lines), codes) == (200, 1000, {"limitReached"})
    assert len(bench.writes()) == 200


async def test_a_race_that_is_lost_is_run_again_for_as_long_as_the_call_lasts(bench: Bench) -> None:
    """Fifty in a row are lost, and the fifty-first is won."""
    table = CrowdedTable()
    bench.restore(table=table)
    table.crowded = 50
    line = await bench.one(bench.person(ONE, TWO))
    assert (line["outcome"], line["notes"]) == ("updated", [])
    assert await bench.worker.counters.recent() == {Kind.UPDATE: 1}


async def test_who_never_gets_to_count_writes_nothing_of_any_kind(bench: Bench) -> None:
    """Busy is not down: how much was changed is not known, and somebody else changes just now."""
    table = CrowdedTable()
    bench.restore(table=table)
    table.crowded = 10**9
    people = [bench.person(ONE), bench.person(ONE, TWO), bench.person(None, TWO), bench.person(ONE, ONE)]
    answer = await bench.push([{"Id": person.id} for person in people])
    lines = [(line["outcome"], line["code"], line["retryable"]) for line in answer.body["results"]]
    assert lines == [("failed", "limitUnknown", True)] * 3 + [("unchanged", None, False)]
    assert bench.writes() == []


async def test_a_sweep_that_cannot_count_is_tried_again_and_not_held(sweeper: Sweeper) -> None:
    """Minutes later there is less of a crowd."""
    bench = sweeper.bench
    table = CrowdedTable()
    bench.restore(table=table)
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(3600)
    person.phones["mobile"] = Phone(TWO)
    table.crowded = 100
    finished = await sweeper.sweep(RunKind.FULL, apply=True)
    while not finished.state.is_final:
        bench.clock.advance(901)
        finished = await sweeper.resume(finished.id)
    assert (dict(finished.tally.outcomes), finished.held_for) == ({"updated": 1}, ())


@pytest.mark.parametrize("before", [0, 3])
async def test_what_a_person_approved_counts_for_nobodys_limit(sweeper: Sweeper, before: int) -> None:
    """A roll-out of any size, and the pushes after it go on; a limit is for what nobody has looked at."""
    bench = sweeper.bench
    bench.configure(MAX_UPDATES="4", MAX_UPDATES_PERCENT="100")
    for _ in range(before):
        assert (await bench.one(bench.person(ONE, TWO)))["outcome"] == "updated"
    for _ in range(9):
        bench.person(ONE, TWO)
    run = await sweeper.sweep()
    assert run.over == ("update",)
    approved = await sweeper.approve(run)
    assert dict(approved.tally.outcomes) == {"updated": 9}
    assert await bench.worker.counters.recent() == ({Kind.UPDATE: before} if before else {})
    assert await bench.worker.counters.approved() == {Kind.UPDATE: 9}
    for _ in range(4 - before):
        assert (await bench.one(bench.person(ONE, TWO)))["outcome"] == "updated"
    assert (await bench.one(bench.person(ONE, TWO)))["code"] == "limitReached"


async def test_what_was_approved_is_shown_beside_the_limits(sweeper: Sweeper) -> None:
    """Whoever is to approve the next plan sees what was let through already."""
    bench = sweeper.bench
    bench.configure(MAX_UPDATES="1")
    for _ in range(3):
        bench.person(ONE, TWO)
    await sweeper.approve(await sweeper.sweep())
    bench.clock.advance(3600)
    for _ in range(2):
        bench.person(ONE, TWO)
    held = await sweeper.sweep()
    assert held.limits["approved"] == "update 3"
    assert not any("5" in reason for reason in held.held_for)


async def test_a_run_that_is_stopped_after_its_approval_counts_for_nobodys_limit_either(
    sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its decision is another then; where it was counted tells."""
    monkeypatch.setattr("mfa_sync.runs.sweep._CHANGES_A_PAGE", 2)
    bench = sweeper.bench
    for _ in range(7):
        bench.person(ONE, TWO)
    run = await sweeper.approve_only(await sweeper.sweep())
    bench.control.fault(status=503, host="graph.*", path=r"\$batch", skip=2, times=9999)
    await sweeper.resume(run.id)
    await sweeper.stop(run.id)
    assert await bench.worker.counters.recent() == {}
    assert (await bench.worker.counters.approved()).get(Kind.UPDATE, 0) > 0


async def test_rows_that_a_former_version_wrote_are_read(bench: Bench) -> None:
    """One column, in which an approved run stands like any other: it counts until its day is over."""
    hour = f"{bench.clock.now():%Y-%m-%dT%H}"
    table = MemoryTable()
    kept: dict[str, Value] = {
        "v": 1,
        "hours": f'{{"{hour}": {{"update": 2}}, "{hour}/r-full": {{"update": 5}}}}',
    }
    await table.put("limits", Write("changes", kept, None))
    counters = Counters(table, bench.clock)
    assert await counters.recent() == {Kind.UPDATE: 7}
    assert await counters.approved() == {}
    await counters.settle("r-full", {Kind.UPDATE: 4})
    assert await counters.recent() == {Kind.UPDATE: 6}
