"""What was begun on the canary and is not put right yet: noted before the first write."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from mfa_sync.storage.table import LostRaceError, Row, Table, Write

_PARTITION, _BEGUN, _WRITTEN, _FORMAT = "canary", "begun", "written", 1


@dataclass(frozen=True, slots=True)
class Begun:
    """A try under way, or cut off.

    Attributes:
        user: Object id of the account.
        until: When whoever began it is done, or dead; seconds since 1970.
    """

    user: str
    until: float


@dataclass(frozen=True, slots=True)
class Written:
    """A write that the audit log has not shown yet: whose phone, and when, in seconds since 1970."""

    user: str
    at: float


class CanaryJournal:
    """Two rows of the table. Every method may raise StorageDownError."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def begun(self) -> tuple[Begun, str] | None:
        """Return what was begun and is not put right, and the row's version."""
        row = await self._table.get(_PARTITION, _BEGUN)
        begun = _of(Begun, row)
        return (begun, row.etag) if begun and row else None

    async def begin(self, begun: Begun, former: str | None = None) -> str | None:
        """Note what begins and return the row's version; None if another call was faster.

        Args:
            begun: What begins.
            former: The version of the row whose work is taken over; None: nothing was begun.
        """
        try:
            return await self._table.put(_PARTITION, Write(_BEGUN, {"v": _FORMAT, **asdict(begun)}, former))
        except LostRaceError:
            return None

    async def end(self, version: str) -> None:
        """Note that all is right again, unless another call has taken the row over meanwhile."""
        with suppress(LostRaceError):
            await self._table.delete(_PARTITION, _BEGUN, version)

    async def written(self) -> Written | None:
        """Return the write for which the audit log is still looked at."""
        return _of(Written, await self._table.get(_PARTITION, _WRITTEN))

    async def keep_written(self, written: Written | None) -> None:
        """Note for which write to look from now on; None: for none."""
        if written is None:
            await self._table.delete(_PARTITION, _WRITTEN)
        else:
            await self._table.put(_PARTITION, Write(_WRITTEN, {"v": _FORMAT, **asdict(written)}))


def _of[T: (Begun, Written)](kind: type[T], row: Row | None) -> T | None:
    if row is None:
        return None
    values: dict[str, Any] = {name: value for name, value in row.values.items() if name != "v"}
    return kind(**values)
