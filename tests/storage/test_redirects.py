"""A storage that redirects is a storage that is down: bearer, signature and rows go nowhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from mfa_sync.settings.settings import StorageSettings
from mfa_sync.settings.transports import Transports
from mfa_sync.storage.azure_blobs import AzureBlobs
from mfa_sync.storage.azure_table import AzureTable
from mfa_sync.storage.table import StorageDownError, Write
from tests.clocks import FakeClock
from tests.storage.cloud import BLOBS, CLIENT_ID, Answer, Cloud

TABLES = "https://contoso.table.core.windows.net"
IDENTITY = StorageSettings(None, TABLES, BLOBS, CLIENT_ID)
KEYED = StorageSettings(
    "DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=a2V5;EndpointSuffix=core.windows.net"
)
TABLE_CALLS: list[Callable[[AzureTable], Awaitable[object]]] = [
    lambda table: table.get("p", "k"),
    lambda table: table.put("p", Write("k", {"a": 1}, None)),
    lambda table: table.range("p", "a", "b"),
]
BLOB_CALLS: list[Callable[[AzureBlobs], Awaitable[object]]] = [
    lambda blobs: blobs.get("name"),
    lambda blobs: blobs.put("name", b"page"),
]


@pytest.fixture
def moved(cloud: Cloud, request: pytest.FixtureRequest) -> Cloud:
    """The account says that it has moved."""
    cloud.answer = Answer(request.param, b"", headers={"Location": "https://elsewhere.example.com/taken"})
    return cloud


def hosts(cloud: Cloud) -> set[str]:
    """Return who was asked."""
    return {str(one.url).split("/")[2] for one in cloud.asked}


@pytest.mark.parametrize("moved", [302, 307], indirect=True)
@pytest.mark.parametrize("settings", [IDENTITY, KEYED])
@pytest.mark.parametrize("call", TABLE_CALLS, ids=["get", "put", "range"])
async def test_a_table_follows_no_redirect(
    moved: Cloud, clock: FakeClock, settings: StorageSettings, call: Callable[[AzureTable], Awaitable[object]]
) -> None:
    """Nobody else is asked."""
    table = AzureTable(settings, "mfasync", clock, Transports(azure=moved.transport))
    with pytest.raises(StorageDownError):
        await call(table)
    table.close()
    assert "elsewhere.example.com" not in hosts(moved)


@pytest.mark.parametrize("moved", [302, 307], indirect=True)
@pytest.mark.parametrize("settings", [IDENTITY, KEYED])
@pytest.mark.parametrize("call", BLOB_CALLS, ids=["get", "put"])
async def test_blobs_follow_no_redirect(
    moved: Cloud, clock: FakeClock, settings: StorageSettings, call: Callable[[AzureBlobs], Awaitable[object]]
) -> None:
    """Nobody else is asked."""
    blobs = AzureBlobs(settings, "mfasync", clock, Transports(azure=moved.transport))
    with pytest.raises(StorageDownError):
        await call(blobs)
    blobs.close()
    assert "elsewhere.example.com" not in hosts(moved)
