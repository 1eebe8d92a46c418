"""Each worker's way to the storage that all workers of a run share."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dev.memory.blobs import MemoryBlobs
from dev.memory.table import MemoryTable
from dev.simulation.in_process import Line
from mfa_sync.storage.table import Row, Write


class WayToTable:
    """A `Table` for one worker, which ends with the worker."""

    def __init__(self, table: MemoryTable, line: Line, seen: list[str]) -> None:
        """Take the shared table, the worker's line, and where each row written is kept as text."""
        self._table = table
        self._line = line
        self._seen = seen

    async def get(self, partition: str, key: str) -> Row | None:
        """Return one row, or None."""
        await self._line.check()
        found = await self._table.get(partition, key)
        await self._line.check()
        return found

    async def get_many(self, partition: str, keys: Collection[str]) -> dict[str, Row]:
        """Return the rows that exist, by key."""
        await self._line.check()
        found = await self._table.get_many(partition, keys)
        await self._line.check()
        return found

    async def put(self, partition: str, write: Write) -> str:
        """Write one row and return its new etag."""
        await self._line.check()
        self._seen.append(f"{partition} {write.key} {dict(write.values)}")
        etag = await self._table.put(partition, write)
        await self._line.check()
        return etag

    async def put_many(self, partition: str, writes: Sequence[Write]) -> dict[str, str]:
        """Write the rows and return the new etag of those that were written."""
        await self._line.check()
        self._seen += [f"{partition} {write.key} {dict(write.values)}" for write in writes]
        etags = await self._table.put_many(partition, writes)
        await self._line.check()
        return etags

    async def delete(self, partition: str, key: str, etag: str = "*") -> None:
        """Delete one row."""
        await self._line.check()
        await self._table.delete(partition, key, etag)
        await self._line.check()

    async def range(self, partition: str, first: str, past: str, most: int = 1000) -> list[Row]:
        """Return rows in the order of their keys."""
        await self._line.check()
        found = await self._table.range(partition, first, past, most)
        await self._line.check()
        return found


class WayToBlobs:
    """A `Blobs` for one worker, which ends with the worker."""

    def __init__(self, blobs: MemoryBlobs, line: Line, seen: list[str]) -> None:
        """Take the shared blobs, the worker's line, and where each blob written is kept as text."""
        self._blobs = blobs
        self._line = line
        self._seen = seen

    async def get(self, name: str) -> bytes | None:
        """Return a blob's bytes, or None."""
        await self._line.check()
        found = await self._blobs.get(name)
        await self._line.check()
        return found

    async def put(self, name: str, data: bytes) -> None:
        """Write a blob whole."""
        await self._line.check()
        self._seen.append(f"{name} {data.decode(errors='replace')}")
        await self._blobs.put(name, data)
        await self._line.check()

    async def delete(self, prefix: str) -> None:
        """Delete every blob whose name begins so."""
        await self._line.check()
        await self._blobs.delete(prefix)
        await self._line.check()
