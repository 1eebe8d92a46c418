"""A wire on which a test changes what Graph says, for what the emulated tenant never says by itself."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from typing import Any

import httpx

from mfa_sync.settings.transports import Transports
from tests.wire.bench import Bench


class Twisting(httpx.AsyncBaseTransport):
    """The real wire; `twist`, once set, changes the body of each answer that is not a batch's."""

    def __init__(self) -> None:
        trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
        self._inner = httpx.AsyncHTTPTransport(verify=trust, proxy=os.environ["HTTPS_PROXY"])
        self.twist: Callable[[dict[str, Any]], None] | None = None
        self.asked: list[httpx.URL] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request, and its answer back."""
        self.asked.append(request.url)
        answer = await self._inner.handle_async_request(request)
        content = await answer.aread()
        await answer.aclose()
        if self.twist is None or request.method != "GET":
            return httpx.Response(answer.status_code, headers=answer.headers, content=content)
        twisted = httpx.Response(answer.status_code, content=content)
        body = twisted.json()
        self.twist(body)
        return httpx.Response(answer.status_code, json=body)

    async def aclose(self) -> None:
        """Close the wire."""
        await self._inner.aclose()


def twisting(bench: Bench, **settings: str) -> Twisting:
    """Let the bench's worker be one whose calls to Graph go over a wire that twists, and return the wire."""
    wire = Twisting()
    bench.rewire(Transports(graph=wire), **settings)
    return wire
