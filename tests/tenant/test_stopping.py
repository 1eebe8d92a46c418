"""The emulated tenant stops, whatever a client holds open: each stop has a limit, then it closes hard."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from dev.tenant.control_client import TenantControl
from dev.tenant.http_servers import HttpServer, loopback_socket
from dev.tenant.proxy import Proxy
from dev.tenant.server import EmulatedTenant
from dev.tenant.state import GRAPH_HOST

pytestmark = pytest.mark.timeout(60)

CONNECT = f"CONNECT {GRAPH_HOST}:443 HTTP/1.1\r\nHost: {GRAPH_HOST}:443\r\n\r\n".encode()
HEAD = f"POST /v1.0/$batch HTTP/1.1\r\nHost: {GRAPH_HOST}\r\nContent-Length: 100\r\n\r\n".encode()
WHOLE = f"GET /v1.0/users HTTP/1.1\r\nHost: {GRAPH_HOST}\r\n\r\n".encode()
MEGABYTES = 64


@pytest.fixture
def held_open() -> Iterator[ExitStack]:
    """Closes a client's connections only when the test is over, long after the stop."""
    with ExitStack() as exits:
        yield exits


@pytest.mark.parametrize("sent", [b"", HEAD[:40], HEAD, WHOLE], ids=["silence", "head", "body", "answer"])
def test_a_tenant_stops_with_a_connection_through_the_proxy(held_open: ExitStack, sent: bytes) -> None:
    """A client that says nothing, stands in its request, or waits for an answer that takes an hour."""
    with EmulatedTenant() as tenant:
        tenant.control.fault(delay=3600.0)
        raw = held_open.enter_context(socket.create_connection(("127.0.0.1", tenant.proxy_port), timeout=30))
        raw.sendall(CONNECT)
        assert raw.recv(1024).startswith(b"HTTP/1.1 200")
        trusting = ssl.create_default_context(cafile=tenant.environment()["SSL_CERT_FILE"])
        client = held_open.enter_context(trusting.wrap_socket(raw, server_hostname=GRAPH_HOST))
        client.sendall(sent)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", tenant.proxy_port), timeout=30)


@pytest.mark.parametrize("sent", [b"", CONNECT[:20], CONNECT], ids=["silence", "head", "tunnel"])
def test_a_tenant_stops_with_a_bare_connection_to_the_proxy(held_open: ExitStack, sent: bytes) -> None:
    """Also before there is any TLS in the tunnel."""
    with EmulatedTenant() as tenant:
        raw = held_open.enter_context(socket.create_connection(("127.0.0.1", tenant.proxy_port), timeout=30))
        raw.sendall(sent)
        with socket.create_connection(("127.0.0.1", tenant.proxy_port), timeout=30) as later:
            later.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert later.recv(1024).startswith(b"HTTP/1.1 403")  # so the former is taken by now


@pytest.mark.parametrize("sent", [b"", HEAD], ids=["silence", "body"])
def test_a_tenant_stops_with_a_connection_to_its_loopback(held_open: ExitStack, sent: bytes) -> None:
    """The control interface and the identity endpoint are reached without the proxy."""
    with EmulatedTenant() as tenant:
        port = urlsplit(tenant.control_url).port
        raw = held_open.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
        raw.sendall(sent)
        later = TenantControl(tenant.control_url)
        assert later.switches()  # so the former connection is taken by now
        later.close()


class Pours(asyncio.Protocol):
    """A server that sends at once more than any socket takes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send it."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(bytes(MEGABYTES << 20))


async def test_a_proxy_stops_with_a_client_that_does_not_take_its_answer() -> None:
    """What waits to be sent would keep the connection for as long as the client lives."""
    target = await asyncio.get_running_loop().create_server(Pours, "127.0.0.1", 0)
    proxy = Proxy(lambda _: True, target.sockets[0].getsockname())
    _, writer = await asyncio.open_connection("127.0.0.1", await proxy.start(0), limit=1)
    writer.write(CONNECT)
    assert proxy._server is not None
    clients = proxy._server._clients  # type: ignore[attr-defined]
    while not any(client.get_write_buffer_size() for client in clients):  # noqa: ASYNC110  there is no event
        await asyncio.sleep(0)
    await proxy.stop()
    writer.transport.abort()
    target.close()
    target.abort_clients()


async def test_a_server_stops_with_an_application_that_heeds_no_cancelling() -> None:
    """It is cancelled once and not waited for; the client's connection is closed all the same."""
    entered, may_end = asyncio.Event(), asyncio.Event()

    async def deaf(_scope: object, _receive: object, _send: object) -> None:
        entered.set()
        while not may_end.is_set():
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                continue

    server = HttpServer(deaf, loopback_socket())
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(WHOLE)
        await entered.wait()
        await server.stop()
        assert await reader.read() == b""
    finally:
        may_end.set()
        writer.close()
