"""The state of all workers: one table, and the few things that may be done with it.

Everything kept here is a help, never the truth: the truth is the tenant. So every caller knows what it does
when the storage is down (StorageDownError) and when somebody else was first (LostRaceError).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

Value = str | int | float | bool | bytes
"""What a column may hold. Text of at most 32,000 characters, bytes of at most 64 KiB, integers of 64 bits."""


class StorageDownError(Exception):
    """The storage cannot be reached, is too slow, or refuses us. Its text names no secret."""


class LostRaceError(Exception):
    """Somebody else wrote the row first."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was read.

    Attributes:
        key: The row's key within its partition.
        values: Its columns.
        etag: Which version of the row this is.
    """

    key: str
    values: Mapping[str, Value]
    etag: str


@dataclass(frozen=True, slots=True)
class Write:
    """One row to be written whole.

    Attributes:
        key: The row's key within its partition.
        values: All its columns.
        etag: The version that it replaces; None if there must be no such row yet; "*" whatever there is.
    """

    key: str
    values: Mapping[str, Value]
    etag: str | None = "*"


class Blobs(Protocol):
    """Named pieces of bytes. Every method may raise StorageDownError."""

    async def get(self, name: str) -> bytes | None:
        """Return a blob's bytes, or None."""
        ...

    async def put(self, name: str, data: bytes) -> None:
        """Write a blob whole, over whatever there was."""
        ...

    async def delete(self, prefix: str) -> None:
        """Delete every blob whose name begins so."""
        ...


class Table(Protocol):
    """A table of rows, each found by partition and key. Every method may raise StorageDownError."""

    async def get(self, partition: str, key: str) -> Row | None:
        """Return one row, or None."""
        ...

    async def get_many(self, partition: str, keys: Collection[str]) -> dict[str, Row]:
        """Return the rows that exist, by key."""
        ...

    async def put(self, partition: str, write: Write) -> str:
        """Write one row and return its new etag.

        Raises:
            LostRaceError: The row is not at the version that the write names.
        """
        ...

    async def put_many(self, partition: str, writes: Sequence[Write]) -> dict[str, str]:
        """Write the rows, at most one for each key, and return the new etag of those that were written.

        A row that is not at the version named is left out and keeps nobody else from being written.
        """
        ...

    async def delete(self, partition: str, key: str, etag: str = "*") -> None:
        """Delete one row; it is no error if there is none.

        Raises:
            LostRaceError: The row is not at the version named.
        """
        ...

    async def range(self, partition: str, first: str, past: str, most: int = 1000) -> list[Row]:
        """Return at most `most` rows with first <= key < past, in the order of their keys."""
        ...
