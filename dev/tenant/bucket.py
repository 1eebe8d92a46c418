"""What was used of one of Graph's limits, over the window that the limit holds for."""

from __future__ import annotations

from collections import deque

WINDOW_SECONDS = 10.0


class Bucket:
    """What was used in the last ten seconds."""

    def __init__(self) -> None:
        self._used: deque[tuple[float, int]] = deque()
        self._total = 0

    def charge(self, now: float, units: int, limit: int, *, count_refused: bool) -> tuple[float, float]:
        """Use some units. Answers the share used, and how long to wait (0: it was allowed)."""
        while self._used and self._used[0][0] <= now - WINDOW_SECONDS:
            self._total -= self._used.popleft()[1]
        over = self._total + units - limit
        if over <= 0 or count_refused:
            self._used.append((now, units))
            self._total += units
        if over <= 0:
            return self._total / limit, 0.0
        return self._total / limit, self._until_freed(now, over)

    def _until_freed(self, now: float, units: int) -> float:
        freed = 0
        for when, used in self._used:
            freed += used
            if freed >= units:
                return max(when + WINDOW_SECONDS - now, 0.001)
        return WINDOW_SECONDS
