"""uvicorn as it is needed here: in our own loop, on given sockets, able to drop a connection."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dev.tenant.front import ABORT

BACKLOG = 512
READY_POLL_SECONDS = 0.001
# What a request in the middle may take once it is told to stop; then what uvicorn may take to end it.
GRACE_SECONDS, STOP_SECONDS = 1, 5.0


class AbortableProtocol(HttpToolsProtocol):
    """Lets the application close a connection without an answer."""

    def on_message_begin(self) -> None:
        """Put the way to abort into the scope of each request."""
        super().on_message_begin()
        cast("dict[str, object]", self.scope)[ABORT] = self._abort

    def _abort(self) -> None:
        # uvicorn learns of the loss one turn of the loop later and must not answer 500 meanwhile.
        if self.cycle is not None:
            self.cycle.disconnected = True
        self.transport.abort()


def loopback_socket(port: int = 0) -> socket.socket:
    """A listening socket on 127.0.0.1; 0 takes a free port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Named as TCP, or asyncio leaves Nagle's algorithm on and every answer waits 40 ms.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(BACKLOG)
    listener.setblocking(False)  # noqa: FBT003  the standard library's signature
    return listener


class HttpServer:
    """One application on one socket."""

    def __init__(
        self, app: Any, listener: socket.socket, chain: Path | None = None, key: Path | None = None
    ) -> None:
        self._listener = listener
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=AbortableProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_keep_alive=600,
                timeout_graceful_shutdown=GRACE_SECONDS,
                ssl_certfile=None if chain is None else str(chain),
                ssl_keyfile=None if key is None else str(key),
            )
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    async def start(self) -> None:
        """Serve; returns once connections are taken."""
        self._task = asyncio.get_running_loop().create_task(self._server.serve(sockets=[self._listener]))
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(READY_POLL_SECONDS)

    async def stop(self) -> None:
        """Stop: within GRACE_SECONDS what is in the middle may end, then connections are closed hard.

        Raises:
            RuntimeError: uvicorn itself did not end within STOP_SECONDS.
        """
        self._server.should_exit = True
        try:
            if self._task is not None:
                async with asyncio.timeout(GRACE_SECONDS + STOP_SECONDS):
                    await self._task
        except TimeoutError:
            raise RuntimeError(f"The server on port {self.port} did not stop in time.") from None
        finally:
            for server in self._server.servers:
                server.abort_clients()
                await server.wait_closed()
            self._listener.close()
