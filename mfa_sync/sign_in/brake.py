"""The brake: after a refused sign-in nothing is tried again until trying can help (docs/sign-in.md).

Its state lies in the table, one row for all workers, and a sign-in with the password claims that row first:
a hundred cold workers with a wrong password send it once. So no sequence of calls, rotations, cold starts and
crashes locks the service account, and a repair heals by itself.

While the table is down no password leaves: so many workers would have as many trials. Tokens in hand, and
refresh tokens, go on. An app alone, which nobody can lock, goes by what the worker last knew, and after a
failure gets one trial in ten minutes.
"""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from mfa_sync.sign_in import brake_rules
from mfa_sync.sign_in.aadsts import Healing, Refusal, recalled
from mfa_sync.sign_in.brake_rules import Hold, State, Versions
from mfa_sync.sign_in.entra import Ending, Granted, NotSent, Refused, Unanswered
from mfa_sync.storage.table import LostRaceError, Row, StorageDownError, Table, Value, Write, change
from mfa_sync.telemetry.events import Event, record
from shared.clock import Clock

_PARTITION: Final = "brake"
_FORMAT: Final = 1
_LOOK_UP_SECONDS: Final = 60.0
# MSAL's calls of one sign-in, each at its time-out, end before that.
_CLAIM_SECONDS: Final = 90.0
_PATIENCE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 1.0
_MOST_UNWRITTEN: Final = 32
_BUSY: Final = Hold(
    Refusal(0, "another worker's sign-in has not ended yet", "Try again later.", Healing.SECONDS_LATER), 15.0
)
_UNSEEN: Final = Hold(
    Refusal(
        0,
        "the storage, by which all workers together keep the account from being locked, cannot be read",
        "See to the storage; it is tried again by itself.",
        Healing.SECONDS_LATER,
    ),
    10.0,
)


class Brake:
    """One worker's hand on the brake of the signing identity `key`. One trial at a time."""

    def __init__(self, table: Table, key: str, clock: Clock) -> None:
        self._table = table
        self._key = key
        self._clock = clock
        self._known = State()
        self._owner = ""
        self._unwritten: deque[Callable[[State], State]] = deque(maxlen=_MOST_UNWRITTEN)
        self._is_alone = False
        self._watched = ("", 0.0)
        self._looked_up = float("-inf")

    async def enter(self, versions: Versions) -> Hold | None:
        """Return None once a sign-in with these versions may be tried, else why it may not.

        None obliges: the trial's end must be reported. Waits for another worker's trial, but not for long.
        """
        self._owner = ""  # of a trial that was cut off: to be waited for like anybody's
        give_up = self._clock.monotonic() + _PATIENCE_SECONDS
        while self._clock.monotonic() < give_up:
            try:
                state, etag = await self._settled()
                if state.owner and state.owner == self._owner:
                    return None  # our claim was written after all
                is_free = not state.owner
                if state.owner and self._is_owner_dead(state):
                    state, is_free = brake_rules.owner_presumed_dead(state), True
                hold = brake_rules.judge(state, versions, self._now())
                if hold:
                    return hold
                if is_free:
                    self._owner = uuid.uuid4().hex
                    claimed = brake_rules.claimed(state, self._owner, self._now() + _CLAIM_SECONDS)
                    if await self._is_written(Write(self._key, to_columns(claimed), etag)):
                        self._known = claimed
                        return None
            except LostRaceError:
                continue
            except StorageDownError:
                if versions.password:
                    return _UNSEEN
                return brake_rules.judge(self._known, versions, self._now(), free_trials=1)
            await self._clock.sleep(_POLL_SECONDS)
        return _BUSY

    async def ended(self, ending: Ending, versions: Versions) -> None:
        """Report to all workers how the trial with these versions ended."""
        now = self._now()
        match ending:
            case Granted():
                change = partial(brake_rules.succeeded, owner=self._owner, versions=versions, now=now)
            case Refused(refusal, wait):
                change = partial(brake_rules.refused, refusal=refusal, versions=versions, now=now, wait=wait)
            case Unanswered():
                change = partial(brake_rules.unanswered, versions=versions, now=now)
            case NotSent():
                change = partial(brake_rules.released, owner=self._owner)
        await self._settle(change)

    def may_look_up(self) -> bool:
        """Return whether this worker may ask the vault for new versions: once a minute.

        Each worker by itself: it is a read that locks nobody, and a write to share it would cost the same.
        """
        if self._clock.monotonic() - self._looked_up < _LOOK_UP_SECONDS:
            return False
        self._looked_up = self._clock.monotonic()
        return True

    async def _is_written(self, claim: Write) -> bool:
        """Write a claim; False if its fate is unknown, which the next look at the row tells."""
        with suppress(StorageDownError):
            await self._table.put(_PARTITION, claim)
            return True
        return False

    async def _settle(self, change: Callable[[State], State]) -> None:
        """Apply a trial's end to what we know and to the row; what cannot be written now waits."""
        owner, self._owner = self._owner, ""

        def end(state: State) -> State:
            return brake_rules.released(change(state), owner)

        self._known = end(self._known)
        self._unwritten.append(end)
        with suppress(StorageDownError, LostRaceError):
            await self._settled()

    async def _settled(self) -> tuple[State, str | None]:
        """Return the row's state and etag, after what could not be written before.

        Raises:
            StorageDownError: It cannot be read; logged once.
            LostRaceError: Somebody else wrote it in between, again and again.
        """
        state = State()

        def pay(row: Row | None) -> Mapping[str, Value] | None:
            nonlocal state
            state = from_columns(row.values) if row else State()
            for end in self._unwritten:
                state = end(state)
            return to_columns(state) if self._unwritten else None

        try:
            row = await change(self._table, _PARTITION, self._key, pay, self._clock)
            self._unwritten.clear()
        except (StorageDownError, ValueError) as error:
            if not self._is_alone:
                record(Event.BRAKE_ALONE, reason=type(error).__name__)
            self._is_alone = True
            raise StorageDownError from error
        self._is_alone, self._known = False, state
        return state, row.etag if row else None

    def _is_owner_dead(self, state: State) -> bool:
        """Return whether a claim's owner is dead: by the clocks, or seen unmoved for a claim's whole length.

        The second needs no clock of another machine, but a worker that stays.
        """
        owner, since = self._watched
        if owner != state.owner:
            since = self._clock.monotonic()
            self._watched = (state.owner, since)
        is_unmoved = self._clock.monotonic() - since >= _CLAIM_SECONDS
        return is_unmoved or brake_rules.is_claim_over(state, self._now())

    def _now(self) -> float:
        return self._clock.now().timestamp()


