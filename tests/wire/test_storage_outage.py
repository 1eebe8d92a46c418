"""Storage that is down or stops in mid-call: the sync goes on, says what is unknown, and deletes nothing."""

from __future__ import annotations

import pytest

from dev.tenant.people import Phone
from shared.errors import TransientError
from tests.wire.bench import Bench

ONE, TWO = "+46701740611", "+46701740622"


async def test_without_storage_phones_are_written_and_nothing_is_deleted(bench: Bench) -> None:
    """An unreadable counter stops deletes alone, and each row says what is not known."""
    await bench.one(bench.person(ONE, ONE))  # signed in
    created, deleted, same = bench.person(ONE), bench.person(None, TWO), bench.person(ONE, ONE)
    bench.storage.stop()
    try:
        answer = await bench.push([{"Id": person.id} for person in (created, deleted, same)])
    finally:
        bench.storage.start()
    lines = answer.body["results"]
    assert [(line["outcome"], line["code"], line["retryable"]) for line in lines] == [
        ("created", None, False),
        ("failed", "limitUnknown", True),
        ("unchanged", None, False),
    ]
    assert lines[0]["notes"] == ["limitUncounted", "notRemembered"]
    assert lines[2]["notes"] == []
    assert (bench.mobile(created), bench.mobile(deleted)) == (ONE, TWO)


async def test_storage_that_stops_in_mid_call_is_said(bench: Bench) -> None:
    """After the plan and before the record: written, and not remembered."""
    person = bench.person(ONE)
    made = await bench.planned(person)
    bench.storage.stop()
    try:
        results = await bench.applied(made)
    finally:
        bench.storage.start()
    assert [note.value for note in results[0].notes] == ["limitUncounted", "notRemembered"]
    assert bench.mobile(person) == ONE


async def test_a_row_that_could_not_be_voided_is_believed_no_more(bench: Bench) -> None:
    """The former row vouches for a number that we have overwritten since."""
    bench.control.switch(number_view="masked")
    person = bench.person(ONE)
    await bench.one(person)
    bench.storage.stop()
    try:
        person.attribute = TWO
        await bench.one(person)
    finally:
        bench.storage.start()
    bench.clock.advance(60)
    person.attribute = ONE
    person.phones["mobile"] = Phone("+46701749911")
    assert (await bench.one(person))["notes"] == ["asserted"]


async def test_an_idempotency_key_is_not_taken_without_storage(bench: Bench) -> None:
    """Once cannot be promised, so nothing is begun."""
    person = bench.person(ONE)
    await bench.one(bench.person(ONE, ONE))
    bench.storage.stop()
    try:
        with pytest.raises(TransientError, match="storageUnavailable"):
            await bench.push([{"Id": person.id}], headers={"idempotency-key": "k1"})
    finally:
        bench.storage.start()
    assert bench.mobile(person) is None
