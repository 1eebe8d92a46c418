"""One HTTP call to Graph: the token, the pace, the connection, the page that follows."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import httpx

from mfa_sync.graph.pace import Pace, Service, Ticket
from mfa_sync.graph.reply import GraphFault, Reply, unknown_shape
from mfa_sync.sign_in.token import AccessToken, SignIn
from mfa_sync.telemetry import measures
from mfa_sync.telemetry.measures import Metric
from shared.clock import Deadline
from shared.errors import PermanentError, Problem, TransientError

# Graph's bucket is one for app and tenant, and a share of it is shown from four fifths on: what is in flight
# then, eight batches of twenty of each kind, still fits into the smallest limit that Microsoft names (3,500
# in 10 s).
_IN_FLIGHT = 8
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_READ_AGAIN = 4


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of Graph, alone or as an item of a batch.

    Attributes:
        method: HTTP method.
        path: Below the version, escaped.
        body: JSON. It may hold a number.
    """

    method: str
    path: str
    body: dict[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Page[T]:
    """One page of a collection. A link is opaque and followed as it is (Graph's "Paging" page).

    Attributes:
        value: What it lists; perhaps nothing, though pages follow. It may hold numbers.
        next_link: Path of the page that follows, below GRAPH_URL; None at the end.
        delta_link: Path of the next round of a delta query, below GRAPH_URL; only its last page has one.
    """

    value: list[T] = field(repr=False)
    next_link: str | None
    delta_link: str | None = None


class GraphClient:
    """Sends requests under `graph_url`, with the worker's token and at its pace; a 401 renews it once."""

    def __init__(
        self, graph_url: str, tokens: SignIn, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url = graph_url
        self._host = httpx.URL(graph_url).host
        self.tokens = tokens
        self.pace = Pace()
        # Calls of one kind queue; those that a service keeps waiting hold up none of another.
        self._turns: defaultdict[frozenset[Service], asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(_IN_FLIGHT)
        )
        # The semaphores queue, so the pool never has to: no pool timeout.
        self._http = httpx.AsyncClient(
            transport=transport,
            follow_redirects=False,  # the bearer is for GRAPH_URL alone
            timeout=httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=_IN_FLIGHT),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def token(
        self, deadline: Deadline, *, rejected: AccessToken | None = None, claims: str | None = None
    ) -> AccessToken:
        """Return the worker's token; instead of a rejected one a new one, for the claims of the 401.

        A sign-in, or a vault, that fails for a while is waited out.

        Raises:
            PermanentError: Sign-in is refused.
            TransientError: Sign-in cannot be reached, or takes longer than this call lasts.
        """
        try:
            return await deadline.waiting_out(lambda: self.tokens.token(rejected=rejected, claims=claims))
        except TimeoutError:
            raise TransientError(
                Problem.SIGN_IN_UNAVAILABLE, "Signing in took longer than this call lasts.", retry_after=30
            ) from None

    async def send(self, request: Request, deadline: Deadline, ticket: Ticket | None = None) -> Reply:
        """Return Graph's answer, whatever its status; a missing answer is a Reply too.

        Args:
            request: What is asked.
            deadline: By when the answer is needed.
            ticket: The services that a batch's items go to. What the items' answers say of the pace, only the
                caller can read.

        Raises:
            PermanentError: Graph refuses a fresh token, or sign-in is refused.
            TransientError: Sign-in cannot be reached.
        """
        ticket = ticket or Ticket((Service.of(request.path),))
        token = await self.token(deadline)
        reply = await self._measured(request, ticket, deadline, token)
        if reply.status == HTTPStatus.UNAUTHORIZED:
            token = await self.token(deadline, rejected=token, claims=reply.claims())
            reply = await self._measured(request, ticket, deadline, token)
        if reply.status == HTTPStatus.UNAUTHORIZED:
            raise PermanentError(
                Problem.GRAPH_REFUSED,
                f"Graph refuses a fresh token ({reply.reference()}).",
                remedy="Check that TENANT_ID, CLIENT_ID, AUTHORITY_HOST and GRAPH_URL belong to one cloud "
                f"(Graph is asked at {self._url}).",
            )
        return reply

    async def pages(self, path: str, deadline: Deadline) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield the objects of each page of a collection, to the last page.

        Raises:
            GraphFault, PermanentError, TransientError: A page could not be had; see `page`.
        """
        link: str | None = path
        while link:
            page = await self.page(link, deadline)
            yield page.value
            link = page.next_link

    async def page(self, path: str, deadline: Deadline) -> Page[dict[str, Any]]:
        """Return one page of a collection, asked for with patience.

        Args:
            path: The collection's path, or a link of an earlier page, perhaps kept as text since then.
            deadline: By when the answer is needed.

        Raises:
            GraphFault: Graph answers with another status than 200.
            PermanentError: `path`, or a link on the page, lies elsewhere than below GRAPH_URL; sign-in, or a
                fresh token, is refused.
            TransientError: The page has an unknown shape, or sign-in cannot be reached.
        """
        reply = await self._read(Request("GET", self.own_path(self._url + path)), deadline)
        if reply.status != HTTPStatus.OK:
            raise GraphFault(reply)
        value = reply.objects()
        if value is None:
            raise unknown_shape()
        links = [reply.body.get(f"@odata.{name}Link") for name in ("next", "delta")]
        if not all(isinstance(link, str | None) for link in links):
            raise unknown_shape()
        return Page(value, *(self.own_path(link) if link else None for link in links))

    @measures.span(measures.Span.GRAPH_READ)
    async def _read(self, request: Request, deadline: Deadline) -> Reply:
        """Return the answer to a read, repeated as long as Graph asks us to wait and time allows."""
        reply = await self.send(request, deadline)
        unavailable = 0
        while True:
            wait = 0.0  # after a 429 the gate does the waiting
            if reply.status == HTTPStatus.SERVICE_UNAVAILABLE and unavailable < _READ_AGAIN:
                unavailable += 1
                wait = reply.retry_after or 1
            elif reply.status != HTTPStatus.TOO_MANY_REQUESTS:
                break
            closed = self.pace.closed_for(deadline.clock, [Service.of(request.path)])
            if max(wait, closed) >= deadline.remaining():
                break
            await deadline.clock.sleep(wait)
            reply = await self.send(request, deadline)
        return reply

    def own_path(self, link: str) -> str:
        """Return a link's path below our Graph URL. Our bearer goes there, so nowhere else will do.

        Raises:
            PermanentError: It leads elsewhere, be it by `..`.
        """
        path = link.removeprefix(self._url)
        steps = unquote(path.partition("?")[0]).split("/")
        if not link.startswith(self._url + "/") or not {".", ".."}.isdisjoint(steps):
            raise PermanentError(
                Problem.GRAPH_REFUSED,
                "Graph's next page lies at another address than GRAPH_URL.",
                remedy="Check GRAPH_URL, and what stands between this app and Graph "
                f"(it is asked at {self._url}).",
            )
        return path

    async def _measured(
        self, request: Request, ticket: Ticket, deadline: Deadline, token: AccessToken
    ) -> Reply:
        """Send, and measure how long the call was held back and took, and how it ended."""
        began = deadline.clock.monotonic()
        reply = await self._send(request, ticket, deadline, token)
        ended = deadline.clock.monotonic()
        left = max((sent.at for sent in ticket.left.values()), default=-math.inf)
        has_left = left >= began  # the ticket may still have the time of a first try
        wait = (left if has_left else ended) - began
        service = ticket.services[0].value if len(ticket.services) == 1 else "batch"
        measures.measure(Metric.WAIT, wait, service=service)
        if has_left:
            measures.measure(Metric.CALLS, ended - left, service=service, status=reply.status or "none")
        failed = reply.status is None or reply.status >= HTTPStatus.BAD_REQUEST
        error = (str(reply.status) if reply.status else reply.lack) if failed else None
        measures.note(host=self._host, service=service, status=reply.status, wait=round(wait, 3), error=error)
        return reply

    async def _send(self, request: Request, ticket: Ticket, deadline: Deadline, token: AccessToken) -> Reply:
        left, has_left = deadline.remaining(), False
        if left <= 0:
            return Reply.too_late()
        try:
            async with asyncio.timeout(left), self._turns[ticket.kind]:
                if not await self.pace.admit(ticket, deadline):
                    return self._held_back(ticket, deadline)
                has_left = True
                async with asyncio.timeout(_READ_SECONDS + _CONNECT_SECONDS):
                    response = await self._http.request(
                        request.method,
                        self._url + request.path,
                        json=request.body,
                        headers={"Authorization": f"Bearer {token.value}"},
                    )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            return Reply.not_sent(type(error).__name__)
        except (httpx.RequestError, TimeoutError) as error:
            return Reply.lost(type(error).__name__) if has_left else Reply.too_late()
        reply = Reply.of(response)
        if len(ticket.services) == 1 or reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            self.pace.learn(ticket, [reply] * len(ticket.services))
        return reply

    def _held_back(self, ticket: Ticket, deadline: Deadline) -> Reply:
        """Return the reply to a call that Graph's Retry-After forbids, or for which time is too short."""
        closed = self.pace.closed_for(deadline.clock, ticket.kind)
        if closed < deadline.remaining():
            return Reply.too_late()
        asked = {"retry-after": str(math.ceil(closed))}
        return Reply(HTTPStatus.TOO_MANY_REQUESTS.value, headers=asked, was_sent=False)
