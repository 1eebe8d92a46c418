"""One HTTP call to Graph: the token, the connection, the page that follows."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx

from mfa_sync.graph import call_measures
from mfa_sync.graph.pace import THROTTLED, Pace, Service, Ticket
from mfa_sync.graph.reply import GraphFault, Reply, fault_of
from mfa_sync.telemetry import measures
from shared.errors import PermanentError, Problem, TransientError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mfa_sync.sign_in.token import AccessToken, SignIn
    from shared.clock import Deadline

# Graph's bucket is one for app and tenant, and a share of it is told from four fifths on: what is in flight
# then, eight batches of twenty, still fits into the smallest limit that Microsoft names (3,500 in 10 s).
_IN_FLIGHT = 8
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_UNAUTHORIZED, _FORBIDDEN, _SERVER_FAULT, _UNAVAILABLE = 401, 403, 500, 503
_READ_AGAIN = 4
MOST_TRIES = 30
"""How often a throttled call is sent at most, however much time there is."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a collection.

    Attributes:
        value: Its objects, as Graph sent them; they may hold numbers.
        next_link: Path of the page that follows, below GRAPH_URL; None at the end.
        delta_link: Path of the next round of a delta query, below GRAPH_URL; only its last page has one.
    """

    value: list[dict[str, Any]] = field(repr=False)
    next_link: str | None
    delta_link: str | None


class GraphClient:
    """Sends requests under `graph_url`, with the worker's token and at its pace; a 401 renews it once."""

    def __init__(
        self, graph_url: str, tokens: SignIn, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url = graph_url
        self._host = httpx.URL(graph_url).host
        self.tokens = tokens
        self.pace = Pace()
        self._turn = asyncio.Semaphore(_IN_FLIGHT)
        # The semaphore queues, so the pool never has to: no pool timeout.
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=_IN_FLIGHT),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def token(
        self, deadline: Deadline, *, rejected: AccessToken | None = None, claims: str | None = None
    ) -> AccessToken:
        """Return the worker's token, in time.

        Raises:
            PermanentError, TransientError: As `SignIn`; and transient when it takes too long.
        """
        try:
            return await deadline.bound(self.tokens.token(rejected=rejected, claims=claims))
        except TimeoutError:
            raise TransientError(
                Problem.SIGN_IN_UNAVAILABLE, "Signing in took longer than this call lasts.", retry_after=30
            ) from None

    async def send(
        self, method: str, path: str, deadline: Deadline, json: Any = None, ticket: Ticket | None = None
    ) -> Reply:
        """Return Graph's answer, whatever its status; a missing answer is a Reply too.

        Args:
            method: HTTP method.
            path: Below the version, escaped.
            deadline: By when the answer is needed.
            json: The body.
            ticket: The services that a batch's items go to. What the items' answers say of the pace, only the
                caller can read.

        Raises:
            PermanentError: Graph refuses a fresh token, or sign-in is refused.
            TransientError: Sign-in cannot be reached.
        """
        ticket = ticket or Ticket((Service.of(path),))
        request = (method, path, json)
        token = await self.token(deadline)
        reply = await self._measured(request, ticket, deadline, token)
        if reply.status != _UNAUTHORIZED:
            return reply
        token = await self.token(deadline, rejected=token, claims=reply.claims())
        reply = await self._measured(request, ticket, deadline, token)
        if reply.status == _UNAUTHORIZED:
            raise PermanentError(
                Problem.GRAPH_REFUSED,
                f"Graph refuses a fresh token ({reply.reference()}).",
                remedy="Check that TENANT_ID, CLIENT_ID, AUTHORITY_HOST and GRAPH_URL belong to one cloud.",
            )
        return reply

    async def pages(self, path: str, deadline: Deadline) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield each page's `value`. Errors as `page`."""
        link: str | None = path
        while link:
            page = await self.page(link, deadline)
            yield page.value
            link = page.next_link

    async def page(self, path: str, deadline: Deadline) -> Page:
        """Return one page of a collection, asked for with patience.

        Args:
            path: The collection's path, or a link of an earlier page, perhaps kept as text since then.
            deadline: By when the answer is needed.

        Raises:
            GraphFault: Graph answers with another status than 200.
            PermanentError: `path`, or a link on the page, lies elsewhere than below GRAPH_URL; or as `send`.
            TransientError: The page has an unknown shape; or as `send`.
        """
        reply = await self.patient_get(self.own_path(self._url + path), deadline)
        if reply.status != httpx.codes.OK:
            raise GraphFault(reply)
        body = reply.body if isinstance(reply.body, dict) else {}
        value, links = body.get("value"), [body.get(f"@odata.{name}Link") for name in ("next", "delta")]
        if not (isinstance(value, list) and all(isinstance(one, dict) for one in value)):
            raise unknown_shape()
        if not all(isinstance(link, str | None) for link in links):
            raise unknown_shape()
        return Page(value, *(self.own_path(link) if link else None for link in links))

    @measures.span(measures.Span.GRAPH_READ)
    async def patient_get(self, path: str, deadline: Deadline) -> Reply:
        """Return the answer to a read, repeated as long as Graph asks us to wait and time allows."""
        reply = await self.send("GET", path, deadline)
        unavailable = 0
        for _ in range(MOST_TRIES):
            wait = 0.0  # after a 429 the gate does the waiting
            if reply.status == _UNAVAILABLE and unavailable < _READ_AGAIN:
                unavailable += 1
                wait = reply.retry_after or 1
            elif reply.status != THROTTLED:
                break
            if max(wait, self.pace.closed_for(deadline.clock)) >= deadline.remaining():
                break
            await deadline.clock.sleep(wait)
            reply = await self.send("GET", path, deadline)
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
                remedy="Check GRAPH_URL, and what stands between this app and Graph.",
            )
        return path

    async def _measured(
        self, request: tuple[str, str, Any], ticket: Ticket, deadline: Deadline, token: AccessToken
    ) -> Reply:
        """Send, and tell how that went and how long it took."""
        began = deadline.clock.monotonic()
        reply = await self._send(request, ticket, deadline, token)
        call_measures.tell(self._host, ticket, reply, (began, deadline.clock.monotonic()))
        return reply

    async def _send(
        self, request: tuple[str, str, Any], ticket: Ticket, deadline: Deadline, token: AccessToken
    ) -> Reply:
        method, path, json = request
        left, has_left = deadline.remaining(), False
        if left <= 0:
            return Reply.too_late()
        try:
            async with asyncio.timeout(left), self._turn:
                if not await self.pace.admit(ticket, deadline):
                    return self._held_back(deadline)
                has_left = True
                async with asyncio.timeout(_READ_SECONDS + _CONNECT_SECONDS):
                    response = await self._http.request(
                        method,
                        self._url + path,
                        json=json,
                        headers={"Authorization": f"Bearer {token.value}"},
                    )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            return Reply.not_sent(type(error).__name__)
        except (httpx.RequestError, TimeoutError) as error:
            return Reply.lost(type(error).__name__) if has_left else Reply.too_late()
        reply = Reply.of(response)
        if len(ticket.services) == 1 or reply.status == THROTTLED:
            self.pace.learn(ticket, [reply] * len(ticket.services))
        return reply

    def _held_back(self, deadline: Deadline) -> Reply:
        """Return the reply to a call that Graph's Retry-After forbids, or for which time is too short."""
        closed = self.pace.closed_for(deadline.clock)
        if closed < deadline.remaining():
            return Reply.too_late()
        return Reply(THROTTLED, headers={"retry-after": str(math.ceil(closed))}, was_sent=False)


def unreachable(reply: Reply) -> TransientError:
    """Return the one clear problem that a dead, failing or throttling Graph is."""
    return TransientError(
        Problem.GRAPH_UNAVAILABLE, f"Microsoft Graph: {fault_of(reply)}.", retry_after=reply.retry_after or 30
    )


def unknown_shape() -> TransientError:
    """Return the problem of a success that tells nothing: it must not pass for "nobody"."""
    return unreachable(Reply.lost("a page of unknown shape"))


def refusal(fault: GraphFault, what: str, remedy: str) -> PermanentError | TransientError:
    """Return the one clear problem that a page's fault is.

    Args:
        fault: What Graph answered instead of the page.
        what: What was asked for ("the users").
        remedy: What a person does about a 403: the right that is missing.
    """
    status = fault.reply.status
    if status is None or status == THROTTLED or status >= _SERVER_FAULT:
        return unreachable(fault.reply)
    if status != _FORBIDDEN:
        remedy = "The next sweep begins anew. If this comes again, report it with the request id."
    detail = f"Graph does not let us read {what}: {fault_of(fault.reply)}."
    return PermanentError(Problem.GRAPH_REFUSED, detail, remedy=remedy)
