"""Since when whose attribute has been empty: a row for each, as long as it is.

The grace counts from the first sweep that saw the emptiness. It begins anew when a sweep saw the attribute
filled, and when nobody looked for two days: what was then is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa_sync.storage.table import StorageDownError, Write

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mfa_sync.storage.table import Row, Table
    from shared.clock import Clock

_PARTITION, _FORMAT = "empty", 1
_PAGE = 1000
_GAP_SECONDS = 48 * 3600.0


class EmptySince:
    """A `shared.spare.Emptiness` on the table."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def note(self, empty: Collection[str], filled: Collection[str]) -> Mapping[str, float] | None:
        """Take note of whose attribute is empty and whose is no longer.

        Returns:
            For how many seconds each of `empty` has been so; None if the storage fails.
        """
        try:
            known = await self._rows(empty, filled)
            now = self._clock.now().timestamp()
            since = {one: _since(known.get(one), now) for one in empty}
            seen = [Write(one, {"v": _FORMAT, "since": at, "seen": now}) for one, at in since.items()]
            await self._table.put_many(_PARTITION, seen)
            for one in known.keys() & set(filled):
                await self._table.delete(_PARTITION, one)
        except StorageDownError:
            return None
        return {one: now - at for one, at in since.items()}

    async def _rows(self, empty: Collection[str], filled: Collection[str]) -> dict[str, Row]:
        """Return the rows of these users. Few users have one, so whoever is filled is looked up in them."""
        ids = sorted({*empty, *filled})
        if not ids:
            return {}
        rows: dict[str, Row] = {}
        first, past = ids[0], ids[-1] + "\x01"
        while found := await self._table.range(_PARTITION, first, past, _PAGE):
            rows |= {row.key: row for row in found}
            if len(found) < _PAGE:
                break
            first = found[-1].key + "\x01"
        wanted = set(ids)
        return {key: row for key, row in rows.items() if key in wanted}


def _since(row: Row | None, now: float) -> float:
    """Return since when somebody has been empty without a gap in our knowledge."""
    if row is None or now - float(row.values["seen"]) > _GAP_SECONDS:
        return now
    return float(row.values["since"])
