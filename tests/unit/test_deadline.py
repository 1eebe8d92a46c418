"""Waiting within a call's time: what is late is cut off, or goes on unseen where its end matters."""

from __future__ import annotations

import gc

import pytest

from dev.simulation import virtual_time
from dev.simulation.virtual_time import VirtualClock
from shared.clock import Deadline

CALL = 5.0


@pytest.mark.parametrize(
    ("took", "left", "goes_on", "waited", "ended"),
    [
        (4.0, CALL, False, 4.0, True),
        (4.0, CALL, True, 4.0, True),
        (9.0, CALL, False, CALL, False),
        (9.0, CALL, True, CALL, True),
        (0.9, -30.0, False, 0.9, True),  # it always gets a second
        (9.0, -30.0, True, 1.0, True),
    ],
)
def test_who_waits_goes_when_the_time_is_over(
    *, took: float, left: float, goes_on: bool, waited: float, ended: bool
) -> None:
    """Cut off, it never ends; a sign-in goes on, so that its end is heard of."""
    ends: list[str] = []

    async def main(clock: VirtualClock) -> float:
        async def work() -> str:
            await clock.sleep(took)
            ends.append("ended")
            return "done"

        deadline = Deadline.after(clock, left)
        if waited == took:
            assert await deadline.within(work(), goes_on=goes_on) == "done"
        else:
            with pytest.raises(TimeoutError):
                await deadline.within(work(), goes_on=goes_on)
        gone = clock.monotonic()
        await clock.sleep(60)
        return gone

    assert virtual_time.run(main) == waited
    assert bool(ends) is ended


def test_what_fails_unseen_is_not_shouted() -> None:
    """Asyncio would print the error with its trace; who waited was told that it is late."""

    async def main(clock: VirtualClock) -> list[str]:
        async def work() -> None:
            await clock.sleep(9)
            raise RuntimeError("late")

        with pytest.raises(TimeoutError):
            await Deadline.after(clock, CALL).within(work(), goes_on=True)
        await clock.sleep(60)
        gc.collect()
        return clock.loop.unheard

    assert virtual_time.run(main) == []


def test_what_fails_in_time_is_the_callers() -> None:
    """An error is not made a time-out."""

    async def main(clock: VirtualClock) -> None:
        async def work() -> None:
            raise ValueError("now")

        for goes_on in (False, True):
            with pytest.raises(ValueError, match="now"):
                await Deadline.after(clock, CALL).within(work(), goes_on=goes_on)

    virtual_time.run(main)
