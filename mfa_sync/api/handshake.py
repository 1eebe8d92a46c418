"""Handshakes: secrets in the caller's `Message` header, as in the article that started this."""

from __future__ import annotations

import hmac
from functools import partial

from mfa_sync.telemetry.events import Event, record
from mfa_sync.vault.key_vault import KeyVault
from mfa_sync.vault.rotation import InForce, Rereading, in_force
from mfa_sync.vault.strength import is_strong, too_weak
from shared.clock import Clock, Deadline
from shared.errors import SettingsError

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
        self._secrets = Rereading(self._read, clock)

    async def accepts(self, message: str | None, deadline: Deadline) -> bool:
        """Return whether `message` is the current handshake, or the previous one (if any) before its expiry.

        A missing and a wrong message cost the same work, so that neither tells more than the other.

        Raises:
            SettingsError: The vault holds the article's published sample, a word that can be guessed, or one
                secret for two purposes.
            PermanentError, TransientError: The vault could not be read, or not in time.
        """
        if await self._secrets.accepts(partial(_matches, message), deadline):
            return True
        record(Event.HANDSHAKE_REFUSED, secret=self._name)
        return False

    async def _read(self, fresh: bool) -> InForce:  # noqa: FBT001  as `Rereading` calls it
        secrets = await in_force(self._vault, self._clock, self._name, self._previous, fresh=fresh)
        if secrets.current.strip() == _ARTICLES_OWN:
            raise SettingsError(
                (f"the secret {self._name}: it is the published sample; set one of your own",)
            )
        if not is_strong(secrets.current):
            raise too_weak(self._name)
        for name in self._unlike:
            other = await self._vault.find(name, fresh=fresh)
            if other and hmac.compare_digest(other.value.strip().encode(), secrets.current.strip().encode()):
                raise SettingsError((f"the secret {self._name}: it is the same as {name}; set another one",))
        previous = secrets.previous
        if previous and (previous.strip() == _ARTICLES_OWN or not is_strong(previous)):
            return InForce(secrets.current, None)  # whoever has just turned away from it: it opens nothing
        return secrets


def weakness_of(value: str) -> str:
    """Return why such a handshake opens nothing; empty where it does."""
    if value.strip() == _ARTICLES_OWN:
        return "it is the published sample"
    return "" if is_strong(value) else "it can be guessed"


def _matches(message: str | None, secrets: InForce) -> bool:
    # Bytes, because compare_digest raises on text beyond ASCII; both always, whatever the first says.
    given = (message or "").encode("utf-8", "surrogatepass")
    is_current = hmac.compare_digest(given, secrets.current.encode())
    is_previous = hmac.compare_digest(given, (secrets.previous or secrets.current).encode())
    return is_current or is_previous
