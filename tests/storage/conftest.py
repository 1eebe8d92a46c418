"""The table as Azure storage keeps it, and as memory does."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from dev.memory_table import MemoryTable
from mfa_sync.azure_table import AzureTable
from mfa_sync.settings import StorageSettings
from mfa_sync.storage_calls import Bounds
from tests.clocks import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dev.azurite import Azurite
    from mfa_sync.storage import Table


@pytest.fixture
def clock() -> FakeClock:
    """The table's time, wound by hand."""
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


def new_name() -> str:
    """Return a table's name that nobody has."""
    return f"test{uuid.uuid4().hex}"


@pytest.fixture(params=["azure", "memory"])
def table(request: pytest.FixtureRequest) -> Table:
    """An empty table of each kind."""
    if request.param == "memory":
        return MemoryTable()
    azurite: Azurite = request.getfixturevalue("azurite")
    open_one: Callable[..., AzureTable] = request.getfixturevalue("open_table")
    return open_one(azurite.connection_string)
