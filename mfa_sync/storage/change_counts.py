"""How much was changed in the last 24 hours, over all pushes and sweeps of all workers: the guard's ledger.

One row that every worker changes by its etag: so no two of them can both have the last free place. Changes
are counted before they are made; what is certainly not made is counted off. A crash between leaves too many.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mfa_sync.storage.table import LostRaceError, StorageDownError, change
from shared.tenant import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from mfa_sync.storage.table import Row, Table, Value
    from shared.clock import Clock, Deadline

_PARTITION, _KEY, _FORMAT = "limits", "changes", 1
# Whole hours, so "the last 24 hours" are up to 25: rather too strict than too lax.
_KEPT = timedelta(hours=24)
_RUN = "/"  # stands between an hour and the run whose count it is

type _Hours = dict[str, Counter[Kind]]


class Counters:
    """A `shared.guard.Ledger` on the table."""

    def __init__(self, table: Table, clock: Clock, deadline: Deadline | None = None) -> None:
        self._table = table
        self._clock = clock
        self._deadline = deadline
        self._has_waited_in_vain = False

    def of_call(self, deadline: Deadline) -> Counters:
        """Return this ledger within the time of one call: what takes longer counts as out of reach.

        A change that was cut off may have been counted all the same: rather too many than too few.
        """
        return Counters(self._table, self._clock, deadline)

    async def recent(self) -> Mapping[Kind, int] | None:
        """Return the changes of each kind; None if they cannot be read."""
        try:
            return _total(self._hours(await self._in_time(self._table.get(_PARTITION, _KEY))))
        except StorageDownError:
            return None

    async def take(
        self,
        wanted: Mapping[Kind, int],
        grant: Callable[[Mapping[Kind, int]], Iterable[Kind]],
        run: str = "",
    ) -> Mapping[Kind, int] | None:
        """Count the wanted changes that are granted, and return the counts without them; None if that fails.

        What each argument is, `shared.guard.Ledger` says.
        """
        seen: Counter[Kind] = Counter()

        def alter(hours: _Hours) -> bool:
            nonlocal seen
            if run:
                _forget_run(hours, run)
            seen = _total(hours)
            granted = set(grant(seen))
            counted = {kind: count for kind, count in wanted.items() if kind in granted}
            hours.setdefault(_place(self._hour(), run), Counter()).update(counted)
            return bool(granted) or bool(run)

        return seen if await self._change(alter) else None

    async def settle(self, run: str, made: Mapping[Kind, int]) -> None:
        """Count of a run that is over what it has made. If it fails, what it was to make stays counted."""

        def alter(hours: _Hours) -> bool:
            was_counted = _forget_run(hours, run)
            if any(made.values()):
                hours[_place(self._hour(), run)] = Counter(made)
            return was_counted or any(made.values())

        await self._change(alter)

    async def give_back(self, unused: Mapping[Kind, int]) -> None:
        """Count off a push's changes that were certainly not made, from the latest hours on."""

        def alter(hours: _Hours) -> bool:
            left = Counter(unused)
            for place, counts in sorted(hours.items(), reverse=True):
                if _RUN in place:
                    continue
                taken = counts & left
                counts.subtract(taken)
                left.subtract(taken)
            return left != unused

        await self._change(alter)

    async def _change(self, alter: Callable[[_Hours], bool]) -> bool:
        """Let `alter` change the counts, and write them where it returns True; False if that fails."""

        def altered(row: Row | None) -> dict[str, Value] | None:
            hours = self._hours(row)
            return {"v": _FORMAT, "hours": json.dumps(hours)} if alter(hours) else None

        try:
            await self._in_time(change(self._table, _PARTITION, _KEY, altered, self._clock))
        except (StorageDownError, LostRaceError):
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
            raise StorageDownError from None

    def _hours(self, row: Row | None) -> _Hours:
        kept: dict[str, dict[str, int]] = json.loads(str(row.values["hours"])) if row else {}
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
