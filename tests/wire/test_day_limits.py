"""The guard's 24 hours, counted in the real storage over calls and workers."""

from __future__ import annotations

import asyncio

from tests.wire.bench import Bench

ONE = "+46701740611"


async def test_limits_count_a_day_and_not_a_call(bench: Bench) -> None:
    """Single deletes, one call each, stop at MAX_DELETES like those of one call."""
    bench.configure(MAX_DELETES="2")
    people = [bench.person(None, ONE) for _ in range(4)]
    codes = [(await bench.one(person))["code"] for person in people]
    assert codes == [None, None, "limitReached", "limitReached"]
    bench.clock.advance(25 * 3600)
    assert (await bench.one(people[2]))["outcome"] == "deleted"


async def test_two_workers_at_once_cannot_both_have_the_last_free_place(bench: Bench) -> None:
    """The counter is changed by its version: who comes second reads again."""
    bench.configure(MAX_DELETES="5")
    pushes = [[{"Id": bench.person(None, ONE).id} for _ in range(2)] for _ in range(5)]
    await bench.one(bench.person(ONE, ONE))
    answers = await asyncio.gather(*(bench.push(rows) for rows in pushes))
    deleted = sum(answer.body["summary"]["deleted"] for answer in answers)
    assert deleted == 4
    assert sum(method == "DELETE" for method, _ in bench.writes()) == 4


async def test_what_was_certainly_not_written_is_counted_off(bench: Bench) -> None:
    """A refused write must not eat tomorrow's limit; a dry run counts nothing."""
    bench.configure(MAX_DELETES="1")
    person = bench.person(None, ONE)
    await bench.push([{"Id": person.id}], {"dryRun": "true"})
    bench.control.fault(status=403, method="DELETE", applies_to="item")
    assert (await bench.one(person))["code"] == "targetOutOfReach"
    assert (await bench.one(person))["outcome"] == "deleted"


async def test_a_delete_of_unknown_fate_counts(bench: Bench) -> None:
    """Too many counted is safe, too few is not."""
    bench.configure(MAX_DELETES="1")
    bench.control.fault(status=504, method="DELETE", applies_to="item", times=9, after_commit=True)
    person, other = bench.person(None, ONE), bench.person(None, ONE)
    assert (await bench.one(person))["outcome"] == "deleted"
    assert (await bench.one(other))["code"] == "limitReached"
