"""The time of a simulated run: it jumps, it passes for each awaiter alone, and a run that hangs says so."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from dev.simulation import virtual_time
from dev.simulation.virtual_time import NothingLeftError, VirtualClock


def test_sleepers_wake_in_their_order_and_at_their_time() -> None:
    """An hour costs nothing, and libraries read the same clock."""

    async def main(clock: VirtualClock) -> list[tuple[float, float]]:
        woken: list[tuple[float, float]] = []

        async def sleeper(seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append((clock.monotonic(), time.time() - virtual_time.START.timestamp()))

        await asyncio.gather(*(sleeper(seconds) for seconds in (3600.0, 1.0, 60.0)))
        return woken

    assert virtual_time.run(main) == [(1.0, 1.0), (60.0, 60.0), (3600.0, 3600.0)]


def test_what_blocks_in_a_thread_keeps_nobody_else_waiting() -> None:
    """Ten seconds in a thread are ten seconds for who awaits it, and others go on meanwhile."""

    async def main(clock: VirtualClock) -> tuple[float, float]:
        blocked = asyncio.ensure_future(asyncio.to_thread(time.sleep, 10))
        await clock.sleep(1)
        meanwhile = clock.monotonic()
        await blocked
        return meanwhile, clock.monotonic()

    assert virtual_time.run(main) == (1.0, 10.0)


def test_a_deadline_strikes_what_blocks_in_a_thread() -> None:
    """Asyncio's own time-outs run on this time too."""

    async def main(clock: VirtualClock) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.to_thread(time.sleep, 10)
        return clock.monotonic()

    assert virtual_time.run(main) == 2.0


def test_chance_is_the_seeds() -> None:
    """Ids and secrets repeat with the seed, and differ between seeds."""

    async def main(_clock: VirtualClock) -> bytes:
        return os.urandom(16)

    assert virtual_time.run(main) == virtual_time.run(main) != virtual_time.run(main, 2)


def test_a_run_that_hangs_or_goes_in_circles_is_told() -> None:
    """A run that will never end must not stop all others."""

    async def hang(clock: VirtualClock) -> None:
        await clock.loop.create_future()

    async def circle(clock: VirtualClock) -> None:
        while True:
            await clock.sleep(0)

    for main in (hang, circle):
        with pytest.raises(NothingLeftError):
            virtual_time.run(main)
