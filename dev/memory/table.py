"""The state of all workers in memory: the table's rules, and faults from a seed, for simulations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from itertools import batched

from dev.memory.faults import FaultyMemory
from mfa_sync.storage.table import LostRaceError, Row, StorageDownError, Value, Write

# Source: "Understanding the Table service data model".
_MOST_TEXT, _MOST_BYTES, _PAST_INT = 32 * 1024, 64 * 1024, 2**63
_NOT_IN_KEYS = frozenset("/\\#?")
_TRANSACTION = 100


class MemoryTable(FaultyMemory):
    """A `Table` in memory. Equal seeds and equal calls meet equal faults."""

    def __init__(self, seed: int = 15, pause: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__(seed, pause)
        self._rows: dict[str, dict[str, Row]] = {}
        self._versions = 0

    async def get(self, partition: str, key: str) -> Row | None:
        """Return one row, or None."""
        return (await self.get_many(partition, (key,))).get(key)

    async def get_many(self, partition: str, keys: Collection[str]) -> dict[str, Row]:
        """Return the rows that exist, by key."""
        await self._reach()
        rows = self._partition(partition)
        found = {key: rows[key] for key in keys if key in rows}
        await self._answer()
        return found

    async def put(self, partition: str, write: Write) -> str:
        """Write one row and return its new etag.

        Raises:
            LostRaceError: The row is not at the version that the write names.
        """
        await self._reach()
        etag = self._put(partition, write)
        await self._answer()
        if etag is None:
            raise LostRaceError
        return etag

    async def put_many(self, partition: str, writes: Sequence[Write]) -> dict[str, str]:
        """Write the rows, at most one for each key, and return the new etag of those that were written."""
        if len({write.key for write in writes}) < len(writes):
            raise ValueError("A key stands twice among the writes.")
        written: dict[str, str] = {}
        for hundred in batched(writes, _TRANSACTION, strict=False):
            await self._reach()
            etags = {write.key: self._put(partition, write) for write in hundred}
            written |= {key: etag for key, etag in etags.items() if etag is not None}
            await self._answer()
        return written

    async def delete(self, partition: str, key: str, etag: str = "*") -> None:
        """Delete one row; it is no error if there is none.

        Raises:
            LostRaceError: The row is not at the version named.
        """
        await self._reach()
        row = self._partition(partition).get(key)
        if row and etag != "*":
            row = self._raced(partition, row)
        lost = row is not None and etag not in {"*", row.etag}
        if not lost:
            self._partition(partition).pop(key, None)
        await self._answer()
        if lost:
            raise LostRaceError

    async def range(self, partition: str, first: str, past: str, most: int = 1000) -> list[Row]:
        """Return at most `most` rows with first <= key < past, in the order of their keys."""
        await self._reach()
        rows = self._partition(partition)
        found = [rows[key] for key in sorted(rows) if first <= key < past][:most]
        await self._answer()
        return found

    def rows(self) -> dict[str, dict[str, Row]]:
        """Return all rows by partition and key, for whoever looks what was kept."""
        return {partition: dict(rows) for partition, rows in self._rows.items()}

    def _partition(self, partition: str) -> dict[str, Row]:
        return self._rows.setdefault(partition, {})

    def _put(self, partition: str, write: Write) -> str | None:
        _check(partition, write)
        row = self._partition(partition).get(write.key)
        if row and write.etag != "*":
            row = self._raced(partition, row)
        if write.etag not in {"*", row.etag if row else None}:
            return None
        return self._keep(partition, write.key, write.values).etag

    def _raced(self, partition: str, row: Row) -> Row:
        """Return the row, perhaps as somebody else wrote it once more a moment ago."""
        if self._random.random() < self.chances.loses_race:
            return self._keep(partition, row.key, row.values)
        return row

    def _keep(self, partition: str, key: str, values: Mapping[str, Value]) -> Row:
        self._versions += 1
        row = Row(key, dict(values), f'W/"{self._versions}"')
        self._partition(partition)[key] = row
        return row


def _check(partition: str, write: Write) -> None:
    """Refuse what the service would refuse, so that a simulation does not pass with it."""
    if any(_NOT_IN_KEYS & set(key) or not key.isprintable() for key in (partition, write.key)):
        raise StorageDownError("A key holds a character that no key may hold.")
    for value in write.values.values():
        if isinstance(value, int) and not -_PAST_INT <= value < _PAST_INT:
            raise StorageDownError("A whole number is wider than 64 bits.")
        most = _MOST_BYTES if isinstance(value, bytes) else _MOST_TEXT
        if isinstance(value, str | bytes) and len(value) > most:
            raise StorageDownError("A column is longer than a column may be.")
