"""Secrets from Key Vault through the managed identity, cached with an expiry."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from mfa_sync.settings.settings import Settings
from mfa_sync.settings.transports import OWN, Transports
from mfa_sync.telemetry.events import Event, record
from mfa_sync.vault import vault_faults
from mfa_sync.vault.identity import QUICK, brief_retry, credential, is_assigned
from shared.clock import Clock
from shared.errors import PermanentError

_CACHE_SECONDS = 300
# A refusal that waits for a person: not asked for by each push, and soon seen to be mended.
_REFUSED_SECONDS = 30
_WARN_BEFORE = timedelta(days=21)
# Key Vault's client repeats a call of the identity that had no answer: two patiences would multiply.
_QUICKER: dict[str, Any] = {**QUICK, "retry_connect": 0, "retry_read": 0}


@dataclass(frozen=True, slots=True)
class Secret:
    """One version of a secret. Its value never shows in a repr."""

    name: str
    version: str
    expires: datetime | None
    value: str = field(repr=False)
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the vault said, and until when that is believed: a secret, none, or a refusal."""

    until: float
    secret: Secret | None = None
    refusal: PermanentError | None = None


class KeyVault:
    """Reads secrets, remembers them for five minutes, and warns of those about to expire.

    A secret that is past its `exp` is served by Key Vault all the same, so it is never refused here for that.
    """

    def __init__(self, settings: Settings, clock: Clock, transports: Transports = OWN) -> None:
        self._settings = settings
        self._clock = clock
        self._transports = transports
        self._client: Any = None
        self._cache: dict[tuple[str, str], _Kept] = {}
        self._one_at_a_time = asyncio.Lock()

    async def secret(self, name: str, *, fresh: bool = False) -> Secret:
        """Return the latest version of a secret, from the vault itself if `fresh`.

        Raises:
            PermanentError: It does not exist, is empty, is disabled, or we may not read it.
            TransientError: The vault or the managed identity could not be reached, or throttles us.
        """
        kept = await self._kept(name, "", fresh=fresh)
        if kept.refusal:
            raise _again(kept.refusal)
        if kept.secret and kept.secret.value.strip():
            return kept.secret
        soon = min(kept.until, self._clock.monotonic() + _REFUSED_SECONDS)
        self._cache[name, ""] = replace(kept, until=soon)
        raise vault_faults.missing(name, "does not exist" if kept.secret is None else "is empty")

    async def find(self, name: str, *, version: str = "", fresh: bool = False) -> Secret | None:
        """Return one version of a secret, by default the latest, or None where there is none.

        A disabled one is none: whoever may do without it has switched it off.

        Raises:
            PermanentError: We may not read it.
            TransientError: The vault or the managed identity could not be reached, or throttles us.
        """
        kept = await self._kept(name, version, fresh=fresh)
        if kept.refusal and not isinstance(kept.refusal, vault_faults.DisabledError):
            raise _again(kept.refusal)
        return kept.secret

    async def _kept(self, name: str, version: str, *, fresh: bool) -> _Kept:
        async with self._one_at_a_time:
            kept = self._cache.get((name, version))
            if kept and not fresh and kept.until > self._clock.monotonic():
                return kept
            try:
                secret = await asyncio.to_thread(self._read, name, version)
            except PermanentError as refusal:
                kept = _Kept(self._clock.monotonic() + _REFUSED_SECONDS, refusal=refusal)
            else:
                kept = _Kept(self._clock.monotonic() + _CACHE_SECONDS, secret)
                self._warn_of_expiry(secret)
            self._cache[name, version] = kept
            return kept

    def _warn_of_expiry(self, secret: Secret | None) -> None:
        names = self._settings.secret_names
        if secret and secret.name in {names.handshake_previous, names.signing_key_previous}:
            return  # made to end soon
        if secret and secret.expires and secret.expires - self._clock.now() < _WARN_BEFORE:
            record(
                Event.SECRET_EXPIRES,
                secret=secret.name,
                version=secret.version,
                expires=secret.expires.isoformat(),
            )

    def _read(self, name: str, version: str) -> Secret | None:
        from azure.core.exceptions import (  # noqa: PLC0415  300 ms of imports that a health probe spares
            AzureError,
            ClientAuthenticationError,
            HttpResponseError,
        )

        had_client = self._client is not None
        try:
            read = self._secrets().get_secret(name, version or None)
        except ClientAuthenticationError as error:  # no token from the identity, or the vault rejects it
            # The identity's library keeps a token for up to a day: one that is rejected must not stay.
            self._client = None
            if had_client:
                return self._read(name, version)
            raise vault_faults.of_identity(error) from error
        except HttpResponseError as error:
            if vault_faults.code_of(error) == vault_faults.NOT_FOUND:
                return None
            raise vault_faults.of_answer(name, error) from error
        except AzureError as error:  # unreachable, or no answer in time
            raise vault_faults.unreachable() from error
        except ValueError as error:
            self._client = None  # its library repeats an answer that it could not read for some seconds
            raise vault_faults.of_shape(error) from error
        made = read.properties
        return Secret(name, made.version or "", made.expires_on, read.value or "", made.created_on)

    def _secrets(self) -> Any:
        if self._client is None:
            if not is_assigned(self._transports):
                raise vault_faults.no_identity()
            from azure.keyvault.secrets import SecretClient  # noqa: PLC0415  as in `_read`

            identity = credential(self._settings.managed_identity_client_id, self._transports, **_QUICKER)
            self._client = SecretClient(
                self._settings.key_vault_url,
                identity,
                retry_policy=brief_retry()(**QUICK),
                **QUICK,
                **self._transports.azure_options(),
            )
        return self._client


def _again(refusal: PermanentError) -> PermanentError:
    """Return a remembered refusal as a new exception: one that was raised before drags its frames along."""
    return PermanentError(refusal.code, refusal.detail, remedy=refusal.remedy)
