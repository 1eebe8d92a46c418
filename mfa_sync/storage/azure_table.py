"""The state of all workers in a table of Azure storage: bounded in time, and left alone after a failure."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from itertools import batched
from typing import TYPE_CHECKING

from mfa_sync.settings.transports import OWN, Transports
from mfa_sync.storage import table_requests
from mfa_sync.storage.azure_calls import BOUNDS, Bounds, Place, StorageCalls, client_options
from mfa_sync.storage.table import LostRaceError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from azure.data.tables import TableClient

    from mfa_sync.settings.settings import StorageSettings
    from mfa_sync.storage.table import Row, Write
    from shared.clock import Clock

# Most rows of a transaction. Source: "Performing entity group transactions" in the Table service's reference.
_TRANSACTION = 100
# Fewer keys in a page of the service's are read faster one by one: measured by the CPU that both take here.
_DENSE = 15


class AzureTable:
    """A `Table` on Azure storage. If there is no table of this name, the first call makes it."""

    def __init__(
        self,
        settings: StorageSettings,
        name: str,
        clock: Clock,
        transports: Transports = OWN,
        bounds: Bounds = BOUNDS,
    ) -> None:
        place = Place(
            lambda: _client(settings, name, transports, bounds),
            table_requests.is_table_missing,
            table_requests.make_table,
        )
        self._calls = StorageCalls(place, clock, bounds)

    def close(self) -> None:
        """Let go of connections and threads. What is under way ends unseen."""
        self._calls.close()

    async def get(self, partition: str, key: str) -> Row | None:
        """Return one row, or None."""
        return await self._find(partition, key)

    async def get_many(self, partition: str, keys: Collection[str]) -> dict[str, Row]:
        """Return the rows that exist, by key.

        A page of a thousand neighbours costs about as much as fifteen rows by their keys. So many keys are
        sought in a range for as long as they lie dense enough in it: the first page tells.
        """
        left = sorted(keys)
        found: dict[str, Row] = {}
        while len(left) >= _DENSE:
            rows = await self.range(partition, left[0], left[-1] + "\x01", table_requests.PAGE)
            passed = bisect_right(left, rows[-1].key) if len(rows) == table_requests.PAGE else len(left)
            wanted = set(left[:passed])
            found |= {row.key: row for row in rows if row.key in wanted}
            left = left[passed:]
            if passed < _DENSE:
                break
        rows_alone = await asyncio.gather(*(self._find(partition, key) for key in left))
        return found | {row.key: row for row in rows_alone if row}

    async def _find(self, partition: str, key: str) -> Row | None:
        return await self._calls.ask(
            lambda table: table_requests.find(table, partition, key), repeatable=True
        )

    async def put(self, partition: str, write: Write) -> str:
        """Write one row and return its new etag.

        Raises:
            LostRaceError: The row is not at the version that the write names.
        """
        etag = await self._put_one(partition, write)
        if etag is None:
            raise LostRaceError
        return etag

    async def put_many(self, partition: str, writes: Sequence[Write]) -> dict[str, str]:
        """Write the rows, at most one for each key, and return the new etag of those that were written.

        A hundred go in one transaction, all or none: where one is not at its version, each goes alone.
        """
        hundreds = batched(writes, _TRANSACTION, strict=False)
        written = await asyncio.gather(*(self._put_all(partition, hundred) for hundred in hundreds))
        return {key: etag for etags in written for key, etag in etags.items()}

    async def delete(self, partition: str, key: str, etag: str = "*") -> None:
        """Delete one row; it is no error if there is none.

        Raises:
            LostRaceError: The row is not at the version named.
        """
        if not await self._calls.ask(
            lambda table: table_requests.remove(table, partition, key, etag), repeatable=etag == "*"
        ):
            raise LostRaceError

    async def range(self, partition: str, first: str, past: str, most: int = 1000) -> list[Row]:
        """Return at most `most` rows with first <= key < past, in the order of their keys."""
        return await self._calls.ask(
            lambda table: table_requests.find_range(table, partition, first, past, most), repeatable=True
        )

    async def _put_one(self, partition: str, write: Write) -> str | None:
        return await self._calls.ask(
            lambda table: table_requests.write_one(table, partition, write), repeatable=write.etag == "*"
        )

    async def _put_all(self, partition: str, writes: Sequence[Write]) -> dict[str, str]:
        together = await self._calls.ask(
            lambda table: table_requests.write_all(table, partition, writes),
            repeatable=all(write.etag == "*" for write in writes),
        )
        if together is not None:
            return together
        etags = await asyncio.gather(*(self._put_one(partition, write) for write in writes))
        return {write.key: etag for write, etag in zip(writes, etags, strict=True) if etag is not None}


def _client(settings: StorageSettings, name: str, transports: Transports, bounds: Bounds) -> TableClient:
    """Return a client of the table, by connection string or as the managed identity."""
    from azure.data.tables import TableClient  # noqa: PLC0415  200 ms of imports that a health probe spares

    options = client_options(settings, transports, bounds)
    if settings.connection_string is not None:
        return TableClient.from_connection_string(settings.connection_string, name, **options)
    return TableClient(str(settings.table_url), name, **options)
