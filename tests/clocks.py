"""A clock that tests wind by hand: nothing ever waits for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """A `Clock` whose time passes only when it is told to, or when somebody sleeps on it."""

    def __init__(self, start: datetime = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        """Return the wall clock's time."""
        return self._start + timedelta(seconds=self._elapsed)

    def epoch(self) -> float:
        """Return the wall clock's time as epoch seconds, as the emulated tenant counts it."""
        return self.now().timestamp()

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Wind the clock on."""
        self._elapsed += seconds
