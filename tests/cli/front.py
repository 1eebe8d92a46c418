"""What stands before the app in these tests: a pass-through, twisted to break one thing at a time."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

_NOT_FORWARDED = {
    "host",
    "connection",
    "content-length",
    "accept-encoding",
    "transfer-encoding",
    "date",
    "server",
}


@dataclass
class Asked:
    """A request on its way to the app."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answered:
    """An answer on its way back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def json(cls, status: int, value: Any, **headers: str) -> Answered:
        """Return an answer that is JSON."""
        return cls(status, {"content-type": "application/json", **headers}, json.dumps(value).encode())

    def read(self) -> Any:
        """Return the JSON of the answer."""
        return json.loads(self.body)


type Twist = Callable[[Asked, Callable[[Asked], Answered]], Answered]


@contextmanager
def front(target: str, twist: Twist, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve what `twist` makes of each request, handed the way to the app; yields the address."""
    with httpx.Client(base_url=target, trust_env=False, timeout=60) as http:

        def forward(asked: Asked) -> Answered:
            reply = http.request(asked.method, asked.path, headers=asked.headers, content=asked.body)
            return Answered(reply.status_code, _kept(reply.headers.items()), reply.content)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                answer = twist(Asked(self.command, self.path, _kept(self.headers.items()), body), forward)
                self.send_response_only(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = _answer  # noqa: N815  the library's names

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(10)
            server.server_close()


def _kept(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers if name.lower() not in _NOT_FORWARDED}
