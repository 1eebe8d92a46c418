"""Tables and blobs as Azure storage keeps them, and as memory does."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from dev.azurite import Azurite
from dev.memory.blobs import MemoryBlobs
from dev.memory.table import MemoryTable
from mfa_sync.settings.settings import StorageSettings
from mfa_sync.settings.transports import Transports
from mfa_sync.storage.azure_blobs import AzureBlobs
from mfa_sync.storage.azure_calls import Bounds
from mfa_sync.storage.azure_table import AzureTable
from mfa_sync.storage.table import Blobs, Table
from mfa_sync.telemetry.events import Event
from tests.clocks import FakeClock
from tests.storage.cloud import BLOBS, CLIENT_ID, IDENTITY, Cloud, blob_answer


@pytest.fixture
def clock() -> FakeClock:
    """The storage's time, wound by hand."""
    return FakeClock()


@pytest.fixture
def open_table(clock: FakeClock) -> Iterator[Callable[..., AzureTable]]:
    """Opens tables that are closed after the test, each with a name of its own unless it is told one."""
    opened: list[AzureTable] = []

    def open_one(connection_string: str, *, name: str = "", bounds: Bounds | None = None) -> AzureTable:
        table = AzureTable(
            StorageSettings(connection_string), name or new_name(), clock, bounds=bounds or Bounds()
        )
        opened.append(table)
        return table

    yield open_one
    for table in opened:
        table.close()


@pytest.fixture
def open_blobs(clock: FakeClock) -> Iterator[Callable[..., AzureBlobs]]:
    """Opens containers that are closed after the test, each with a name of its own unless it is told one."""
    opened: list[AzureBlobs] = []

    def open_one(connection_string: str, *, name: str = "", bounds: Bounds | None = None) -> AzureBlobs:
        blobs = AzureBlobs(
            StorageSettings(connection_string), name or new_name(), clock, bounds=bounds or Bounds()
        )
        opened.append(blobs)
        return blobs

    yield open_one
    for blobs in opened:
        blobs.close()


def new_name() -> str:
    """Return a name that no table and no container has."""
    return f"test{uuid.uuid4().hex}"


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the text of each time that the storage was said to have failed."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.__dict__.get("event") == Event.STORAGE_UNAVAILABLE
    ]


@pytest.fixture(params=["azure", "memory"])
def table(request: pytest.FixtureRequest) -> Table:
    """An empty table of each kind."""
    if request.param == "memory":
        return MemoryTable()
    azurite: Azurite = request.getfixturevalue("azurite")
    open_one: Callable[..., AzureTable] = request.getfixturevalue("open_table")
    return open_one(azurite.connection_string)


@pytest.fixture(params=["azure", "memory"])
def blobs(request: pytest.FixtureRequest) -> Blobs:
    """Empty blobs of each kind."""
    if request.param == "memory":
        return MemoryBlobs()
    azurite: Azurite = request.getfixturevalue("azurite")
    open_one: Callable[..., AzureBlobs] = request.getfixturevalue("open_blobs")
    return open_one(azurite.connection_string)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The cloud, and this process's identity in it."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", IDENTITY)
    monkeypatch.setenv("IDENTITY_HEADER", "header")
    return Cloud()


@pytest.fixture
def blobs_as_identity(cloud: Cloud, clock: FakeClock) -> Iterator[AzureBlobs]:
    """The blobs, as a user-assigned identity; there are none yet."""
    cloud.answer = blob_answer(404, "BlobNotFound")
    settings = StorageSettings(None, None, BLOBS, CLIENT_ID)
    blobs = AzureBlobs(settings, "mfa-sync-runs", clock, Transports(azure=cloud.transport))
    yield blobs
    blobs.close()
