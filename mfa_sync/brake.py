"""The brake: after a refused sign-in nothing is tried again until trying can help (design, section 4).

So no sequence of calls locks the service account, and a repair heals by itself. It is kept in the worker's
memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa_sync.credentials.aadsts import Healing, Refusal

if TYPE_CHECKING:
    from shared.clock import Clock

_TRIAL_SECONDS = {Healing.SOMEBODY_ACTS: 600.0, Healing.LOCK_ENDS: 1800.0, Healing.TIME: 10.0}
_LOOK_UP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Versions:
    """Which versions of the secrets a sign-in used."""

    username: str
    password: str
    client_secret: str


class Brake:
    """Remembers the last refusal and says when another sign-in is reasonable."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._refusal: Refusal | None = None
        self._versions: Versions | None = None
        self._since = 0.0
        self._looked_up = float("-inf")

    @property
    def refusal(self) -> Refusal | None:
        """The refusal that is still in force, or None."""
        return self._refusal

    def pull(self, refusal: Refusal, versions: Versions) -> None:
        """Stop after `refusal` of a sign-in with `versions`."""
        self._refusal, self._versions, self._since = refusal, versions, self._clock.monotonic()

    def release(self) -> None:
        """Forget the refusal after a sign-in that succeeded."""
        self._refusal = None

    def may_look_up(self) -> bool:
        """Return whether the vault may be asked for new versions; at most once a minute."""
        if self._refusal is None:
            return False
        if self._clock.monotonic() - self._looked_up < _LOOK_UP_SECONDS:
            return False
        self._looked_up = self._clock.monotonic()
        return True

    def permits(self, versions: Versions) -> bool:
        """Return whether a sign-in with these versions may be tried."""
        if self._refusal is None or self._versions is None:
            return True
        if self._changed(versions):
            return True
        wait = _TRIAL_SECONDS.get(self._refusal.healing)
        return wait is not None and self._clock.monotonic() - self._since >= wait

    def _changed(self, versions: Versions) -> bool:
        """Return whether something was changed that can heal the refusal; a lock heals by time alone."""
        if self._versions is None or self._refusal is None:
            return True
        if self._refusal.healing in {Healing.LOCK_ENDS, Healing.TIME}:
            return False
        if self._refusal.healing is Healing.NEW_CLIENT_SECRET:
            return versions.client_secret != self._versions.client_secret
        if self._refusal.healing is Healing.NEW_PASSWORD:
            return (versions.username, versions.password) != (
                self._versions.username,
                self._versions.password,
            )
        return versions != self._versions
