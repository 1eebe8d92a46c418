"""An event loop whose time jumps to the next thing that is due: minutes of pacing in milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

_START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


class _JumpingSelector(selectors.SelectSelector):
    """Skips what it should wait. Nothing arrives from outside: the loop carries no sockets of ours."""

    elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let the time pass at once."""
        if timeout is None:
            raise RuntimeError("Everybody waits for somebody else.")
        self.elapsed += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs on time of its own."""

    def __init__(self) -> None:
        self._selector_of_time = _JumpingSelector()
        super().__init__(self._selector_of_time)

    def time(self) -> float:
        """Return the seconds that have passed."""
        return self._selector_of_time.elapsed


class VirtualClock:
    """A `Clock` that goes with the running loop, so that many sleepers wake in order."""

    def now(self) -> datetime:
        """Return the wall clock's time."""
        return _START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait on the loop's own time."""
        await asyncio.sleep(seconds)


def run[T](work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns, on a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
