"""How much was changed in the last 24 hours, over all pushes and sweeps of all workers: the guard's ledger.

One row that every worker changes by its etag: so no two of them can both have the last free place, and within
a worker one call at a time is at it. Changes are counted before they are made; what is certainly not made is
counted off. A crash between leaves too many. What a person approved stands beside, and is held to no limit.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mfa_sync.storage.table import LostRaceError, Row, StorageDownError, Table, Value, change
from shared.clock import Clock, Deadline
from shared.guard import LedgerBusyError
from shared.tenant import Kind

_PARTITION, _KEY, _FORMAT = "limits", "changes", 1
# Whole hours, so "the last 24 hours" are up to 25: rather too strict than too lax.
_KEPT = timedelta(hours=24)
_RUN = "/"  # stands between an hour and the run whose count it is

type _Hours = dict[str, Counter[Kind]]


@dataclass(frozen=True, slots=True)
class _Book:
    """The row: what limits are held against, and what a person approved. Former versions know no second."""

    hours: _Hours
    approved: _Hours


class Counters:
    """A `shared.guard.Ledger` on the table."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        deadline: Deadline | None = None,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self._table = table
        self._clock = clock
        self._deadline = deadline
        self._turn = turn or asyncio.Lock()
        self._has_waited_in_vain = False

    def of_call(self, deadline: Deadline) -> Counters:
        """Return this ledger within the time of one call: what takes longer counts as out of reach.

        A change that was cut off may have been counted all the same: rather too many than too few.
        """
        return Counters(self._table, self._clock, deadline, self._turn)

    async def recent(self) -> Mapping[Kind, int] | None:
        """Return the changes of each kind; None if they cannot be read."""
        try:
            return _total((await self._read()).hours)
        except (StorageDownError, LostRaceError):
            return None

    async def approved(self) -> Mapping[Kind, int]:
        """Return the changes of each kind that a person approved; nothing if they cannot be read."""
        try:
            return _total((await self._read()).approved)
        except (StorageDownError, LostRaceError):
            return {}

    async def take(
        self,
        wanted: Mapping[Kind, int],
        grant: Callable[[Mapping[Kind, int]], Iterable[Kind]],
        run: str = "",
    ) -> Mapping[Kind, int] | None:
        """Count the wanted changes that are granted, and return the counts without them; None if that fails.

        What each argument is, and when it is busy, `shared.guard.Ledger` says.
        """
        seen: Counter[Kind] = Counter()

        def alter(book: _Book) -> bool:
            nonlocal seen
            if run:
                _forget_run(book.hours, run)
            seen = _total(book.hours)
            granted = set(grant(seen))
            counted = {kind: count for kind, count in wanted.items() if kind in granted}
            book.hours.setdefault(_place(self._hour(), run), Counter()).update(counted)
            return bool(granted) or bool(run)

        try:
            return seen if await self._change(alter) else None
        except LostRaceError:
            raise LedgerBusyError from None

    async def approve(self, run: str, wanted: Mapping[Kind, int]) -> None:
        """Note a run's changes as a person's, held to no limit. If it fails, they are not shown to others."""

        def alter(book: _Book) -> bool:
            _forget_run(book.hours, run)
            _forget_run(book.approved, run)
            book.approved[_place(self._hour(), run)] = Counter(wanted)
            return True

        await self._try_to_change(alter)

    async def settle(self, run: str, made: Mapping[Kind, int], *, approved: bool = False) -> None:
        """Count of a run that is over what it has made. If it fails, what it was to make stays counted.

        It is `approved` where it was noted so, whatever became of the decision.
        """

        def alter(book: _Book) -> bool:
            was_approved, was_counted = _forget_run(book.approved, run), _forget_run(book.hours, run)
            if any(made.values()):
                hours = book.approved if approved or was_approved else book.hours
                hours[_place(self._hour(), run)] = Counter(made)
            return was_approved or was_counted or any(made.values())

        await self._try_to_change(alter)

    async def give_back(self, unused: Mapping[Kind, int]) -> None:
        """Count off a push's changes that were certainly not made, from the latest hours on."""

        def alter(book: _Book) -> bool:
            left = Counter(unused)
            for place, counts in sorted(book.hours.items(), reverse=True):
                if _RUN in place:
                    continue
                taken = counts & left
                counts.subtract(taken)
                left.subtract(taken)
            return left != unused

        await self._try_to_change(alter)

    async def _read(self) -> _Book:
        """Return the book.

        Raises:
            StorageDownError, LostRaceError: It cannot be read, or not in time.
        """
        return self._book(await self._in_time(self._table.get(_PARTITION, _KEY)))

    async def _try_to_change(self, alter: Callable[[_Book], bool]) -> None:
        """Let `alter` change the counts where that can be; too many stay counted rather than too few."""
        with suppress(LostRaceError):
            await self._change(alter)

    async def _change(self, alter: Callable[[_Book], bool]) -> bool:
        """Let `alter` change the counts, and write them where it returns True; False if the storage is down.

        Raises:
            LostRaceError: Others were faster for as long as there was time.
        """

        def altered(row: Row | None) -> dict[str, Value] | None:
            book = self._book(row)
            if not alter(book):
                return None
            return {"v": _FORMAT, "hours": json.dumps(book.hours), "approved": json.dumps(book.approved)}

        async def in_turn() -> None:
            async with self._turn:  # two calls of one worker would only lose races to each other
                await change(self._table, _PARTITION, _KEY, altered, self._clock, self._deadline)

        try:
            await self._in_time(in_turn())
        except StorageDownError:
            return False
        return True

    async def _in_time[T](self, work: Coroutine[Any, Any, T]) -> T:
        if self._deadline is None:
            return await work
        if self._has_waited_in_vain:
            work.close()
            raise StorageDownError
        try:
            return await self._deadline.within(work)
        except TimeoutError:
            self._has_waited_in_vain = True
            raise LostRaceError from None

    def _book(self, row: Row | None) -> _Book:
        return _Book(*(self._hours(row, name) for name in ("hours", "approved")))

    def _hours(self, row: Row | None, column: str) -> _Hours:
        kept: dict[str, dict[str, int]] = json.loads(str(row.values.get(column, "{}"))) if row else {}
        oldest = _name(self._clock.now() - _KEPT)
        return {
            hour: Counter({Kind(kind): count for kind, count in counts.items()})
            for hour, counts in kept.items()
            if hour >= oldest
        }

    def _hour(self) -> str:
        return _name(self._clock.now())


def _place(hour: str, run: str) -> str:
    """Return under what a count stands: an hour, or a run within its hour."""
    return f"{hour}{_RUN}{run}" if run else hour


def _forget_run(hours: _Hours, run: str) -> bool:
    """Take a run's count away; return whether there was one."""
    places = [place for place in hours if place.partition(_RUN)[2] == run]
    for place in places:
        del hours[place]
    return bool(places)


def _name(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H}"


def _total(hours: _Hours) -> Counter[Kind]:
    return sum(hours.values(), Counter())
