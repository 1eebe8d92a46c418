"""Where the libraries that block do so: never on the event loop, on which every call of a worker runs."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter

from dev.demo.sign_in_modes import MODES
from mfa_sync.settings.transports import Transports
from tests.wire.bench import Bench


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


@pytest.mark.parametrize("mode", MODES)
async def test_trap_45_nothing_that_blocks_runs_on_the_event_loop(bench: Bench, mode: str) -> None:
    """MSAL, Key Vault, the managed identity, tables and blobs: while one waits, everybody else goes on."""
    session, watching = requests.Session(), Watching()
    session.mount("https://", watching)
    session.mount("http://", watching)
    transports = Transports(
        session=session, azure=lambda: RequestsTransport(session=session, session_owner=False)
    )
    bench.rewire(transports, **MODES[mode])
    assert (await bench.one(bench.person("+46701740611")))["outcome"] == "created"
    assert {"contoso-mfa.vault.azure.net", "127.0.0.1"} <= set(watching.seen)
    assert ("login.microsoftonline.com" in watching.seen) is (mode != "managed-identity")
    assert threading.current_thread() not in set().union(*watching.seen.values())
