"""Waiting within a call's time: what is late is cut off, or goes on unseen where its end matters."""

from __future__ import annotations

import gc

import pytest

from dev.simulation import virtual_time
from dev.simulation.virtual_time import VirtualClock
from shared.clock import Deadline
from shared.errors import Problem, TransientError
from tests.clocks import FakeClock

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


def test_the_time_that_is_left_passes_and_becomes_none() -> None:
    """Every wait asks how much is left, on a clock that began long before the call."""
    clock = FakeClock()
    clock.advance(1000)
    deadline = Deadline.after(clock, CALL)
    assert deadline.remaining() == CALL
    clock.advance(3)
    assert deadline.remaining() == 2
    clock.advance(3)
    assert deadline.remaining() == -1


@pytest.mark.parametrize(
    ("failures", "asked_to_wait", "ended"),
    [
        # how often it fails   what it asks for   when it returns; None where the failure is the caller's
        (0, 2.0, 0.0),
        (2, 2.0, 4.0),
        (3, 2.0, None),
        (1, 5.0, None),
        (1, 60.0, None),
    ],
)
def test_a_failure_that_passes_is_waited_out_within_the_calls_time(
    failures: int, asked_to_wait: float, ended: float | None
) -> None:
    """Who asks for as much as is left, or more, is not waited for: the caller gets the failure in time."""

    async def main(clock: VirtualClock) -> float | None:
        left = [failures]

        async def ask() -> str:
            if left[0]:
                left[0] -= 1
                raise TransientError(Problem.VAULT_UNAVAILABLE, "a 503", retry_after=asked_to_wait)
            return "done"

        try:
            assert await Deadline.after(clock, CALL).waiting_out(ask) == "done"
        except TransientError:
            return None
        return clock.monotonic()

    assert virtual_time.run(main) == ended


def test_a_try_that_comes_too_late_goes_on_unseen_and_other_work_is_cut_off() -> None:
    """A sign-in must still tell the brake how it ended; whatever else is waited for ends with the wait."""
    ends: list[str] = []

    async def main(clock: VirtualClock) -> None:
        async def work(name: str) -> None:
            await clock.sleep(9)
            ends.append(name)

        with pytest.raises(TimeoutError):
            await Deadline.after(clock, CALL).waiting_out(lambda: work("a try"))
        with pytest.raises(TimeoutError):
            await Deadline.after(clock, CALL).within(work("other work"))
        await clock.sleep(60)

    virtual_time.run(main)
    assert ends == ["a try"]
