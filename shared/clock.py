"""Time as a value that can be passed in, so that simulations run fast and tests need no sleep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from shared.errors import TransientError

_LEAST_SECONDS = 1.0


class Clock(Protocol):
    """Where the program gets its time from."""

    def now(self) -> datetime:
        """Return the wall clock's time, with UTC as its zone."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards, for intervals and deadlines."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass on the event loop."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment by which an answer must have left, on the clock's monotonic scale.

    HTTP clients give up after 100 to 120 seconds and Azure's front door after 230, while the function
    would go on unseen: so every wait asks first how much is left.
    """

    clock: Clock
    at: float

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> Deadline:
        """Return the deadline `seconds` from now."""
        return cls(clock, clock.monotonic() + seconds)

    async def within[T](self, work: Coroutine[Any, Any, T], *, goes_on: bool = False) -> T:
        """Return what `work` returns, if it does so in the time that is left; it always gets a second.

        Args:
            work: What is waited for. It is cancelled when the time is over; a request that it has sent may
                take effect all the same.
            goes_on: It is not cancelled but goes on unseen, as a sign-in that must still tell the brake how
                it ended.

        Raises:
            TimeoutError: It takes longer. Whatever `work` raises, too, while it is waited for.
        """
        waited_for: Awaitable[T] = work
        if goes_on:
            under_way = asyncio.ensure_future(work)
            under_way.add_done_callback(_mark_as_seen)
            waited_for = asyncio.shield(under_way)
        async with asyncio.timeout(max(self.remaining(), _LEAST_SECONDS)):
            return await waited_for

    async def waiting_out[T](self, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what `ask` returns, asked again after each failure that passes, for as long as time allows.

        Each try goes on unseen where the time ends first, as with `within`.

        Raises:
            TransientError: It failed, and asks us to wait for longer than is left.
            TimeoutError: It takes longer. Whatever else `ask` raises, too.
        """
        while True:
            try:
                return await self.within(ask(), goes_on=True)
            except TransientError as error:
                if error.retry_after >= self.remaining():
                    raise
                await self.clock.sleep(error.retry_after)

    def remaining(self) -> float:
        """Return the seconds left; zero or less once it has passed."""
        return self.at - self.clock.monotonic()


def _mark_as_seen(ended: asyncio.Future[Any]) -> None:
    """Mark an error as seen: who waited for it has given up, and asyncio would print it with its trace."""
    if not ended.cancelled():
        ended.exception()
