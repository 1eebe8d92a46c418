"""`Idempotency-Key`: once, whoever repeats it, for a day."""

from __future__ import annotations

import asyncio

import pytest

from mfa_sync.api.contract.problems import RequestError
from tests.wire.bench import Bench

ONE, TWO = "+46701740611", "+46701740622"


async def test_the_same_call_again_is_answered_and_not_redone(bench: Bench) -> None:
    """The stored answer, byte for byte, from another worker too, and marked as such."""
    person = bench.person(ONE)
    first = await bench.push([{"Id": person.id}], headers={"idempotency-key": "k1"})
    person.phones.clear()
    bench.configure()
    second = await bench.push([{"Id": person.id}], headers={"idempotency-key": '"k1"'})
    assert second.body == first.body
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert bench.mobile(person) is None
    bench.clock.advance(24 * 3600 + 1)
    await bench.push([{"Id": person.id}], headers={"idempotency-key": "k1"})
    assert bench.mobile(person) == ONE


@pytest.mark.parametrize("change", ["body", "dryRun"])
async def test_the_key_of_another_call_is_refused(bench: Bench, change: str) -> None:
    """Another body is another call, and so is a dry run."""
    one, two = bench.person(ONE), bench.person(TWO)
    await bench.push([{"Id": one.id}], headers={"idempotency-key": "k1"})
    row, query = ({"Id": two.id}, {}) if change == "body" else ({"Id": one.id}, {"dryRun": "true"})
    with pytest.raises(RequestError) as stopped:
        await bench.push([row], query, headers={"idempotency-key": "k1"})
    assert (stopped.value.status, stopped.value.code) == (422, "idempotencyKeyReused")


async def test_trap_40_of_two_at_once_one_works_and_the_other_is_told_to_wait(bench: Bench) -> None:
    """409 while in flight; the work is done once."""
    person = bench.person(ONE)
    await bench.one(bench.person(ONE, ONE))
    calls = [bench.push([{"Id": person.id}], headers={"idempotency-key": "k1"}) for _ in range(2)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    refused = [one for one in answers if isinstance(one, RequestError)]
    assert [(one.status, one.code, one.retryable) for one in refused] == [
        (409, "idempotencyKeyInFlight", True)
    ]
    assert len(bench.writes()) == 1


async def test_what_settled_nothing_is_not_kept(bench: Bench) -> None:
    """A 503 is to be repeated, and repeating it must work."""
    person = bench.person(ONE)
    bench.control.fault(status=500, method="POST", path="phoneMethods", applies_to="item", times=2)
    first = await bench.push([{"Id": person.id}], headers={"idempotency-key": "k1"})
    second = await bench.push([{"Id": person.id}], headers={"idempotency-key": "k1"})
    assert (first.status, second.status) == (503, 200)


async def test_a_worker_that_died_keeps_the_key_no_longer_than_its_call(bench: Bench) -> None:
    """A crash must not lock the caller out for a day."""
    person = bench.person(ONE)
    answers = bench.worker.stored_answers
    request = b"\n" + f'[{{"Id": "{person.id}"}}]'.encode()
    key = await answers._keys.current()
    await answers._claim("0" * 64, request, key, 90)
    with pytest.raises(RequestError):
        await answers._claim("0" * 64, request, key, 90)
    bench.clock.advance(151)
    await answers._claim("0" * 64, request, key, 90)


@pytest.mark.parametrize("key", ["", '""', "x" * 256])
async def test_a_key_that_is_none_is_refused(bench: Bench, key: str) -> None:
    """Better refused than ignored: the caller counts on it."""
    with pytest.raises(RequestError) as stopped:
        await bench.push([{"Id": bench.person(ONE).id}], headers={"idempotency-key": key})
    assert stopped.value.status == 422
