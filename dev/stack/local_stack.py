"""The local stack: emulated tenant and storage and the Functions host, wired by standard variables alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import httpx

from dev.azurite import Azurite
from dev.functions_host import FunctionsHost, HostOptions
from dev.tenant import sample
from dev.tenant.server import EmulatedTenant

ROOT = Path(__file__).parents[2]
ARTICLE_BODY = ROOT / "dev" / "events" / "article_powershell_5.json"
# What Windows PowerShell 5.1 sends along with a string body.
ARTICLE_HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.1",
}


def example_settings() -> dict[str, str]:
    """Return the values of local.settings.json.example, which point at the emulated tenant."""
    example = json.loads((ROOT / "local.settings.json.example").read_text("utf-8"))
    return dict(example["Values"])


class LocalStack:
    """Tenant, storage and host, up while the `with` block runs.

    Attributes:
        listeners: Told each answer of every stack's host, for who checks them all.
    """

    listeners: ClassVar[list[Callable[[httpx.Response], None]]] = []

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        port: int = 0,
        storage: Azurite | None = None,
        options: HostOptions | None = None,
    ) -> None:
        """Take settings that go before those of the example; port 0 finds a free one.

        A storage that is given is used as it runs, by an account of its own; otherwise one is started,
        and ends with the stack.
        """
        self._settings = dict(settings or {})
        self._given_storage = storage
        self._port = port
        self._options = options
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as exits:
            self.tenant = exits.enter_context(EmulatedTenant(sample=True))
            self.storage = self._given_storage or exits.enter_context(Azurite())
            # Two apps on one account would take each other's messages.
            self.account = self.storage.another_account()
            self.host = exits.enter_context(
                FunctionsHost(
                    ROOT,
                    environment={
                        **example_settings(),
                        "AzureWebJobsStorage": self.account,
                        **self.tenant.environment(),
                        **self._settings,
                    },
                    port=self._port,
                    options=self._options,
                )
            )
            self._http = exits.enter_context(
                httpx.Client(
                    base_url=self.host.url,
                    trust_env=False,
                    timeout=120,
                    event_hooks={"response": [self._tell]},
                )
            )
            self._exits = exits.pop_all()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exits.close()

    def push_address(self, query: str = "") -> str:
        """Return the push's address with the function key in it, as the article's webhook had."""
        return f"{self.host.url}/api/mfa-sync?code={self.host.key('mfa_sync')}{query and '&' + query}"

    def push(
        self,
        rows: Any,
        query: str = "",
        *,
        handshake: str | None = sample.HANDSHAKE,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a push. `rows` is JSON to be, or bytes sent as they are."""
        content = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
        sent = {"Message": handshake} if handshake is not None else {}
        return self._http.post(self.push_address(query), content=content, headers={**sent, **(headers or {})})

    def explain(self, row: Any) -> httpx.Response:
        """Ask for an explanation of one row."""
        key = self.host.key("explain")
        return self._http.post("/api/explain", json=row, headers={"x-functions-key": key})

    def operate(
        self, function: str, method: str, path: str = "", body: Any = None, *, message: str | None = None
    ) -> httpx.Response:
        """Call an operator's route below `/api/runs` with its function's key, and perhaps a handshake."""
        headers = {"x-functions-key": self.host.key(function)}
        if message is not None:
            headers["Message"] = message
        return self._http.request(method, f"/api/runs{path}", json=body, headers=headers)

    def get(self, path: str) -> httpx.Response:
        """Send a GET to the host."""
        return self._http.get(path)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send anything to the host."""
        return self._http.request(method, path, **options)

    def _tell(self, response: httpx.Response) -> None:
        for listener in self.listeners:
            response.read()
            listener(response)
