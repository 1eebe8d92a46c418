"""The state of all workers: one table, and the few things that may be done with it.

Everything kept here is a help, never the truth: the truth is the tenant. So every caller knows what it does
when the storage is down (StorageDownError) and when somebody else was first (LostRaceError).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from shared.clock import Clock, Deadline

Value = str | int | float | bool | bytes
"""What a column may hold. Text of at most 32,000 characters, bytes of at most 64 KiB, integers of 64 bits."""

_MOST_RACES = 12
_LONGEST_PAUSE_SECONDS = 0.1


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


async def change(
    table: Table,
    partition: str,
    key: str,
    make: Callable[[Row | None], Mapping[str, Value] | None],
    clock: Clock,
    deadline: Deadline | None = None,
) -> Row | None:
    """Change a row as it stands at that moment, and return it as it is then; None if there is none.

    Where somebody else wrote in between, it is read and changed again, after a short pause of random length.

    Args:
        table: Holds the row.
        partition: Where in it.
        key: The row's key.
        make: Returns all columns that the row is to have, given the row as it is, or None where there is
            none. None leaves it alone. It is called once for each try.
        clock: Lets the pauses pass.
        deadline: Until when it is tried; without one, twelve times.

    Raises:
        StorageDownError: The row may be changed or not.
        LostRaceError: Others were faster each time; it is not changed.
    """
    for tries in count():
        if deadline.remaining() <= 0 if deadline else tries >= _MOST_RACES:
            break
        row = await table.get(partition, key)
        values = make(row)
        if values is None:
            return row
        try:
            etag = await table.put(partition, Write(key, values, row.etag if row else None))
        except LostRaceError:
            await clock.sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS))  # noqa: S311  spreads load
        else:
            return Row(key, values, etag)
    raise LostRaceError
