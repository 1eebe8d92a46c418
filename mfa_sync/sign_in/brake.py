"""The brake: after a refused sign-in nothing is tried again until trying can help (design, section 4).

Its state lies in the table, one row for all workers, and a sign-in with the password claims that row first:
a hundred cold workers with a wrong password send it once. So no sequence of calls, rotations, cold starts and
crashes locks the service account, and a repair heals by itself.

While the table is down each worker goes by what it last knew, and after a failure gets one trial in ten
minutes. A worker that never saw the row is free to try once; the Functions host starts none without storage.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from mfa_sync.sign_in import brake_rules
from mfa_sync.sign_in.aadsts import Healing, Refusal
from mfa_sync.sign_in.brake_row import from_columns, to_columns
from mfa_sync.sign_in.brake_rules import Hold, State, Versions
from mfa_sync.storage.table import LostRaceError, StorageDownError, Write, change
from mfa_sync.telemetry.events import Event, record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mfa_sync.storage.table import Row, Table, Value
    from shared.clock import Clock

__all__ = ["Brake", "Hold", "Versions"]

_LOG = logging.getLogger(__name__)
_PARTITION: Final = "brake"
_LOOK_UP_SECONDS: Final = 60.0
# MSAL's calls of one sign-in, each at its time-out, end before that.
_CLAIM_SECONDS: Final = 90.0
_PATIENCE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 1.0
_MOST_OWED: Final = 32
_BUSY: Final = Hold(
    Refusal(0, "another worker's sign-in has not ended yet", "Try again later.", Healing.TIME), 15.0
)


class Brake:
    """One worker's hand on the brake of the signing identity `key`. One trial at a time."""

    def __init__(self, table: Table, key: str, clock: Clock) -> None:
        self._table = table
        self._key = key
        self._clock = clock
        self._known = State()
        self._owner = ""
        self._owed: deque[Callable[[State], State]] = deque(maxlen=_MOST_OWED)
        self._alone = False
        self._watched = ("", 0.0)
        self._looked_up = float("-inf")

    async def enter(self, versions: Versions) -> Hold | None:
        """Return None once a sign-in with these versions may be tried, else why it may not.

        None obliges: the trial's end must be told. Waits for another worker's trial, but not for long.
        """
        self._owner = ""  # of a trial that was cut off: to be waited for like anybody's
        give_up = self._clock.monotonic() + _PATIENCE_SECONDS
        while self._clock.monotonic() < give_up:
            try:
                state, etag = await self._settled()
                if state.owner and state.owner == self._owner:
                    return None  # our claim was written after all
                is_free = not state.owner
                if state.owner and self._is_dead(state):
                    state, is_free = brake_rules.buried(state), True
                hold = brake_rules.judge(state, versions, self._now())
                if hold:
                    return hold
                if is_free:
                    await self._claim(state, etag)
                    return None
            except LostRaceError:
                continue
            except StorageDownError:
                return brake_rules.judge(self._known, versions, self._now(), free_trials=1)
            await self._clock.sleep(_POLL_SECONDS)
        return _BUSY

    async def succeeded(self, versions: Versions) -> None:
        """Tell all workers that these versions gave a token."""
        change = partial(brake_rules.succeeded, owner=self._owner, versions=versions, now=self._now())
        await self._settle(change)

    async def refused(self, refusal: Refusal, versions: Versions, wait: float) -> None:
        """Tell all workers what Entra said to these versions, and how many seconds it asks to wait."""
        await self._settle(
            partial(brake_rules.refused, refusal=refusal, versions=versions, now=self._now(), wait=wait)
        )

    async def unanswered(self, versions: Versions) -> None:
        """Tell all workers that the password was sent and no verdict came."""
        await self._settle(partial(brake_rules.unanswered, versions=versions, now=self._now()))

    async def withdrew(self) -> None:
        """Tell all workers that no password was sent after all."""
        await self._settle(lambda state: state)

    def may_look_up(self) -> bool:
        """Return whether this worker may ask the vault for new versions: once a minute.

        Each worker by itself: it is a read that locks nobody, and a write to share it would cost the same.
        """
        if self._clock.monotonic() - self._looked_up < _LOOK_UP_SECONDS:
            return False
        self._looked_up = self._clock.monotonic()
        return True

    async def _claim(self, state: State, etag: str | None) -> None:
        self._owner = uuid.uuid4().hex
        claimed = brake_rules.claimed(state, self._owner, self._now() + _CLAIM_SECONDS)
        await self._table.put(_PARTITION, Write(self._key, to_columns(claimed), etag))
        self._known = claimed

    async def _settle(self, change: Callable[[State], State]) -> None:
        """Apply a trial's end to what we know and to the row; what cannot be written now is owed."""
        owner, self._owner = self._owner, ""

        def end(state: State) -> State:
            return brake_rules.released(change(state), owner)

        self._known = end(self._known)
        self._owed.append(end)
        with suppress(StorageDownError, LostRaceError):
            await self._settled()

    async def _settled(self) -> tuple[State, str | None]:
        """Return the row's state and etag, after what we owe it.

        Raises:
            StorageDownError: It cannot be read; logged once.
            LostRaceError: Somebody else wrote it in between, again and again.
        """
        state = State()

        def pay(row: Row | None) -> Mapping[str, Value] | None:
            nonlocal state
            state = from_columns(row.values) if row else State()
            for end in self._owed:
                state = end(state)
            return to_columns(state) if self._owed else None

        try:
            row = await change(self._table, _PARTITION, self._key, pay, self._clock)
            self._owed.clear()
        except (StorageDownError, ValueError) as error:
            if not self._alone:
                record(_LOG, logging.WARNING, Event.BRAKE_ALONE, reason=type(error).__name__)
            self._alone = True
            raise StorageDownError from error
        self._alone, self._known = False, state
        return state, row.etag if row else None

    def _is_dead(self, state: State) -> bool:
        """Return whether a claim's owner is dead: by the clocks, or seen unmoved for a claim's whole length.

        The second needs no clock of another machine, but a worker that stays.
        """
        owner, since = self._watched
        if owner != state.owner:
            self._watched = (state.owner, self._clock.monotonic())
            return brake_rules.is_over(state, self._now())
        return self._clock.monotonic() - since >= _CLAIM_SECONDS or brake_rules.is_over(state, self._now())

    def _now(self) -> float:
        return self._clock.now().timestamp()
