"""What we last wrote for each user: one row a user, and never a number in it.

    a row ── begin ──► pending ── settle(done) ──► confirmed
                          └────── settle(undone) ► what it was before
    no row, and Graph shows whole numbers ───────► confirmed

Only a confirmed row proves anything. `begin` takes the proof away before the write is sent, so a crash, a
lost race or an unknown fate leaves a pending row or none, which means: not known. Two writers of one user
cannot tell whose write reached the tenant last, so neither confirms.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from mfa_sync.storage.table import Row, StorageDownError, Table, Value, Write
from mfa_sync.telemetry.events import Event, record
from mfa_sync.vault.fingerprints import FingerprintKey, FingerprintKeys
from shared.clock import Clock, Deadline
from shared.codes import Code
from shared.decide import source_of
from shared.errors import SyncError
from shared.facts import FactSource, NoFacts
from shared.memory import Forgotten, LastWrite
from shared.outcome import Note
from shared.phone_number import PhoneNumber
from shared.plan import Entry, Plan, Refusal
from shared.policy import Policy
from shared.tenant import Change, User

_PARTITION = "phone"
_FORMAT = 2
_CONFIRMED, _PENDING, _VOID = "confirmed", "pending", "void"
# Longer than any call lasts: a pending row of this age is left over from a crash, not another's work.
_IN_FLIGHT_SECONDS = 600.0
# So many rows and their writes are under way together, however many phones were changed in a night.
_VOID_AT_ONCE = 1000
_ABSENT = ""  # the version of a row that is not there


@dataclass(frozen=True, slots=True)
class _Recognised:
    """A confirmed row with the key that can read it."""

    user_id: str
    number: str
    key: FingerprintKey
    age: float
    payload_beside: str | None
    lag: float

    def was(self, number: PhoneNumber | None) -> bool:
        """Return whether this number was written; None asks whether the phone was deleted."""
        return self.number == self.key.number(self.user_id, number)

    def is_payload_for(self, user: User) -> bool:
        """Return whether a caller's own number was written, and the user's attribute is as it was then."""
        return self.payload_beside is not None and self.payload_beside == self.key.attribute(user)


class LastWritten:
    """The rows of all users; keeps nothing but whose rows this worker failed to take the proof from."""

    def __init__(
        self, table: Table, keys: FingerprintKeys, clock: Clock, facts: FactSource | None = None
    ) -> None:
        self.facts = facts or NoFacts()
        self.table = table
        self.keys = keys
        self.clock = clock
        # Written while the storage was down: a former row would vouch for what is no longer there. If this
        # worker ends before the storage is back, it does.
        self.unsafe: set[str] = set()

    def of_call(self, run_id: str, policy: Policy, deadline: Deadline) -> CallMemory:
        """Return the memory of one call, under whose run's id its writes are kept."""
        return CallMemory(self, run_id, policy, deadline)

    async def void(self, user_ids: Collection[str]) -> None:
        """Take the proof from users' rows: somebody else has changed their phones, or may have.

        Raises:
            StorageDownError: It could not be done.
        """
        for ids in batched(sorted(user_ids), _VOID_AT_ONCE, strict=False):
            rows = await self.table.get_many(_PARTITION, ids)
            sure = [row for row in rows.values() if row.values.get("state") == _CONFIRMED]
            await self.table.put_many(
                _PARTITION, [Write(row.key, {**row.values, "state": _VOID}) for row in sure]
            )
            self.unsafe.difference_update(ids)

    async def is_empty(self) -> bool:
        """Return whether nobody was ever written, so that there is no proof to take.

        Raises:
            StorageDownError: It cannot be known.
        """
        return not await self.table.range(_PARTITION, "0", "~", 1)

    async def describe(self, user_id: str) -> dict[str, Any] | None:
        """Return what is known of a user's last write, for people; None if there is none.

        Raises:
            StorageDownError: It cannot be read.
        """
        row = await self.table.get(_PARTITION, user_id)
        if row is None or user_id in self.unsafe or row.values.get("state") == _VOID:
            return None
        what = _what(row)
        shown = {name: what.get(name) for name in ("kind", "run", "source")}
        return {"state": row.values["state"], "at": row.values["at"], **shown}


