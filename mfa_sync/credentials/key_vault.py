"""Secrets from Key Vault through the managed identity, cached with an expiry."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mfa_sync.log import Event, record
from mfa_sync.wires import OWN, Wires
from shared.errors import PermanentError, Problem, TransientError

if TYPE_CHECKING:
    from mfa_sync.settings import Settings
    from shared.clock import Clock

_LOG = logging.getLogger(__name__)
_CACHE_SECONDS = 300
_WARN_BEFORE = timedelta(days=21)
_THROTTLED = 429
_SERVER_FAULT = 500
# azure-identity calls every failure "unavailable"; the endpoint's own status stands in its text alone.
_PASSING = re.compile(r"\(\w+\) (429|5\d\d),")
# The SDKs' own defaults block for over a minute on a dead endpoint; a call here has 90 seconds in all.
_QUICK: dict[str, Any] = {
    "connection_timeout": 5,
    "read_timeout": 10,
    "retry_total": 2,
    "retry_backoff_factor": 0.3,
}


@dataclass(frozen=True, slots=True)
class Secret:
    """One version of a secret. Its value never shows in a repr."""

    name: str
    version: str
    expires: datetime | None
    value: str = field(repr=False)


class KeyVault:
    """Reads secrets, remembers them for five minutes, and warns of those about to expire.

    A secret that is past its `exp` is served by Key Vault all the same, so it is never refused here for that.
    """

    def __init__(self, settings: Settings, clock: Clock, wires: Wires = OWN) -> None:
        self._settings = settings
        self._clock = clock
        self._wires = wires
        self._client: Any = None
        self._cache: dict[tuple[str, str], tuple[float, Secret | None]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def secret(self, name: str, *, fresh: bool = False) -> Secret:
        """Return the latest version of a secret, from the vault itself if `fresh`.

        Raises:
            PermanentError: It does not exist, is empty, is disabled, or we may not read it.
            TransientError: The vault or the managed identity could not be reached, or throttles us.
        """
        found = await self.find(name, fresh=fresh)
        if found is None or not found.value.strip():
            what = "does not exist" if found is None else "is empty"
            raise PermanentError(
                Problem.VAULT_REFUSED,
                f"The secret {name} {what} in Key Vault.",
                remedy=f"Set the secret {name}.",
            )
        return found

    async def find(self, name: str, *, version: str = "", fresh: bool = False) -> Secret | None:
        """Return one version of a secret, by default the latest, or None where there is none.

        Errors as `secret`.
        """
        async with self._one_at_a_time:
            kept = self._cache.get((name, version))
            if kept and not fresh and kept[0] > self._clock.monotonic():
                return kept[1]
            found = await asyncio.to_thread(self._read, name, version)
            self._cache[name, version] = (self._clock.monotonic() + _CACHE_SECONDS, found)
        if found and found.expires and found.expires - self._clock.now() < _WARN_BEFORE:
            record(
                _LOG,
                logging.WARNING,
                Event.SECRET_EXPIRES,
                secret=name,
                version=found.version,
                expires=found.expires.isoformat(),
            )
        return found

    def _read(self, name: str, version: str) -> Secret | None:
        from azure.core.exceptions import (  # noqa: PLC0415  300 ms of imports that a health probe spares
            AzureError,
            ClientAuthenticationError,
            HttpResponseError,
            ResourceNotFoundError,
        )

        had_client = self._client is not None
        try:
            read = self._secrets().get_secret(name, version or None)
        except ResourceNotFoundError:
            return None
        except ClientAuthenticationError as error:  # no token from the identity, or the vault rejects it
            # The identity's library keeps a token for up to a day: one that is rejected must not stay.
            self._client = None
            if had_client:
                return self._read(name, version)
            if _PASSING.search(str(error)):
                raise TransientError(
                    Problem.VAULT_UNAVAILABLE,
                    "The managed identity has a fault or throttles.",
                    retry_after=30,
                ) from error
            raise _identity_refused(error) from error
        except HttpResponseError as error:
            raise _vault_fault(name, error) from error
        except (
            ValueError
        ) as error:  # an identity endpoint in trouble answers what is no JSON, and MSAL reads it
            raise TransientError(
                Problem.VAULT_UNAVAILABLE, "The managed identity gave no readable answer.", retry_after=30
            ) from error
        except AzureError as error:  # unreachable, or no answer in time
            raise TransientError(
                Problem.VAULT_UNAVAILABLE, "Key Vault could not be reached.", retry_after=30
            ) from error
        return Secret(name, read.properties.version or "", read.properties.expires_on, read.value or "")

    def _secrets(self) -> Any:
        if self._client is None:
            from azure.identity import ManagedIdentityCredential  # noqa: PLC0415
            from azure.keyvault.secrets import SecretClient  # noqa: PLC0415

            identity = ManagedIdentityCredential(
                client_id=self._settings.managed_identity_client_id, **_QUICK, **self._wires.azure_options()
            )
            self._client = SecretClient(
                self._settings.key_vault_url, identity, **_QUICK, **self._wires.azure_options()
            )
        return self._client


def _identity_refused(error: Exception) -> PermanentError:
    return PermanentError(
        Problem.VAULT_REFUSED,
        f"The managed identity gave no token that Key Vault takes ({type(error).__name__}).",
        remedy="Assign the managed identity to the app; with several, name one in AZURE_CLIENT_ID.",
    )


_REFUSALS = {
    "SecretDisabled": "Enable the secret's latest version.",
    "ForbiddenByRbac": "Give the managed identity the role Key Vault Secrets User; it takes minutes to act.",
    "ForbiddenByFirewall": "Admit the app's network in the vault's firewall.",
    "ForbiddenByConnection": "Admit the app's network by a private endpoint.",
    "AccessDenied": "Give the managed identity the right to get secrets in the vault's access policy.",
    "ForbiddenByPolicy": "Give the managed identity the right to get secrets in the vault's access policy.",
}


def _vault_fault(name: str, error: Any) -> PermanentError | TransientError:
    status = error.status_code or 0
    if status == _THROTTLED or status >= _SERVER_FAULT:
        return TransientError(
            Problem.VAULT_UNAVAILABLE, f"Key Vault answered {status} for {name}.", retry_after=30
        )
    reason = _inner_code(error)
    return PermanentError(
        Problem.VAULT_REFUSED,
        f"Key Vault answered {status} for the secret {name} ({reason or 'no reason given'}).",
        remedy=_REFUSALS.get(reason, "Check the vault's access for the managed identity."),
    )


def _inner_code(error: Any) -> str:
    """Return the code of the innermost error: 403 alike stands for five causes."""
    try:
        body = error.response.json()["error"]
        inner = body.get("innererror") or body.get("innerError") or {}
        return str(inner.get("code") or body.get("code") or "")
    except (AttributeError, KeyError, TypeError, ValueError):
        return ""
