"""A `Table` in memory for many workers of one test, with outages and lost answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfa_sync.storage import LostRaceError, Row, StorageDownError, Write

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class SharedTable:
    """`is_down`: nobody reaches it. `answers_lost`: so many writes are done and look as if they were not."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self.is_down = False
        self.answers_lost = 0
        self.written = 0

    async def get(self, partition: str, key: str) -> Row | None:
        """Return one row, or None."""
        self._reach()
        return self.rows.get((partition, key))

    async def put(self, partition: str, write: Write) -> str:
        """Write one row and return its new etag; an answer that is to be lost is lost after the writing."""
        self._reach()
        former = self.rows.get((partition, write.key))
        if write.etag not in {"*", former.etag if former else None}:
            raise LostRaceError
        self.written += 1
        self.rows[partition, write.key] = Row(write.key, dict(write.values), str(self.written))
        if self.answers_lost:
            self.answers_lost -= 1
            raise StorageDownError
        return str(self.written)

    async def delete(self, partition: str, key: str, etag: str = "*") -> None:
        """Delete one row, whatever its etag."""
        assert etag == "*"
        self._reach()
        self.rows.pop((partition, key), None)

    async def get_many(self, partition: str, keys: Collection[str]) -> dict[str, Row]:
        """Return the rows that exist, by key."""
        self._reach()
        return {key: row for key in keys if (row := self.rows.get((partition, key)))}

    async def put_many(self, partition: str, writes: Sequence[Write]) -> dict[str, str]:
        """Write the rows one by one."""
        return {write.key: await self.put(partition, write) for write in writes}

    async def range(self, partition: str, first: str, past: str, most: int = 1000) -> list[Row]:
        """Return rows in the order of their keys."""
        self._reach()
        keys = sorted(key for part, key in self.rows if part == partition and first <= key < past)
        return [self.rows[partition, key] for key in keys][:most]

    def _reach(self) -> None:
        if self.is_down:
            raise StorageDownError

    def everything(self) -> Any:
        """Return all that is stored, to be searched for what must not be there."""
        return [row.values for row in self.rows.values()]
