"""What the caller of a push of many rows is told, whatever becomes of its run and its worker."""

from __future__ import annotations

import pytest

from mfa_sync.api.contract.problems import RequestError
from mfa_sync.runs import lifecycle
from mfa_sync.runs.applying import apply_page
from mfa_sync.runs.run import State
from mfa_sync.runs.step import planner_of
from mfa_sync.storage.table import StorageDownError, Write
from shared.clock import Deadline
from shared.errors import Problem, TransientError
from tests.shared_table import SharedTable
from tests.wire.bench import Bench
from tests.wire.sweeping import ASYNC, Sweeper, polled

ONE, TWO = "+46701740611", "+46701740622"


class HeadsLost(SharedTable):
    """Keeps every head of a run; while it is `deaf`, the answer that says so never arrives."""

    deaf = True

    async def put(self, partition: str, write: Write) -> str:
        """Write one row and return its new etag."""
        etag = await super().put(partition, write)
        if partition == "run" and self.deaf:
            raise StorageDownError
        return etag


async def test_a_push_that_is_over_is_never_answered_by_503(bench: Bench) -> None:
    """A caller that obeys Retry-After would ask for ever: nothing moves a stopped run any more."""
    accepted = await bench.push([{"Id": bench.person(ONE).id}], headers=ASYNC)
    await Sweeper(bench).stop(accepted.body["runId"])
    answer = await polled(bench, accepted.body["runId"])
    assert answer.status == 207
    assert answer.body["results"][0]["code"] == "notAttempted"


async def test_a_row_that_may_have_been_written_is_not_called_discarded(bench: Bench) -> None:
    """A worker wrote the page and was killed before it could say so; then an operator stopped the run."""
    person = bench.person(ONE)
    accepted = await bench.push([{"Id": person.id}], headers=ASYNC)
    sweeper = Sweeper(bench)
    run = await sweeper.until_applying(accepted.nudge)
    tools = sweeper.tools
    stored, page = await tools.runs.get(run.id), await tools.runs.page(run, 0)
    assert stored is not None
    assert page is not None
    await tools.runs.replace(stored, run.claimed("w", bench.clock.now().timestamp(), 300))
    deadline = Deadline.after(bench.clock, 60)
    await apply_page(run, page, planner_of(run, tools, deadline), tools, deadline)
    await sweeper.stop(run.id)
    line = (await polled(bench, run.id)).body["results"][0]
    assert bench.mobile(person) == ONE
    assert (line["outcome"], line["code"]) == ("failed", "outcomeUnknown")


async def test_a_dry_run_of_many_rows_knows_the_limits(bench: Bench) -> None:
    """It says what the push would be answered, and that is no create at all."""
    bench.configure(MAX_CREATES="1")
    rows = [{"Id": bench.person(ONE).id} for _ in range(3)]
    inline = await bench.push(rows, {"dryRun": "true"})
    accepted = await bench.push(rows, {"dryRun": "true"}, headers=ASYNC)
    await Sweeper(bench).drive(accepted.nudge)
    many = await polled(bench, accepted.body["runId"])
    assert inline.body["summary"]["created"] == many.body["summary"]["created"] == 0
    assert {line["code"] for line in many.body["results"]} == {"limitReached"}


async def test_after_a_write_of_unknown_fate_no_phone_is_shown(bench: Bench) -> None:
    """Neither the former number nor the new one is known to be there."""
    person = bench.person(ONE, TWO)
    bench.control.fault(status=504, method="PATCH", path=person.id, applies_to="item", times=2)
    accepted = await bench.push([{"Id": person.id}], headers=ASYNC)
    await Sweeper(bench).drive(accepted.nudge)
    line = (await polled(bench, accepted.body["runId"])).body["results"][0]
    assert (line["code"], line["phone"]) == ("outcomeUnknown", None)


async def test_a_call_repeated_over_a_rotation_of_the_key_is_replayed(bench: Bench) -> None:
    """The kept digest was made with the former version of the key, and is compared by that one."""
    rows = [{"Id": bench.person(ONE).id}]
    first = await bench.push(rows, headers={"idempotency-key": "k"})
    bench.control.put_secret("mfa-sync-fingerprint-key", "a-new-key-of-sixteen-bytes-and-more")
    bench.configure()
    assert (await bench.push(rows, headers={"idempotency-key": "k"})).body == first.body


async def test_a_call_whose_begin_is_in_doubt_is_told_so_and_its_run_is_moved_by_the_watchdog(
    bench: Bench,
) -> None:
    """The head was kept and the answer lost, so no nudge was sent. What is sent again finds all done."""
    table = HeadsLost()
    bench.restore(table=table)
    person = bench.person(ONE)
    with pytest.raises(TransientError, match="whether the call was taken is not known") as caught:
        await bench.push([{"Id": person.id}], headers=ASYNC)
    assert caught.value.code is Problem.STORAGE_UNAVAILABLE
    table.deaf = False
    bench.clock.advance(600)
    (nudge,) = await lifecycle.watch(bench.worker)
    run = await Sweeper(bench).drive(nudge)
    assert (run.state, bench.mobile(person)) == (State.FINISHED, ONE)
    assert (await bench.one(person))["outcome"] == "unchanged"
    assert len(bench.writes()) == 1


async def test_who_polls_while_a_run_is_removed_is_told_404(bench: Bench) -> None:
    """Its pages and rows go first, and a worker may die before the head goes."""
    accepted = await bench.push([{"Id": bench.person(ONE).id}], headers=ASYNC)
    run = await Sweeper(bench).drive(accepted.nudge)
    await bench.worker.runs._blobs.delete(f"runs/{run.id}/")
    with pytest.raises(RequestError) as caught:
        await polled(bench, run.id)
    assert caught.value.status == 404