def to_columns(state: State) -> dict[str, Value]:
    """Return a state as a row's columns: versions of secrets, a number, times; never a secret or a name.

    The columns' names are older than the attributes'.
    """
    columns: dict[str, Value] = {
        "v": _FORMAT,
        "spent": json.dumps(state.refused_versions),
        "misses": state.failures,
        "missed": state.failed_at,
        "counted": json.dumps(state.counted),
        "owner": state.owner,
        "until": state.claimed_until,
    }
    if state.refusal:
        columns |= {"aadsts": state.refusal.number, "healing": state.refusal.healing.value}
    if state.versions:
        columns |= {
            "username": state.versions.username,
            "password": state.versions.password,
            "clientSecret": state.versions.client_secret,
        }
    return columns if state.due is None else columns | {"due": state.due}


def from_columns(columns: Mapping[str, Value]) -> State:
    """Return the state that a row holds.

    Raises:
        ValueError: Another release wrote it, and in another format.
    """
    if columns.get("v") != _FORMAT:
        raise ValueError("the brake's row has another format")
    refusal = versions = due = None
    try:
        if "aadsts" in columns:
            refusal = recalled(int(columns["aadsts"]), Healing(columns["healing"]))
        if "password" in columns:
            versions = Versions(*(str(columns[name]) for name in ("username", "password", "clientSecret")))
        if "due" in columns:
            due = float(columns["due"])
        failures, failed_at = int(columns["misses"]), float(columns["missed"])
        # Rows of former versions have no such column: what they know as failures may all have been counted.
        counted = (
            json.loads(str(columns["counted"])) if "counted" in columns else [failed_at] * min(failures, 2)
        )
        return State(
            refusal,
            versions,
            due,
            refused_versions=tuple(
                (str(name), int(code)) for name, code in json.loads(str(columns["spent"]))
            ),
            failures=failures,
            failed_at=failed_at,
            counted=tuple(float(one) for one in counted),
            owner=str(columns["owner"]),
            claimed_until=float(columns["until"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("the brake's row cannot be read") from error
