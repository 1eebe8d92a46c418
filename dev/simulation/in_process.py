"""The transports of a simulated worker: every call meets the emulated tenant without leaving the process."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping
from typing import Any, override
from urllib.parse import urlsplit

import httpx
import requests
import urllib3
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import BaseAdapter, HTTPAdapter

from dev.simulation.virtual_time import VirtualLoop
from dev.tenant import identity_endpoint
from dev.tenant.front import Front
from dev.tenant.loopback import IDENTITY_PATH
from dev.tenant.wire import Call, Reply
from mfa_sync.settings.transports import Transports

IDENTITY_HEADER = "SIMULATED0IDENTITY"
IDENTITY_ENDPOINT = f"http://127.0.0.1{IDENTITY_PATH}"
_READ_SECONDS = 20.0
_BODILESS = 204


class WorkerKilledError(BaseException):
    """A killed worker hears nothing any more; no handler of an exception may run in it."""


class Network:
    """What lies between the workers and the tenant.

    Attributes:
        front: The tenant.
        calls: How many calls to Graph have been answered.
        before_call: Told the number and the line of each call to Graph just before it arrives; it returns
            the seconds by which the call arrives late.
        after_sign_in: Told after each call to the sign-in service, the vault or the managed identity.
    """

    def __init__(self, front: Front, loop: VirtualLoop) -> None:
        self.front = front
        self.loop = loop
        self.calls = 0
        self.before_call: Callable[[int, Line], float] = lambda _number, _line: 0.0
        self.after_sign_in: Callable[[], None] = lambda: None


class Line:
    """One worker's connection; once cut, the worker is as good as dead."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.is_cut = False
        self._never: list[asyncio.Future[None]] = []

    async def check(self) -> None:
        """Return if the worker lives; never if it was killed."""
        if self.is_cut:
            self._never.append(asyncio.get_running_loop().create_future())
            await self._never[-1]


def transports_of(line: Line) -> Transports:
    """Return the transports of the worker on this line."""
    return Transports(_Graph(line), _session(line), lambda: _azure(line))


class _Graph(httpx.AsyncBaseTransport):
    """Carries httpx requests to the tenant. A request under way arrives, even if nobody waits for it."""

    def __init__(self, line: Line) -> None:
        self._line = line

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._line.check()
        under_way = asyncio.ensure_future(self._deliver(_call(request)))
        under_way.add_done_callback(_heard)
        try:
            async with asyncio.timeout(request.extensions["timeout"]["read"]):
                reply = await asyncio.shield(under_way)
        except TimeoutError:
            raise httpx.ReadTimeout("No answer in time.", request=request) from None
        content, content_type = reply.content()
        headers = [*reply.headers.items(), *([("Content-Type", content_type)] if content_type else [])]
        return httpx.Response(int(reply.status), headers=headers, content=content, request=request)

    async def _deliver(self, call: Call) -> Reply:
        network = self._line.network
        network.calls += 1
        late = network.before_call(network.calls, self._line)
        await self._line.check()
        if late:
            await asyncio.sleep(late)
        reply = network.front.answer(call)
        if reply.delay:
            await asyncio.sleep(reply.delay)
        await self._line.check()
        if reply.reset:
            raise httpx.ReadError("The connection was closed.")
        return reply


def _heard(answered: asyncio.Future[Reply]) -> None:
    """Take note of an error that nobody waited for any more."""
    if not answered.cancelled():
        answered.exception()


def _call(request: httpx.Request) -> Call:
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(request.method, request.url.host, path, query, headers, request.content)


class _Adapter(BaseAdapter):
    """Carries the calls of `requests`, which block: MSAL's, and those of the Azure libraries."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    @override
    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Return the tenant's answer, after the time that it takes."""
        if self._line.is_cut:
            raise WorkerKilledError
        patience = (timeout[1] if isinstance(timeout, tuple) else timeout) or _READ_SECONDS
        network = self._line.network
        call = _prepared(request)
        reply = _identity(network.front, call) if call.path == IDENTITY_PATH else network.front.answer(call)
        network.after_sign_in()
        network.loop.spend(min(reply.delay, patience))
        if reply.delay > patience:
            raise requests.ReadTimeout("No answer in time.")
        if reply.reset:
            raise requests.ConnectionError("The connection was closed.")
        return _response(request, reply)

    @override
    def close(self) -> None:
        """Do nothing: there is no connection."""


def _prepared(request: requests.PreparedRequest) -> Call:
    parts = urlsplit(request.url or "")
    body = request.body if isinstance(request.body, (bytes, str)) else b""
    return Call(
        request.method or "GET",
        parts.hostname or "",
        parts.path,
        parts.query,
        {name.lower(): str(value) for name, value in request.headers.items()},
        body.encode() if isinstance(body, str) else body,
    )


def _identity(front: Front, call: Call) -> Reply:
    """Return what the App Service's identity endpoint says, which is no part of the cloud's front."""
    state = front.state
    reply = identity_endpoint.answer(state, call, IDENTITY_HEADER)
    state.log.add(
        {
            "time": state.clock(),
            "host": "identity",
            "method": call.method,
            "path": call.path,
            "query": call.query,
            "status": int(reply.status),
            "caller": reply.caller,
        }
    )
    return reply


def _response(request: requests.PreparedRequest, reply: Reply) -> requests.Response:
    content, content_type = reply.content()
    headers = {**reply.headers, **({"Content-Type": content_type} if content_type else {})}
    if reply.status != _BODILESS:
        headers["Content-Length"] = str(len(content))
    raw = urllib3.HTTPResponse(
        body=io.BytesIO(content), headers=headers, status=int(reply.status), preload_content=False
    )
    return HTTPAdapter().build_response(request, raw)


def _session(line: Line) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(line))
    return session


def _azure(line: Line) -> Any:
    return RequestsTransport(session=_session(line), session_owner=False)