class CallMemory:
    """The record of one call's writes: a `shared.memory.Memory`."""

    def __init__(self, users: LastWritten, run_id: str, policy: Policy, deadline: Deadline) -> None:
        self._users = users
        self._run_id = run_id
        self._policy = policy
        self._deadline = deadline
        self._former: dict[str, Row] = {}
        self._begun: dict[str, Row] = {}
        self._contested: set[str] = set()
        self._settled: set[str] = set()
        # Written twice, and the first write's fate was never known: what was before is not certain any more.
        self._doubtful: set[str] = set()
        self._failed: set[str] = set()
        self._has_waited_in_vain = False

    async def recall(self, user_ids: Collection[str]) -> Mapping[str, LastWrite | Forgotten]:
        """Return each user's last confirmed write, or why there is none."""

        async def read() -> dict[str, LastWrite | Forgotten]:
            await self._users.void(self._users.unsafe)
            self._former |= await self._users.table.get_many(_PARTITION, user_ids)
            return {user_id: await self._recognise(user_id) for user_id in user_ids}

        found = await self._or_fail(user_ids, read)
        return dict.fromkeys(user_ids, Forgotten.UNREADABLE) if found is None else found

    async def begin(self, entries: Sequence[Entry]) -> None:
        """Note the entries' changes as under way, so that a crash leaves no former certainty behind."""
        changes = {
            entry.decision.user_id: (entry, entry.decision)
            for entry in entries
            if isinstance(entry.decision, Change)
        }

        async def note() -> bool:
            key = await self._users.keys.current()
            self._doubtful.update(changes.keys() & (self._begun.keys() - self._settled))
            self._settled.difference_update(changes)
            rows = {one: self._pending(*changing, key) for one, changing in changes.items()}
            # A row's absence is no certainty to lose, but where masks hide what a late writer leaves behind,
            # others must see that we are at it.
            writes = [
                Write(one, rows[one], self._etag(one))
                for one, (entry, _) in changes.items()
                if self._etag(one) is not None or entry.mobile is None or entry.mobile.is_masked
            ]
            written = await self._put(writes, _PENDING)
            self._begun |= {one: Row(one, row, written.get(one, _ABSENT)) for one, row in rows.items()}
            self._users.unsafe.difference_update(written)
            return True

        if await self._or_fail(changes, note) is None:
            self._users.unsafe.update(changes)

    async def settle(self, done: Collection[str], undone: Collection[str]) -> None:
        """Confirm the writes that took effect, and take back those that certainly did not."""
        now = self._users.clock.now().timestamp()
        self._settled.update(done, undone)
        made, not_made = set(done), set(undone) - self._doubtful
        writes: list[Write] = []
        for one, row in self._begun.items():
            if one in self._contested:
                continue
            if one in made:
                confirmed = {**row.values, "state": _CONFIRMED, "at": now}
                writes.append(Write(one, confirmed, row.etag or None))
            elif one in not_made and one in self._former and row.etag:
                writes.append(Write(one, self._former[one].values, row.etag))
        if not writes:
            return

        async def note() -> bool:
            written = await self._put(writes, _VOID)
            self._begun |= {
                write.key: Row(write.key, write.values, written[write.key])
                for write in writes
                if write.key not in self._contested
            }
            return True

        await self._or_fail([write.key for write in writes], note)

    def report(self, plan: Plan, by: Mapping[str, Sequence[str]] | None = None) -> None:
        """Log each user of a fresh plan whose phone somebody else has changed, whatever becomes of the plan.

        And each whose Mobile in a row is not the attribute's: a right guess is answered otherwise than a
        wrong one, so guesses must show. A step of a run that is done again logs it again: rather twice than
        never.

        Args:
            plan: What was planned.
            by: By object id, what kinds of actors are known to have changed the phone.
        """
        for entry in plan.entries:
            if Note.CHANGED_OUTSIDE in entry.notes:
                user = entry.user.id if entry.user else entry.key
                who = list((by or {}).get(user.casefold(), ())) or None
                record(Event.CHANGED_OUTSIDE, run=self._run_id, user=user, by=who)
            refused = entry.decision
            if isinstance(refused, Refusal) and refused.code is Code.SOURCE_NOT_YET_SYNCED and entry.user:
                record(Event.MISMATCH, run=self._run_id, user=entry.user.id)

    def knows(self, user_id: str) -> bool:
        """Return whether everything noted in this call about a user's change was kept."""
        return user_id not in self._failed

    async def _recognise(self, user_id: str) -> LastWrite | Forgotten:
        row = self._former.get(user_id)
        if row is None or row.values.get("v") != _FORMAT or user_id in self._users.unsafe:
            return Forgotten.NOTHING_CERTAIN
        age = self._users.clock.now().timestamp() - float(row.values["at"])
        if row.values["state"] == _PENDING and age < _IN_FLIGHT_SECONDS:
            self._contested.add(user_id)
        if row.values["state"] != _CONFIRMED:
            return Forgotten.NOTHING_CERTAIN
        what = _what(row)
        key = await self._users.keys.version(what["key"])
        if key is None:
            return Forgotten.NOTHING_CERTAIN
        beside = what["attribute"] if what["source"] == "payload" else None
        lag = (await self._users.facts.known()).settled_after
        return _Recognised(user_id, what["number"], key, age, beside, lag)

    async def _put(self, writes: Sequence[Write], state_of_lost: str) -> dict[str, str]:
        """Write rows over the versions that we know, and return the new versions by key.

        A row that somebody else is at too is lost, and written over in another state: whoever comes last
        leaves no certainty.
        """
        written = await self._users.table.put_many(_PARTITION, writes)
        lost = [
            Write(write.key, {**write.values, "state": state_of_lost})
            for write in writes
            if write.key not in written
        ]
        self._contested.update(write.key for write in lost)
        return written | await self._users.table.put_many(_PARTITION, lost)

    def _etag(self, user_id: str) -> str | None:
        known = self._begun.get(user_id) or self._former.get(user_id)
        if known is None:
            return "*" if user_id in self._failed else None  # what could not be read may be there
        return known.etag or None

    def _pending(self, entry: Entry, change: Change, key: FingerprintKey) -> dict[str, Value]:
        """Return the columns of a row for a change that is under way."""
        what = {
            "kind": change.kind.value,
            "number": key.number(change.user_id, change.number),
            "attribute": key.attribute(entry.user) if entry.user else "",
            "key": key.version,
            "run": self._run_id,
            "source": source_of(entry.intent, self._policy),
        }
        # One column for all that is never asked for: columns cost the library more than their contents.
        now = self._users.clock.now().timestamp()
        return {"v": _FORMAT, "state": _PENDING, "at": now, "what": json.dumps(what)}

    async def _or_fail[T](
        self, user_ids: Collection[str], work: Callable[[], Coroutine[Any, Any, T]]
    ) -> T | None:
        """Return what `work` returns; None, with these users marked, if storage, key or time fail it."""
        try:
            if self._has_waited_in_vain:
                raise StorageDownError  # noqa: TRY301  the same end as if it did so again
            return await self._deadline.within(work())
        except (StorageDownError, SyncError, TimeoutError) as error:
            self._has_waited_in_vain |= isinstance(error, TimeoutError)
            self._failed.update(user_ids)
            record(Event.NOT_REMEMBERED, run=self._run_id, users=len(user_ids), cause=type(error).__name__)
            return None


def _what(row: Row) -> dict[str, str]:
    what: dict[str, str] = json.loads(str(row.values["what"]))
    return what
