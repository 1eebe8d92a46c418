"""One HTTP call to Graph: the token, the connection, the page that follows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from mfa_sync.graph.faults import GraphFault, Reply, fault_of
from shared.errors import PermanentError, Problem, TransientError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from mfa_sync.credentials.sign_in import AccessToken
    from shared.clock import Deadline

# More connections cost httpcore more CPU and Graph's bucket is one for app and tenant: four in flight
# keep it busy.
_IN_FLIGHT = 4
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_UNAUTHORIZED = 401
_READ_AGAIN = 4


class TokenSource(Protocol):
    """Whatever signs in."""

    def token(
        self, *, rejected: AccessToken | None = None, claims: str | None = None
    ) -> Coroutine[Any, Any, AccessToken]:
        """Return a bearer for Graph; a new one if `rejected` is the one it would give."""
        ...


class GraphClient:
    """Sends requests under `graph_url` with the worker's token; renews it once after a 401."""

    def __init__(
        self, graph_url: str, tokens: TokenSource, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url = graph_url
        self.tokens = tokens
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
            PermanentError, TransientError: As the token source; and transient when it takes too long.
        """
        try:
            return await deadline.bound(self.tokens.token(rejected=rejected, claims=claims))
        except TimeoutError:
            raise TransientError(
                Problem.SIGN_IN_UNAVAILABLE, "Signing in took longer than this call lasts.", retry_after=30
            ) from None

    async def send(self, method: str, path: str, deadline: Deadline, json: Any = None) -> Reply:
        """Return Graph's answer, whatever its status; a missing answer is a Reply too.

        Raises:
            PermanentError: Graph refuses a fresh token, or sign-in is refused.
            TransientError: Sign-in cannot be reached.
        """
        token = await self.token(deadline)
        reply = await self._send(method, path, deadline, json, token)
        if reply.status != _UNAUTHORIZED:
            return reply
        token = await self.token(deadline, rejected=token, claims=reply.claims())
        reply = await self._send(method, path, deadline, json, token)
        if reply.status == _UNAUTHORIZED:
            raise PermanentError(
                Problem.GRAPH_REFUSED,
                f"Graph refuses a fresh token ({reply.reference()}).",
                remedy="Check that TENANT_ID, CLIENT_ID, AUTHORITY_HOST and GRAPH_URL belong to one cloud.",
            )
        return reply

    async def pages(self, path: str, deadline: Deadline) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield each page's `value`.

        Raises:
            GraphFault: Graph answers with another status than 200.
            TransientError, PermanentError: As `send`.
        """
        next_path: str | None = path
        while next_path:
            reply = await self._patient_get(next_path, deadline)
            if reply.status != httpx.codes.OK:
                raise GraphFault(reply)
            if not isinstance(reply.body, dict) or not isinstance(reply.body.get("value"), list):
                raise unreachable(Reply.lost("a page of unknown shape"))
            yield reply.body["value"]
            link = reply.body.get("@odata.nextLink")
            next_path = self._own_path(link) if link else None

    async def _patient_get(self, path: str, deadline: Deadline) -> Reply:
        """Return the answer to a read, repeated as long as Graph asks us to wait and time allows."""
        reply = await self.send("GET", path, deadline)
        for _ in range(_READ_AGAIN):
            if reply.status not in {429, 503} or (reply.retry_after or 1) >= deadline.remaining():
                break
            await deadline.clock.sleep(reply.retry_after or 1)
            reply = await self.send("GET", path, deadline)
        return reply

    def _own_path(self, link: str) -> str:
        """Return a nextLink's path below our Graph URL. Our bearer goes there, so nowhere else will do."""
        if not link.startswith(self._url + "/"):
            raise PermanentError(
                Problem.GRAPH_REFUSED,
                "Graph's next page lies at another address than GRAPH_URL.",
                remedy="Check GRAPH_URL, and what stands between this app and Graph.",
            )
        return link.removeprefix(self._url)

    async def _send(self, method: str, path: str, deadline: Deadline, json: Any, token: AccessToken) -> Reply:
        left, has_turn = deadline.remaining(), False
        if left <= 0:
            return Reply.too_late()
        try:
            async with asyncio.timeout(left), self._turn:
                has_turn = True
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
            return Reply.lost(type(error).__name__) if has_turn else Reply.too_late()
        return Reply.of(response)


def unreachable(reply: Reply) -> TransientError:
    """Return the one clear problem that a dead, failing or throttling Graph is."""
    return TransientError(
        Problem.GRAPH_UNAVAILABLE, f"Microsoft Graph: {fault_of(reply)}.", retry_after=reply.retry_after or 30
    )
