"""What passes is waited out within the call's own time: only the deadline makes it a 503."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.errors import TransientError
from tests.wire.bench import Bench
from tests.wire.stopping import stopped

ONE = "+46701740611"
LOGIN, VAULT = "login.*", r".*\.vault\.azure\.net"


def sign_ins(bench: Bench) -> int:
    """Return how many forms Entra saw."""
    return sum(entry["path"].endswith("/token") for entry in bench.calls("login.microsoftonline.com"))


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_sign_in_service_that_fails_for_a_while_is_waited_out(bench: Bench, status: int) -> None:
    """It has not looked at the password, so nothing is counted, and the push goes on."""
    bench.control.fault(host=LOGIN, path="/token$", status=status, times=4)
    began = bench.clock.monotonic()
    assert (await bench.one(bench.person(ONE)))["outcome"] == "created"
    assert sign_ins(bench) == 5
    assert bench.clock.monotonic() - began < 90


async def test_the_wait_that_the_sign_in_service_asks_for_is_kept(bench: Bench) -> None:
    """A Retry-After is no suggestion."""
    bench.control.fault(host=LOGIN, path="/token$", status=429, headers={"Retry-After": "40"})
    began = bench.clock.monotonic()
    assert (await bench.one(bench.person(ONE)))["outcome"] == "created"
    assert (sign_ins(bench), bench.clock.monotonic() - began >= 40) == (2, True)


async def test_a_fault_that_entra_names_is_waited_out(bench: Bench) -> None:
    """AADSTS90033 and its like: the service's own."""
    sleep = bench.clock.sleep

    async def and_it_passes(seconds: float) -> None:
        bench.control.switch(token_error=None)
        await sleep(seconds)

    bench.control.switch(token_error=90033)
    bench.clock.sleep = and_it_passes  # type: ignore[method-assign]  # the moment in which it passes
    assert (await bench.one(bench.person(ONE)))["outcome"] == "created"
    assert sign_ins(bench) == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"host": LOGIN, "path": "openid-configuration", "reset": True, "times": 2},
        {"host": LOGIN, "path": "userrealm", "status": 500, "times": 1},
        {"host": LOGIN, "path": "/token$", "reset": True, "times": 1},
        {"host": VAULT, "status": 503, "times": 6},
        {"host": VAULT, "status": 429, "times": 3, "headers": {"Retry-After": "20"}},
    ],
)
async def test_what_lies_before_the_sign_in_is_waited_out_too(bench: Bench, fault: dict[str, Any]) -> None:
    """Discovery, a connection that breaks, the vault."""
    bench.control.fault(**fault)
    assert (await bench.one(bench.person(ONE)))["outcome"] == "created"


async def test_only_the_calls_time_turns_a_fault_into_503(bench: Bench) -> None:
    """And it is used up first, by one trial after another."""
    bench.control.fault(host=LOGIN, path="/token$", status=503, times=999)
    began = bench.clock.monotonic()
    error = await stopped(bench)
    assert isinstance(error, TransientError)
    assert 75 <= bench.clock.monotonic() - began <= 90
    assert 5 <= sign_ins(bench) <= 9


async def test_calls_that_wait_together_try_one_at_a_time(bench: Bench) -> None:
    """Eight calls of two workers: as many trials as one call would make, and a token for each worker.

    Who waits winds the one clock on for all, so the calls are few and have much time.
    """
    bench.control.fault(host=LOGIN, path="/token$", status=503, times=3)
    bench.configure(SYNC_DEADLINE_SECONDS="220")
    first = bench.worker
    people = [bench.person(ONE) for _ in range(8)]
    bench.configure(SYNC_DEADLINE_SECONDS="220")
    second, pushes = bench.worker, []
    for number, person in enumerate(people):
        bench.worker = first if number % 2 else second
        pushes.append(asyncio.ensure_future(bench.push([{"Id": person.id}])))
        await asyncio.sleep(0)
    answers = await asyncio.gather(*pushes)
    assert {answer.body["results"][0]["outcome"] for answer in answers} == {"created"}
    assert sign_ins(bench) == 3 + 2
