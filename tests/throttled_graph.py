"""Graph's limits without Graph: the emulated tenant's own bucket, and callers who keep it busy."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dev.simulation.virtual_time import VirtualClock
from dev.tenant.bucket import WINDOW_SECONDS, Bucket
from dev.tenant.graph.throttle import MOST_TOLD, SHARE_HEADER, TOLD_FROM
from mfa_sync.graph.pace import Pace, Service, Ticket
from mfa_sync.graph.reply import Reply
from shared.clock import Deadline

CALLERS = 8


@dataclass
class ThrottledGraph:
    """Answers batches as dev/tenant/graph/throttle.py does.

    Attributes:
        limits: Items in ten seconds by service; a service that is not in it has no limit.
        tells_share: Whether answers carry x-ms-throttle-limit-percentage.
        tells_wait: Whether refusals carry Retry-After.
        counts_refused: Whether refused items count.
        latency: Least and most seconds there and back.
        statuses: The items' statuses: when, which service, which status.
        calls: When a call came, and until when none should come after it.
    """

    limits: Mapping[Service, int]
    tells_share: bool = True
    tells_wait: bool = True
    counts_refused: bool = True
    latency: tuple[float, float] = (0.05, 0.1)
    statuses: list[tuple[float, Service, int]] = field(default_factory=list)
    calls: list[tuple[float, float]] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(15))  # noqa: S311  a repeatable simulation

    def __post_init__(self) -> None:
        self._buckets = {service: Bucket() for service in Service}

    async def answer(self, services: Sequence[Service], clock: VirtualClock) -> list[Reply]:
        """Return the items' replies."""
        there, back = self.chance.uniform(*self.latency) / 2, self.chance.uniform(*self.latency) / 2
        await clock.sleep(there)
        now = clock.monotonic()
        replies = [self._item(service, now) for service in services]
        asked = [reply.retry_after or 0.0 for reply in replies]
        self.calls.append((now, now + max(asked)))
        await clock.sleep(back)
        return replies

    def _item(self, service: Service, now: float) -> Reply:
        limit = self.limits.get(service)
        if limit is None:
            self.statuses.append((now, service, 200))
            return Reply(200)
        share, wait = self._buckets[service].charge(now, 1, limit, count_refused=self.counts_refused)
        headers = {}
        if self.tells_share and share > TOLD_FROM:
            headers[SHARE_HEADER] = f"{min(share, MOST_TOLD):.2f}"
        if wait and self.tells_wait:
            headers["retry-after"] = str(math.ceil(wait))
        status = 429 if wait else 200
        self.statuses.append((now, service, status))
        return Reply(status, headers=headers)

    def served(self, service: Service, start: float, end: float) -> float:
        """Return the items let through between two moments, as a share of what the limit permits."""
        taken = sum(of is service and status == 200 and start <= at < end for at, of, status in self.statuses)
        return taken / (self.limits[service] * (end - start) / WINDOW_SECONDS)

    def refused(self, start: float, end: float) -> float:
        """Return the share of refused items among those sent between two moments."""
        counted = Counter(status for at, _, status in self.statuses if start <= at < end)
        return counted[429] / max(counted.total(), 1)


async def keep_busy(
    clock: VirtualClock,
    graph: ThrottledGraph,
    services: Sequence[Service],
    seconds: float,
    pace: Pace | None = None,
) -> None:
    """Send batches of these items from several callers as fast as one pace lets them."""
    pace = pace or Pace()
    end = clock.monotonic() + seconds

    async def caller() -> None:
        while clock.monotonic() < end:
            ticket = Ticket(services)
            if not await pace.admit(ticket, Deadline(clock, end)):
                return
            pace.learn(ticket, await graph.answer(services, clock))

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
