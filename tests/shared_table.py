"""The table of all workers of one test, which counts its writes and can lose an answer."""

from __future__ import annotations

from collections.abc import Mapping

from dev.memory.table import MemoryTable
from mfa_sync.storage.table import StorageDownError, Value, Write


class SharedTable(MemoryTable):
    """`answers_lost`: so many writes will be done and look as if they were not. `written`: writes so far."""

    def __init__(self) -> None:
        super().__init__()
        self.answers_lost = 0
        self.written = 0

    async def put(self, partition: str, write: Write) -> str:
        """Write one row and return its new etag."""
        etag = await super().put(partition, write)
        self.written += 1
        if self.answers_lost:
            self.answers_lost -= 1
            raise StorageDownError
        return etag

    def only_row(self) -> Mapping[str, Value]:
        """Return the columns of the one row."""
        ((row,),) = (rows.values() for rows in self.rows().values() if rows)
        return row.values
