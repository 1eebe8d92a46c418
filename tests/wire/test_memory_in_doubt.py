"""What was written and is not certain: no memory of it may vouch for a number that is no longer there."""

from __future__ import annotations

import pytest

from dev.tenant.people import Phone
from mfa_sync.runs.run import RunKind
from mfa_sync.storage.table import Value, Write
from tests.wire.bench import Bench
from tests.wire.sweeping import Sweeper

ONE, TWO = "+46701740611", "+46701740622"
SAME_TAIL = "+46701749911"


@pytest.fixture
def masked(bench: Bench) -> Bench:
    """A tenant that shows this program masked numbers only: memory alone knows what is registered."""
    bench.control.switch(number_view="masked")
    return bench


async def test_a_second_write_that_was_not_made_does_not_bring_back_what_the_first_may_have_ended(
    masked: Bench,
) -> None:
    """The row of long ago vouches for a number that the write of unknown fate has replaced."""
    person = masked.person(ONE)
    await masked.one(person)
    masked.clock.advance(3600)
    person.attribute = SAME_TAIL
    masked.control.fault(status=504, after_commit=True, method="PATCH", path=person.id, applies_to="item")
    masked.control.fault(status=403, method="PATCH", path=person.id, applies_to="item")
    line = await masked.one(person)
    assert line["code"] in {"targetOutOfReach", "outcomeUnknown"}
    assert masked.mobile(person) == SAME_TAIL
    masked.control.clear_faults()
    person.attribute = ONE
    line = await masked.one(person)
    assert (line["outcome"], line["notes"], masked.mobile(person)) == ("updated", ["asserted"], ONE)


async def test_a_change_that_the_audit_log_told_of_ends_the_memory(sweeper: Sweeper) -> None:
    """A stranger's number with the same last digits looks like ours, and only the log knows better."""
    bench = sweeper.bench
    bench.control.switch(number_view="masked")
    person = bench.person(ONE)
    await bench.one(person)
    bench.clock.advance(3600)
    await sweeper.settled()
    bench.clock.advance(3600)
    bench.control.patch_person(person.upn, phones={"mobile": {"number": SAME_TAIL}})
    bench.clock.advance(1800)
    run = await sweeper.sweep(apply=True)
    assert (run.kind, run.tally.users) == (RunKind.CHANGED, 1)
    assert bench.mobile(person) == ONE


async def test_a_worker_takes_the_proof_from_rows_as_soon_as_the_storage_is_back(masked: Bench) -> None:
    """Written while it was down: its next call about anybody voids the row, so that no other worker errs."""
    person, other = masked.person(ONE), masked.person(TWO)
    await masked.one(person)
    masked.clock.advance(3600)
    person.attribute = SAME_TAIL
    masked.storage.stop()
    try:
        line = await masked.one(person)
    finally:
        masked.storage.start()
    assert (line["outcome"], masked.mobile(person)) == ("updated", SAME_TAIL)
    assert "notRemembered" in line["notes"]
    masked.clock.advance(60)
    await masked.one(other)
    assert await masked.worker.last_written.describe(person.id) is None
    masked.configure()  # another worker, which was told nothing
    person.attribute = ONE
    line = await masked.one(person)
    assert (line["notes"], masked.mobile(person)) == (["asserted"], ONE)


async def test_a_writer_who_was_never_heard_of_again_leaves_no_certainty_to_a_second_one(
    masked: Bench,
) -> None:
    """Nobody had a row: without one of the first writer's, the second would confirm over its late write."""
    person = masked.person(ONE)
    made = await masked.planned(person)
    await masked._memory.begin(made.entries)  # the first writer: its write is under way
    person.attribute = SAME_TAIL
    assert (await masked.one(person))["outcome"] == "created"  # the second writer
    person.phones["mobile"] = Phone(ONE)  # the first one's write arrives, and its worker is killed
    line = await masked.one(person)
    assert (line["notes"], masked.mobile(person)) == (["asserted"], SAME_TAIL)


async def test_a_row_of_the_former_layout_is_no_memory_and_no_fault(bench: Bench) -> None:
    """An update of the app finds rows of the version before it: they prove nothing, and nothing breaks."""
    person = bench.person(ONE, TWO)
    former: dict[str, Value] = {
        "v": 1,
        "state": "confirmed",
        "kind": "update",
        "number": "x",
        "attribute": "",
        "key": "k",
        "at": 0.0,
        "run": "r",
        "source": "extensionAttribute15",
    }
    await bench.worker.table.put("phone", Write(person.id, former))
    assert (await bench.one(person))["outcome"] == "updated"
