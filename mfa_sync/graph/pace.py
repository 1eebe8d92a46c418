"""When a call may leave: never while Graph asks us to wait, and just below the rate that it takes.

Source: Graph's "throttling" pages. Calls before Retry-After count against us; all workers' calls share one
bucket of app and tenant; without Retry-After the way is exponential back-off.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus

from mfa_sync.graph.allowance import Allowance, Sent
from mfa_sync.graph.reply import Reply
from mfa_sync.telemetry import measures
from mfa_sync.telemetry.measures import Metric
from shared.clock import Clock, Deadline

SHARE_HEADER = "x-ms-throttle-limit-percentage"
# 0.8 to 1.8, says Graph; a figure far from that is none of ours to understand.
_SHARE = re.compile(r"0?\.[5-9]\d{0,6}|[1-4](\.\d{1,6})?")
_LONGEST_BACK_OFF = 30.0
# Workers that were given the same moment shall not wake as one: a fifth more, at most a second.
_JITTER_SHARE = 0.2
# A wait that rounding leaves over would otherwise be slept again and again.
_LEAST_SLEEP = 0.001


class Service(Enum):
    """Who counts: Graph's services have limits of their own."""

    DIRECTORY = "directory"
    METHODS = "authentication methods"
    REPORTS = "audit log and reports"

    @classmethod
    def of(cls, path: str) -> Service:
        """Return the service that answers a path below the version."""
        if "/authentication/" in path:
            return cls.METHODS
        return cls.REPORTS if path.startswith(("/auditLogs/", "/reports/")) else cls.DIRECTORY


# Items in ten seconds. The directory's limit, 3,500 to 8,000 by the tenant's size, is learned.
_PUBLISHED = {Service.REPORTS: 5}
# What refusals never teach us to go below: a tenth of the smallest limit that is published; and what tools
# that are in daily use send to the authentication methods without harm.
_FLOORS = {Service.DIRECTORY: 350, Service.METHODS: 100}


@dataclass(slots=True)
class Ticket:
    """One call, by the services that its items go to.

    Attributes:
        services: In the order of the items; a call that is no batch has one.
        left: When it left, for each service; empty as long as it has not.
    """

    services: Sequence[Service]
    left: dict[Service, Sent] = field(default_factory=dict)
    clock: Clock | None = None

    @property
    def kind(self) -> frozenset[Service]:
        """The services, whatever the order: calls of one kind wait in one line, and hold up no other's."""
        return frozenset(self.services)


@dataclass(slots=True)
class _Gate:
    """Until when a service asked us to keep silent.

    Attributes:
        opens_at: When a call may leave again.
        closed_at: When we last learned of a refusal; a call that left before brings only its echo.
        step: How often in a row most of a call was refused.
    """

    opens_at: float = -math.inf
    closed_at: float = -math.inf
    step: int = 0

    def close(self, throttled: Sequence[Reply], now: float, *, is_news: bool, is_partial: bool) -> None:
        """Take note of refusals: wait as asked, else longer each time while most of each call is refused."""
        asked = [reply.retry_after for reply in throttled if reply.retry_after]
        jitter = random.random()  # noqa: S311  spreads load, guards nothing
        if is_news:
            self.step = 1 if is_partial else self.step + 1
        if asked:
            wait = max(asked) + jitter * min(max(asked) * _JITTER_SHARE, 1.0)
        elif is_news:
            wait = min(2.0 ** (self.step - 1), _LONGEST_BACK_OFF) * (0.5 + jitter)
        else:
            return
        self.opens_at = max(self.opens_at, now + wait)
        self.closed_at = now


