"""The facts of a tenant: one row, a column for each, read once in some minutes where there is a canary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mfa_sync.storage.table import LostRaceError, Row, StorageDownError, Table, Value, change
from shared.clock import Clock
from shared.facts import KEEP_SECONDS, Facts

_PARTITION, _FORMAT = "facts", 1
_KEEP_SECONDS = 300.0
_AFTER_FAILURE_SECONDS = 30.0


class KnownFacts:
    """A `shared.facts.FactSource` on the table. Facts are a help: what cannot be read is not known."""

    def __init__(self, table: Table, tenant: str, clock: Clock, *, is_used: bool) -> None:
        """Take the tenant's name as a key; without `is_used` nothing is read or known."""
        self._table = table
        self._key = (tenant or "own").casefold()
        self._clock = clock
        self._is_used = is_used
        self._facts = Facts()
        self._until = clock.monotonic()

    async def known(self) -> Facts:
        """Return what is known, from memory where that is young enough. It never raises."""
        now = self._clock.monotonic()
        if self._is_used and now >= self._until:
            # Whoever comes meanwhile goes by what was known, instead of waiting behind this.
            self._until = now + _AFTER_FAILURE_SECONDS
            try:
                self._facts = self._of(await self._table.get(_PARTITION, self._key))
            except StorageDownError:
                return self._facts
            self._until = now + _KEEP_SECONDS
        return self._facts

    async def learn(self, found: Mapping[str, Any]) -> Facts:
        """Keep what was found now, let go of what is too old, and return what is known then.

        Raises:
            StorageDownError: It could not be kept.
        """
        now = self._clock.now().timestamp()

        def with_found(row: Row | None) -> Mapping[str, Value]:
            kept = {name: pair for name, pair in _kept(row).items() if now - pair[1] <= KEEP_SECONDS}
            kept |= {name: (value, now) for name, value in found.items()}
            return {"v": _FORMAT, **{name: json.dumps(pair) for name, pair in kept.items()}}

        try:
            row = await change(self._table, _PARTITION, self._key, with_found, self._clock)
        except LostRaceError as error:
            raise StorageDownError("The facts are being written by others.") from error
        self._facts, self._until = self._of(row), self._clock.monotonic() + _KEEP_SECONDS
        return self._facts

    def _of(self, row: Row | None) -> Facts:
        return Facts.of(_kept(row), self._clock.now().timestamp())


def _kept(row: Row | None) -> dict[str, tuple[Any, float]]:
    """Return what a row holds by name; what is no fact's shape is none."""
    found: dict[str, tuple[Any, float]] = {}
    for name, text in (row.values if row else {}).items():
        if not isinstance(text, str):
            continue
        try:
            value, at = json.loads(text)
            found[name] = (value, float(at))
        except (ValueError, TypeError, OverflowError):
            continue
    return found
