"""Handshakes: secrets in the caller's `Message` header, as in the article that started this."""

from __future__ import annotations

import asyncio
import hmac
import logging
from typing import TYPE_CHECKING

from mfa_sync.log import Event, record
from shared.errors import Problem, SettingsError, TransientError

if TYPE_CHECKING:
    from mfa_sync.credentials.key_vault import KeyVault
    from shared.clock import Clock, Deadline

_LOG = logging.getLogger(__name__)
_REREAD_SECONDS, _AFTER_FAILURE_SECONDS = 60, 5
# Published with the article: whoever left it in place has no secret.
_ARTICLES_OWN = "Handshake-message-only-known-between-runbook-and-invoker"


class Handshake:
    """Knows whether a caller knows the secret. A rotated one is noticed within a minute, without restart."""

    def __init__(
        self,
        vault: KeyVault,
        name: str,
        clock: Clock,
        *,
        previous: str | None = None,
        unlike: tuple[str, ...] = (),
    ) -> None:
        """Take the secret's name, that of its predecessor, and those of secrets that it must not equal."""
        self._vault = vault
        self._name = name
        self._previous = previous
        self._unlike = unlike
        self._clock = clock
        self._reread_at = clock.monotonic()
        self._reread = asyncio.Lock()
        self._failed: TransientError | None = None

    async def accepts(self, message: str | None) -> bool:
        """Return whether `message` is the current handshake, or the previous one (if any) before its expiry.

        A missing and a wrong message cost the same work, so that neither tells more than the other.

        Raises:
            SettingsError: The vault holds the article's published sample, or one secret for two purposes.
            PermanentError, TransientError: The vault could not be read.
        """
        if self._matches(message, await self._candidates(fresh=False)):
            return True
        if await self._may_reread() and self._matches(message, await self._reread_candidates()):
            return True
        if self._failed:  # the vault may know better, and could not be asked: "wrong" would be a guess
            raise self._failed
        record(_LOG, logging.WARNING, Event.HANDSHAKE_REFUSED, secret=self._name)
        return False

    async def accepts_within(self, message: str | None, deadline: Deadline) -> bool:
        """Return the same, if the vault lets it be known in time.

        Raises:
            TransientError: It does not; or else as `accepts`.
        """
        try:
            return await deadline.bound(self.accepts(message))
        except TimeoutError:
            raise TransientError(
                Problem.VAULT_UNAVAILABLE, "Key Vault did not answer within this call's time.", retry_after=30
            ) from None

    async def _may_reread(self) -> bool:
        """Return True once a minute: a guesser must not turn us against our own vault."""
        async with self._reread:
            if self._clock.monotonic() < self._reread_at:
                return False
            self._reread_at = self._clock.monotonic() + _REREAD_SECONDS
            return True

    async def _reread_candidates(self) -> tuple[str, str | None]:
        try:
            candidates = await self._candidates(fresh=True)
        except TransientError as error:
            self._failed, self._reread_at = error, self._clock.monotonic() + _AFTER_FAILURE_SECONDS
            raise
        self._failed = None
        return candidates

    async def _candidates(self, *, fresh: bool) -> tuple[str, str | None]:
        current = await self._vault.secret(self._name, fresh=fresh)
        previous = await self._vault.find(self._previous, fresh=fresh) if self._previous else None
        if current.value.strip() == _ARTICLES_OWN:
            raise SettingsError(
                (f"the secret {self._name}: it is the published sample; set one of your own",)
            )
        for name in self._unlike:
            other = await self._vault.find(name, fresh=fresh)
            if other and hmac.compare_digest(other.value.strip().encode(), current.value.strip().encode()):
                raise SettingsError((f"the secret {self._name}: it is the same as {name}; set another one",))
        counts = previous and previous.value.strip() and previous.expires
        if previous and counts and previous.expires and previous.expires > self._clock.now():
            return current.value, previous.value
        return current.value, None

    @staticmethod
    def _matches(message: str | None, candidates: tuple[str, str | None]) -> bool:
        # Bytes, because compare_digest raises on text beyond ASCII; both always, whatever the first says.
        given = (message or "").encode("utf-8", "surrogatepass")
        current, previous = candidates
        is_current = hmac.compare_digest(given, current.encode())
        is_previous = hmac.compare_digest(given, (previous or current).encode())
        return is_current or is_previous
