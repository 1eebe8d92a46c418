"""The storage account as the managed identity: no stored key, and a token for the account alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from mfa_sync.settings.settings import StorageSettings
from mfa_sync.settings.transports import Transports
from mfa_sync.storage.azure_calls import Bounds
from mfa_sync.storage.azure_table import AzureTable
from mfa_sync.storage.table import StorageDownError, Write
from tests.clocks import FakeClock
from tests.storage.cloud import CLIENT_ID, Answer, Cloud, table_error

ACCOUNT = "https://contoso.table.core.windows.net"


@pytest.fixture
def cloud(cloud: Cloud) -> Cloud:
    """The cloud, in which there is no row yet."""
    cloud.answer = table_error(404, "ResourceNotFound")
    return cloud


@pytest.fixture
def table(cloud: Cloud, clock: FakeClock) -> Iterator[AzureTable]:
    """The table, as a user-assigned identity."""
    settings = StorageSettings(None, ACCOUNT, client_id=CLIENT_ID)
    table = AzureTable(settings, "mfasync", clock, Transports(azure=cloud.transport))
    yield table
    table.close()


async def test_the_identity_asks_for_a_token_of_the_storage_and_shows_it(
    table: AzureTable, cloud: Cloud
) -> None:
    """One token for all requests, for the identity that the settings name."""
    assert await table.get("p", "a") is None
    assert await table.get("p", "b") is None
    tokens, *reads = cloud.asked
    query = parse_qs(urlsplit(str(tokens.url)).query)
    assert (query["resource"], query["client_id"]) == (["https://storage.azure.com"], [CLIENT_ID])
    assert [str(read.url).startswith(f"{ACCOUNT}/mfasync(") for read in reads] == [True, True]
    assert {read.headers["Authorization"] for read in reads} == {"Bearer token1"}


async def test_a_rejected_token_is_not_shown_again(table: AzureTable, cloud: Cloud, clock: FakeClock) -> None:
    """The identity's library would keep it for a day."""
    cloud.answer = table_error(403, "AuthorizationPermissionMismatch")
    with pytest.raises(StorageDownError, match=r"answered 403 \(AuthorizationPermissionMismatch\)"):
        await table.get("p", "a")
    cloud.answer = table_error(404, "ResourceNotFound")
    clock.advance(Bounds().closed)
    assert await table.get("p", "a") is None
    assert cloud.asked[-1].headers["Authorization"] == "Bearer token3"


async def test_of_an_error_only_what_looks_like_a_code_is_told(table: AzureTable, cloud: Cloud) -> None:
    """The rest of what a server says may quote our address and what stands in it."""
    cloud.answer = table_error(500, f"{ACCOUNT}?sig=secret")
    with pytest.raises(StorageDownError, match=r"^The storage answered 500 \(no code\)\.$"):
        await table.get("p", "a")


async def test_the_second_try_waits_for_nobody(table: AzureTable, cloud: Cloud) -> None:
    """The library would sleep for as long as Retry-After says, and keep one of ten threads so long."""
    told = table_error(503, "ServerBusy")
    cloud.answer = Answer(told.status, told.body, headers={"Retry-After": "3600"})
    with pytest.raises(StorageDownError, match=r"answered 503 \(ServerBusy\)"):
        await table.get("p", "a")
    assert [request.method for request in cloud.asked[1:]] == ["GET", "GET"]


async def test_an_identity_that_does_not_answer_is_a_storage_that_is_down(
    table: AzureTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No token, no storage; the sync goes on without it."""
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1")
    with pytest.raises(StorageDownError):
        await table.get("p", "a")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"<html>sign in</html>"])
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
@pytest.mark.parametrize("status", [200, 302, 500])
@pytest.mark.parametrize("method", ["get", "range", "put"])
async def test_an_answer_that_is_no_storages_is_an_outage(
    table: AzureTable, cloud: Cloud, method: str, status: int, kind: str, body: bytes
) -> None:
    """A firewall's page, a proxy's error: never a crash of the sync, and never a row."""
    cloud.answer = Answer(status, body, kind)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "get": lambda: table.get("p", "a"),
        "range": lambda: table.range("p", "a", "b"),
        "put": lambda: table.put("p", Write("a", {}, None)),
    }
    with pytest.raises(StorageDownError):
        await calls[method]()


class Hiccup(Cloud):
    """A cloud whose identity endpoint fails the first time that it is asked."""

    def __init__(self, first: Answer | Exception) -> None:
        super().__init__()
        self.answer = table_error(404, "ResourceNotFound")
        self._first: Answer | Exception | None = first

    def token(self) -> Answer:
        """Fail once, then answer."""
        first, self._first = self._first, None
        if isinstance(first, Exception):
            raise first
        return first or super().token()


@pytest.mark.usefixtures("cloud")  # the environment of an identity
@pytest.mark.parametrize(
    "first", [requests.ConnectionError("reset"), Answer(500, b""), Answer(400, b'{"error": "later"}')]
)
async def test_a_hiccup_of_the_identity_costs_nobody_the_storage(
    first: Answer | Exception, clock: FakeClock
) -> None:
    """Its token is asked for outside of the request's second try; nothing has left before there is one."""
    cloud, settings = Hiccup(first), StorageSettings(None, ACCOUNT, client_id=CLIENT_ID)
    table = AzureTable(settings, "mfasync", clock, Transports(azure=cloud.transport))
    try:
        assert await table.get("p", "a") is None
        cloud.answer = table_error(404, "ResourceNotFound")
        assert [str(one.url).startswith(ACCOUNT) for one in cloud.asked].count(True) == 1
    finally:
        table.close()
