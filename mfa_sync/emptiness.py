"""Since when whose attribute has been empty: a row for each, as long as it is (design, sections 2 and 6).

The grace counts from the first sweep that saw the emptiness, and only if no sweep since then saw it filled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa_sync.storage import StorageDownError, Write

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mfa_sync.storage import Row, Table
    from shared.clock import Clock

_PARTITION, _FORMAT = "empty", 1
_MOST = 1000


class EmptySince:
    """A `shared.grace.Emptiness` on the table."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def note(self, empty: Collection[str], filled: Collection[str]) -> Mapping[str, float] | None:
        """Take note of who is empty and who is no longer; return how long in seconds, None if unreadable."""
        try:
            known = await self._rows(empty, filled)
            now = self._clock.now().timestamp()
            first = [Write(one, {"v": _FORMAT, "since": now}) for one in empty if one not in known]
            await self._table.put_many(_PARTITION, first)
            for one in known.keys() & set(filled):
                await self._table.delete(_PARTITION, one)
        except StorageDownError:
            return None
        return {one: now - float(known[one].values["since"]) if one in known else 0.0 for one in empty}

    async def _rows(self, empty: Collection[str], filled: Collection[str]) -> dict[str, Row]:
        """Return the rows of these users. Few users have one, so whoever is filled is looked up in them."""
        ids = sorted({*empty, *filled})
        if not ids:
            return {}
        rows: dict[str, Row] = {}
        first, past = ids[0], ids[-1] + "\x01"
        while found := await self._table.range(_PARTITION, first, past, _MOST):
            rows |= {row.key: row for row in found}
            if len(found) < _MOST:
                break
            first = found[-1].key + "\x01"
        wanted = set(ids)
        return {key: row for key, row in rows.items() if key in wanted}