class Pace:
    """The gates and rates of one worker; every call passes them. Its time is that of the calls' deadlines.

    One of each for each service: the directory's limits and those of the authentication methods are counted
    apart, a batch of reads is half and half and one of writes is all methods. A single rate, learned while
    reading, would be twice the limit as soon as the writing begins. The audit log takes five calls in ten
    seconds and sends no shares. What one service asks for holds up no other.
    """

    def __init__(self) -> None:
        self._turns: defaultdict[frozenset[Service], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._gates = {service: _Gate() for service in Service}
        self._allowances = {
            service: Allowance(_PUBLISHED.get(service), _FLOORS.get(service, 0)) for service in Service
        }

    def expect(self, service: Service, limit: float | None) -> None:
        """Start with a limit that was found out, of items in ten seconds; None: with the published one.

        What is learned from Graph's answers goes before it.
        """
        self._allowances[service].expect(limit or _PUBLISHED.get(service))

    def closed_for(self, clock: Clock, services: Iterable[Service]) -> float:
        """Return the seconds until the gates of all these services are open; 0 when they are."""
        opens_at = max(self._gates[service].opens_at for service in services)
        return max(opens_at - clock.monotonic(), 0.0)

    async def admit(self, ticket: Ticket, deadline: Deadline) -> bool:
        """Wait until the call may leave, and count it.

        Returns:
            False at once if that would be past the deadline: the call must not be sent.
        """
        if self.closed_for(deadline.clock, ticket.kind) >= deadline.remaining():
            return False
        items = Counter(ticket.services)
        async with self._turns[ticket.kind]:
            while (wait := self._wait(items, deadline.clock)) > 0:
                if wait >= deadline.remaining():
                    return False
                await deadline.clock.sleep(max(wait, _LEAST_SLEEP))
            now = deadline.clock.monotonic()
            ticket.clock = deadline.clock
            ticket.left = {
                service: self._allowances[service].take(count, now) for service, count in items.items()
            }
        return True

    def learn(self, ticket: Ticket, replies: Sequence[Reply], share_of_all: str | None = None) -> None:
        """Take note of the replies to a call's items, in their order.

        Args:
            ticket: The call.
            replies: One for each item.
            share_of_all: The share header of a batch's outer answer; the items' own go before it.
        """
        if ticket.clock is None:
            return
        now = ticket.clock.monotonic()
        items_have_shares = any(SHARE_HEADER in reply.headers for reply in replies)
        for service, sent in ticket.left.items():
            own = [reply for of, reply in zip(ticket.services, replies, strict=True) if of is service]
            texts = (
                [reply.headers.get(SHARE_HEADER) for reply in own] if items_have_shares else [share_of_all]
            )
            self._learn(service, sent, own, max(share_of(text) for text in texts), now)
        self._measure(ticket, replies, now)

    def _learn(self, service: Service, sent: Sent, own: list[Reply], share: float, now: float) -> None:
        """Take note of one service's replies, and of the share that it tells; 0: of none."""
        throttled = [reply for reply in own if reply.status == HTTPStatus.TOO_MANY_REQUESTS]
        gate, allowance = self._gates[service], self._allowances[service]
        is_news = sent.at > gate.closed_at
        if share > 0:
            allowance.shown(sent, share, len(throttled), now)
        elif throttled:
            allowance.refused(sent, len(throttled), now)
        elif all(reply.status is not None for reply in own):
            allowance.answered(sent, now)
        if throttled:
            is_partial = len(own) >= 2 * len(throttled)
            gate.close(throttled, now, is_news=is_news, is_partial=is_partial)
        elif is_news and any(reply.status is not None for reply in own):
            gate.step = 0

    def _measure(self, ticket: Ticket, replies: Sequence[Reply], now: float) -> None:
        """Measure how the items ended, and what is believed of the limits."""
        ended = Counter((of, reply.status) for of, reply in zip(ticket.services, replies, strict=True))
        for (service, status), count in ended.items():
            measures.measure(Metric.ITEMS, count, service=service.value, status=status or "none")
        for service in ticket.left:
            if limit := self._allowances[service].limit(now):
                measures.measure(Metric.LIMIT, limit, service=service.value)

    def _wait(self, items: Counter[Service], clock: Clock) -> float:
        now = clock.monotonic()
        waits = [self._allowances[service].wait(count, now) for service, count in items.items()]
        return max(self.closed_for(clock, items), *waits)


def share_of(text: str | None) -> float:
    """Return the share that a header names; 0 where it names none or something else."""
    return float(text) if text and _SHARE.fullmatch(text) else 0.0
