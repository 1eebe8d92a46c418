"""The CONNECT proxy: splices emulated hosts to our TLS server and answers 403 for every other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

HTTPS_PORT = 443
LONGEST_HEAD = 16384
# What a client has not taken by then, it does not get.
STOP_SECONDS = 1.0
FORBIDDEN = (
    b"HTTP/1.1 403 Forbidden\r\nx-emulated-tenant: mfa-phone-sync\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Side(asyncio.Protocol):
    """One end of a spliced connection: what it reads, the other writes."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Side | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  a stream protocol gets no other
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand on what came."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        """Our peer is slow: the other end stops reading."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Our peer caught up."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """One end closes, both close; a reset stays a reset."""
        if self.other is not None and self.other.transport is not None:
            if exc is None:
                self.other.transport.close()
            else:
                self.other.transport.abort()


class Client(Side):
    """The client's end: reads the CONNECT, then splices."""

    def __init__(
        self, allows: Callable[[str], bool], target: tuple[str, int], tasks: set[asyncio.Task[None]]
    ) -> None:
        super().__init__()
        self._allows = allows
        self._target = target
        self._tasks = tasks
        self._head = b""
        self._refused = False

    def data_received(self, data: bytes) -> None:
        """The request head first, anything after it belongs to the tunnel."""
        if self.other is not None:
            super().data_received(data)
            return
        if self._refused:
            return
        self._head += data
        head, end, _ = self._head.partition(b"\r\n\r\n")
        if not end and len(self._head) < LONGEST_HEAD:
            return
        assert self.transport is not None  # noqa: S101  data comes after the connection
        parts = head.split(b"\r\n", 1)[0].split(b" ")
        host, _, port = parts[1].decode("latin-1").rpartition(":") if len(parts) > 1 else ("", "", "")
        if parts[0] != b"CONNECT" or port != str(HTTPS_PORT) or not self._allows(host.lower()):
            self._refused = True
            self.transport.write(FORBIDDEN)
            self.transport.close()
            return
        self.transport.pause_reading()
        task = asyncio.get_running_loop().create_task(self._splice())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _splice(self) -> None:
        assert self.transport is not None  # noqa: S101  data comes after the connection
        upstream = Side()
        upstream.other = self
        try:
            await asyncio.get_running_loop().create_connection(lambda: upstream, *self._target)
        except OSError:
            self.transport.abort()
            return
        if self.transport.is_closing() and upstream.transport is not None:
            upstream.transport.close()
            return
        self.other = upstream
        self.transport.write(ESTABLISHED)
        self.transport.resume_reading()


class Proxy:
    """The listener and its connections."""

    def __init__(self, allows: Callable[[str], bool], target: tuple[str, int]) -> None:
        self._allows = allows
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> int:
        """Listen on loopback; 0 takes a free port. Answers the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._client, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the listener and all connections; after STOP_SECONDS also those who read nothing."""
        for task in list(self._tasks):
            task.cancel()
        if self._server is not None:
            self._server.close()
            self._server.close_clients()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await self._server.wait_closed()
            except TimeoutError:
                self._server.abort_clients()
                await self._server.wait_closed()

    def _client(self) -> Client:
        return Client(self._allows, self._target, self._tasks)
