"""What was begun on the canary and is not put right yet: noted before the first write."""

from __future__ import annotations

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

    async def begun(self) -> Begun | None:
        """Return what was begun and is not put right."""
        return _of(Begun, await self._table.get(_PARTITION, _BEGUN))

    async def begin(self, begun: Begun) -> bool:
        """Note what begins, and return True; False if something else is begun already."""
        try:
            await self._table.put(_PARTITION, Write(_BEGUN, {"v": _FORMAT, **asdict(begun)}, None))
        except LostRaceError:
            return False
        return True

    async def end(self) -> None:
        """Note that all is right again."""
        await self._table.delete(_PARTITION, _BEGUN)

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
