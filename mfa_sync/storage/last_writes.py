"""What we last wrote for each user: one row a user, and never a number in it (design, section 6).

    a row ── begin ──► pending ── settle(done) ──► confirmed
                          └────── settle(undone) ► what it was before
    no row, and Graph shows whole numbers ───────► confirmed

Only a confirmed row proves anything. `begin` takes the proof away before the write is sent, so a crash, a
lost race or an unknown fate leaves a pending row or none, which means: not known. Two writers of one user
cannot tell whose write reached the tenant last, so neither confirms.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mfa_sync.storage.table import Row, StorageDownError, Write
from mfa_sync.telemetry.events import Event, record
from shared.decide import source_of
from shared.errors import SyncError
from shared.memory import Forgotten, LastWrite
from shared.tenant import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence

    from mfa_sync.storage.table import Table, Value
    from mfa_sync.vault.fingerprints import FingerprintKey, FingerprintKeys
    from shared.clock import Clock, Deadline
    from shared.phone_number import PhoneNumber
    from shared.plan import Entry
    from shared.policy import Policy
    from shared.tenant import User

_LOG = logging.getLogger(__name__)
_PARTITION = "phone"
_FORMAT = 2
_CONFIRMED, _PENDING, _VOID = "confirmed", "pending", "void"
# Longer than any call lasts: a pending row of this age is left over from a crash, not another's work.
_IN_FLIGHT_SECONDS = 600.0
_LEAST_SECONDS = 0.5
_ABSENT = ""  # the version of a row that is not there


@dataclass(frozen=True, slots=True)
class _Recognised:
    """A confirmed row with the key that can read it."""

    user_id: str
    number: str
    key: FingerprintKey
    age: float
    payload_beside: str | None

    def was(self, number: PhoneNumber | None) -> bool:
        """Return whether this number was written; None asks whether the phone was deleted."""
        return self.number == self.key.number(self.user_id, number)

    def is_payload_for(self, user: User) -> bool:
        """Return whether a caller's own number was written, and the user's attribute is as it was then."""
        return self.payload_beside is not None and self.payload_beside == self.key.attribute(user)


class LastWritten:
    """The rows of all users; keeps nothing but whose rows this worker failed to take the proof from."""

    def __init__(self, table: Table, keys: FingerprintKeys, clock: Clock) -> None:
        self._table = table
        self._keys = keys
        self._clock = clock
        # Written while the storage was down: a former row would vouch for what is no longer there. If this
        # worker ends before the storage is back, it does.
        self.unsafe: set[str] = set()

    def of_call(self, run_id: str, policy: Policy, deadline: Deadline) -> CallMemory:
        """Return the memory of one call."""
        return CallMemory(self, self._table, self._keys, self._clock, _Call(run_id, policy, deadline))

    async def void(self, user_ids: Collection[str]) -> None:
        """Take the proof from users' rows: somebody else has changed their phones, or may have.

        Raises:
            StorageDownError: It could not be done.
        """
        ids = list(user_ids)
        if not ids:
            return
        rows = await self._table.get_many(_PARTITION, ids)
        sure = [row for row in rows.values() if row.values.get("state") == _CONFIRMED]
        writes = [Write(row.key, {**row.values, "state": _VOID}) for row in sure]
        await self._table.put_many(_PARTITION, writes)
        self.unsafe.difference_update(ids)

    async def describe(self, user_id: str) -> dict[str, Any] | None:
        """Return what is known of a user's last write, for people; None if there is none.

        Raises:
            StorageDownError: It cannot be read.
        """
        row = await self._table.get(_PARTITION, user_id)
        if row is None or user_id in self.unsafe or row.values.get("state") == _VOID:
            return None
        what = _what(row)
        shown = {name: what.get(name) for name in ("kind", "run", "source")}
        return {"state": row.values["state"], "at": row.values["at"], **shown}


@dataclass(frozen=True, slots=True)
class _Call:
    run_id: str
    policy: Policy
    deadline: Deadline


class CallMemory:
    """The record of one call's writes: a `shared.memory.Memory`."""

    def __init__(
        self, last_written: LastWritten, table: Table, keys: FingerprintKeys, clock: Clock, call: _Call
    ) -> None:
        self._last_written = last_written
        self._table = table
        self._keys = keys
        self._clock = clock
        self._call = call
        self._former: dict[str, Row] = {}
        self._begun: dict[str, Row] = {}
        self._contested: set[str] = set()
        self._settled: set[str] = set()
        # Written twice, and the first write's fate was never known: what was before is not certain any more.
        self._doubtful: set[str] = set()
        self._failed: set[str] = set()
        self._given_up = False

    async def recall(self, user_ids: Collection[str]) -> Mapping[str, LastWrite | Forgotten]:
        """Return each user's last confirmed write, or why there is none."""

        async def read() -> dict[str, LastWrite | Forgotten]:
            await self._last_written.void(self._last_written.unsafe)
            self._former |= await self._table.get_many(_PARTITION, user_ids)
            return {user_id: await self._recognise(user_id) for user_id in user_ids}

        found = await self._or_fail(user_ids, read)
        return dict.fromkeys(user_ids, Forgotten.UNREADABLE) if found is None else found

    async def begin(self, entries: Sequence[Entry]) -> None:
        """Note the entries' changes as under way, so that a crash leaves no former certainty behind."""
        ids = [entry.decision.user_id for entry in entries if isinstance(entry.decision, Change)]

        async def note() -> bool:
            key = await self._keys.current()
            self._doubtful.update(set(ids) & (self._begun.keys() - self._settled))
            self._settled.difference_update(ids)
            rows = {user_id: self._row(entry, key) for user_id, entry in zip(ids, entries, strict=True)}
            # A row's absence is no certainty to lose, but where masks hide what a late writer leaves behind,
            # others must see that we are at it.
            known = [
                user_id
                for user_id, entry in zip(ids, entries, strict=True)
                if self._etag(user_id) is not None or not (entry.mobile and not entry.mobile.is_masked)
            ]
            writes = [Write(user_id, rows[user_id], self._etag(user_id)) for user_id in known]
            written = await self._table.put_many(_PARTITION, writes) if writes else {}
            lost = [user_id for user_id in known if user_id not in written]
            written |= await self._contest([Write(one, rows[one]) for one in lost])
            self._begun |= {one: Row(one, rows[one], written.get(one, _ABSENT)) for one in ids}
            self._last_written.unsafe.difference_update(written)
            return True

        if await self._or_fail(ids, note) is None:
            self._last_written.unsafe.update(ids)

    async def settle(self, done: Collection[str], undone: Collection[str]) -> None:
        """Confirm the writes that took effect, take back those that certainly did not."""
        now = self._clock.now().timestamp()
        mine = self._begun.keys() - self._contested
        self._settled.update(done, undone)
        writes = [
            Write(
                one,
                {**self._begun[one].values, "state": _CONFIRMED, "at": now},
                self._begun[one].etag or None,
            )
            for one in done
            if one in mine
        ]
        writes += [
            Write(one, self._former[one].values, self._begun[one].etag)
            for one in undone
            if one in mine - self._doubtful and self._begun[one].etag and one in self._former
        ]
        if not writes:
            return

        async def note() -> bool:
            written = await self._table.put_many(_PARTITION, writes)
            self._begun |= {
                write.key: Row(write.key, write.values, written[write.key])
                for write in writes
                if write.key in written
            }
            lost = [write for write in writes if write.key not in written]
            await self._contest([Write(one.key, {**one.values, "state": _VOID}) for one in lost])
            return True

        await self._or_fail([write.key for write in writes], note)

    def knows(self, user_id: str) -> bool:
        """Return whether everything noted in this call about a user's change was kept."""
        return user_id not in self._failed

    async def _recognise(self, user_id: str) -> LastWrite | Forgotten:
        row = self._former.get(user_id)
        if row is None or row.values.get("v") != _FORMAT or user_id in self._last_written.unsafe:
            return Forgotten.NOTHING_CERTAIN
        age = self._clock.now().timestamp() - float(row.values["at"])
        if row.values["state"] == _PENDING and age < _IN_FLIGHT_SECONDS:
            self._contested.add(user_id)
        if row.values["state"] != _CONFIRMED:
            return Forgotten.NOTHING_CERTAIN
        what = _what(row)
        key = await self._keys.version(what["key"])
        if key is None:
            return Forgotten.NOTHING_CERTAIN
        beside = what["attribute"] if what["source"] == "payload" else None
        return _Recognised(user_id, what["number"], key, age, beside)

    async def _contest(self, writes: Sequence[Write]) -> dict[str, str]:
        """Take the proof from rows that somebody else is at too: whoever comes last leaves no certainty."""
        self._contested.update(write.key for write in writes)
        return await self._table.put_many(_PARTITION, writes) if writes else {}

    def _etag(self, user_id: str) -> str | None:
        known = self._begun.get(user_id) or self._former.get(user_id)
        if known is None:
            return "*" if user_id in self._failed else None  # what could not be read may be there
        return known.etag or None

    def _row(self, entry: Entry, key: FingerprintKey) -> dict[str, Value]:
        change = entry.decision
        assert isinstance(change, Change)  # noqa: S101  begin is given changes alone
        what = {
            "kind": change.kind.value,
            "number": key.number(change.user_id, change.number),
            "attribute": key.attribute(entry.user) if entry.user else "",
            "key": key.version,
            "run": self._call.run_id,
            "source": source_of(entry.intent, self._call.policy),
        }
        # One column for all that is never asked for: columns cost the library more than their contents.
        now = self._clock.now().timestamp()
        return {"v": _FORMAT, "state": _PENDING, "at": now, "what": json.dumps(what)}

    async def _or_fail[T](
        self, user_ids: Collection[str], work: Callable[[], Coroutine[Any, Any, T]]
    ) -> T | None:
        """Return what `work` returns; None, with these users marked, if storage, key or time fail it."""
        try:
            if self._given_up:  # it let this call wait in vain before
                raise StorageDownError  # noqa: TRY301  the same end as if it did so again
            async with asyncio.timeout(max(self._call.deadline.remaining(), _LEAST_SECONDS)):
                return await work()
        except (StorageDownError, SyncError, TimeoutError) as error:
            self._given_up |= isinstance(error, TimeoutError)
            self._failed.update(user_ids)
            record(
                _LOG,
                logging.WARNING,
                Event.NOT_REMEMBERED,
                run=self._call.run_id,
                users=len(user_ids),
                cause=type(error).__name__,
            )
            return None


def _what(row: Row) -> dict[str, str]:
    what: dict[str, str] = json.loads(str(row.values["what"]))
    return what
