"""Secrets that callers share with us and that are rotated: noticed within a minute, without a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from mfa_sync.vault.key_vault import KeyVault
from shared.clock import Clock, Deadline
from shared.errors import Problem, TransientError

_REREAD_SECONDS, _AFTER_FAILURE_SECONDS = 60, 5


@dataclass(frozen=True, slots=True)
class InForce:
    """The secret, and its predecessor where that one still counts. Neither shows in a repr."""

    current: str = field(repr=False)
    previous: str | None = field(repr=False)


async def in_force(vault: KeyVault, clock: Clock, name: str, previous: str | None, *, fresh: bool) -> InForce:
    """Return what counts now. A predecessor counts until its expiry date, and not without one.

    Raises:
        PermanentError, TransientError: The vault could not be read.
    """
    current = await vault.secret(name, fresh=fresh)
    former = await vault.find(previous, fresh=fresh) if previous else None
    counts = former and former.value.strip() and former.expires and former.expires > clock.now()
    return InForce(current.value, former.value if former and counts else None)


class Rereading:
    """Says that something does not fit only after the vault was asked again, at most once a minute."""

    def __init__(self, read: Callable[[bool], Awaitable[InForce]], clock: Clock) -> None:
        """Take what reads the secrets, told whether to ask the vault itself."""
        self._read = read
        self._clock = clock
        self._again_at = clock.monotonic()
        self._one_at_a_time = asyncio.Lock()
        self._failed: TransientError | None = None

    async def accepts(self, fits: Callable[[InForce], bool], deadline: Deadline) -> bool:
        """Return whether something fits the secrets in force.

        A vault that fails for a while is waited out; what it says after the call's time is remembered for the
        next call.

        Raises:
            PermanentError, TransientError: The vault could not be read, or not in time.
        """
        try:
            return await deadline.waiting_out(lambda: self._accepts(fits))
        except TimeoutError:
            raise TransientError(
                Problem.VAULT_UNAVAILABLE, "Key Vault did not answer within this call's time.", retry_after=30
            ) from None

    async def _accepts(self, fits: Callable[[InForce], bool]) -> bool:
        if fits(await self._read(False)):  # noqa: FBT003  the one thing that a reading is told
            return True
        if await self._may_reread() and fits(await self._reread()):
            return True
        if self._failed:  # the vault may know better, and could not be asked: "wrong" would be a guess
            raise self._failed
        return False

    async def _may_reread(self) -> bool:
        """Return True once a minute: a guesser must not turn us against our own vault."""
        async with self._one_at_a_time:
            if self._clock.monotonic() < self._again_at:
                return False
            self._again_at = self._clock.monotonic() + _REREAD_SECONDS
            return True

    async def _reread(self) -> InForce:
        try:
            secrets = await self._read(True)  # noqa: FBT003  as above
        except TransientError as error:
            self._failed, self._again_at = error, self._clock.monotonic() + _AFTER_FAILURE_SECONDS
            raise
        self._failed = None
        return secrets
