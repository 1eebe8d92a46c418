"""Where the libraries that block do so: never on the event loop, on which every call of a worker runs."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter

from mfa_sync.wires import Wires
from tests.wire.conftest import Bench


class Watching(HTTPAdapter):
    """Carries calls, and notes on which threads, by host."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str | None, set[threading.Thread]] = {}

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Carry one call."""
        host = urlsplit(str(request.url)).hostname
        self.seen.setdefault(host, set()).add(threading.current_thread())
        return super().send(request, *args, **options)


async def test_trap_45_nothing_that_blocks_runs_on_the_event_loop(bench: Bench) -> None:
    """MSAL, Key Vault, the managed identity, tables and blobs: while one waits, everybody else goes on."""
    session, watching = requests.Session(), Watching()
    session.mount("https://", watching)
    session.mount("http://", watching)
    bench.rewire(
        Wires(session=session, azure=lambda: RequestsTransport(session=session, session_owner=False))
    )
    assert (await bench.one(bench.person("+46701740611")))["outcome"] == "created"
    assert set(watching.seen) == {"login.microsoftonline.com", "contoso-mfa.vault.azure.net", "127.0.0.1"}
    assert threading.current_thread() not in set().union(*watching.seen.values())
