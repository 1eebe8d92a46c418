"""Time and chance that belong to one run: nothing waits, and the same seed gives the same run.

The event loop jumps to its next timer instead of waiting for it. Threads are none: what would run in one runs
at once, and the time that it spends passes for its own awaiter alone, as it would in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import selectors
import time
import traceback
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, override
from unittest import mock

START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
_EPOCH = START.timestamp()
_LAST_SECONDS = 60.0
# A hundred times what a run takes.
_MOST_TURNS = 200_000


class NothingLeftError(RuntimeError):
    """The run will never end: everybody waits and no timer will wake anybody, or it goes round in circles."""


class _Jump(selectors.SelectSelector):
    """Where the loop would wait for sockets: there are none, so its time jumps instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.turns = 0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turns += 1
        if timeout is None:
            raise NothingLeftError("Everybody waits for somebody else.")
        if self.turns > _MOST_TURNS:
            raise NothingLeftError("It goes round in circles.")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds cost nothing.

    Attributes:
        unheard: Errors of tasks that nobody waited for.
    """

    def __init__(self) -> None:
        self._jump = _Jump()
        self._ahead = 0.0
        self.unheard: list[str] = []
        super().__init__(self._jump)
        self.set_exception_handler(self._hear)

    def _hear(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Keep what the loop would log: errors that nobody waited for."""
        error = context.get("exception")
        if error is not None:
            self.unheard.append(f"{context['message']}: {''.join(traceback.format_exception(error))}")

    @override
    def time(self) -> float:
        """Return the seconds since the start of the run; in a "thread", those of the thread."""
        return self._jump.now + self._ahead

    def take_heart(self) -> None:
        """Count the turns that make a circle from here on."""
        self._jump.turns = 0

    def spend(self, seconds: float) -> None:
        """Let time pass in a function that blocks."""
        self._ahead += max(seconds, 0.0)

    @override
    def run_in_executor[*Ts, T](
        self, executor: Any, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run `func` now, and let its awaiter go on once the time that it spent is over."""
        done: asyncio.Future[T] = self.create_future()
        try:
            finish = (done.set_result, func(*args))
        except Exception as error:  # noqa: BLE001  it belongs to the awaiter, whatever it is
            finish = (done.set_exception, error)  # type: ignore[assignment]  # the pair is one call to come
        spent, self._ahead = self._ahead, 0.0
        self.call_later(spent, _unless_done, done, *finish)
        return done


def _unless_done(future: asyncio.Future[Any], tell: Callable[[Any], None], what: Any) -> None:
    if not future.done():
        tell(what)


class VirtualClock:
    """The product's Clock on a virtual loop, which many sleepers share and wake in order."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop

    def now(self) -> datetime:
        """Return the wall clock's time, with UTC as its zone."""
        return START + timedelta(seconds=self.loop.time())

    def monotonic(self) -> float:
        """Return the seconds since the start of the run."""
        return self.loop.time()

    def epoch(self) -> float:
        """Return the wall clock's time as epoch seconds, as libraries and the tenant count it."""
        return _EPOCH + self.loop.time()

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass on the loop."""
        await asyncio.sleep(seconds)


@contextlib.contextmanager
def _own_time_and_chance(clock: VirtualClock, seed: int) -> Iterator[None]:
    """Give the libraries this run's time, and everybody its seeded chance, whatever they ask for it."""
    entropy = random.Random(seed ^ 0x5EED)  # noqa: S311  the point is that it repeats
    state = random.getstate()
    with (
        mock.patch.object(time, "time", clock.epoch),
        mock.patch.object(time, "monotonic", clock.monotonic),
        mock.patch.object(time, "sleep", clock.loop.spend),
        mock.patch.object(os, "urandom", entropy.randbytes),
        mock.patch.object(random, "_urandom", entropy.randbytes),
    ):
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)


def run[T](main: Callable[[VirtualClock], Coroutine[Any, Any, T]], seed: int = 1) -> T:
    """Return what `main` returns, run on a virtual loop of its own.

    Raises:
        NothingLeftError: It can never end.
    """
    loop = VirtualLoop()
    clock = VirtualClock(loop)
    with _own_time_and_chance(clock, seed):
        gc.disable()  # it would run at other moments in each run, and a lost task speaks when it is collected
        try:
            return loop.run_until_complete(main(clock))
        finally:
            gc.enable()
            _end(loop)


def _end(loop: VirtualLoop) -> None:
    """Cancel what is left, so that nothing of this run outlives it; a killed worker may not even end."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.take_heart()
    try:
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=_LAST_SECONDS))
    finally:
        loop.close()
