"""Tokens of the managed identity, from the platform's endpoint.

The platform keeps a token for hours, up to the day that it lasts, and gives the same one to whoever asks
meanwhile; it cannot be told to make another (Microsoft "Managed identities: frequently asked questions").
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mfa_sync.vault import identity_faults

if TYPE_CHECKING:
    from mfa_sync.settings.transports import Transports
    from shared.clock import Clock

# The platform sets it where an identity is assigned; without it the library looks for a virtual machine's
# for a minute.
_ENDPOINT: Final = "IDENTITY_ENDPOINT"

QUICK: Final[dict[str, Any]] = {
    "connection_timeout": 5,
    "read_timeout": 10,
    "retry_total": 2,
    "retry_backoff_factor": 0.3,
}
"""Patience with Azure: the libraries' own blocks for over a minute; a call here has 90 seconds in all."""


@dataclass(frozen=True, slots=True)
class IdentityToken:
    """A token and the seconds that it still lasts."""

    seconds: float
    value: str = field(repr=False)


def is_assigned(transports: Transports) -> bool:
    """Return whether the platform offers an identity at all."""
    return transports.azure is not None or _ENDPOINT in os.environ


def credential(client_id: str | None, transports: Transports, **patience: Any) -> Any:
    """Return Azure's client of the identity, which keeps tokens of its own.

    Args:
        client_id: Which user-assigned identity; None for the system's own.
        transports: What carries its calls.
        patience: Its options.
    """
    from azure.identity import ManagedIdentityCredential  # noqa: PLC0415  300 ms that a health probe spares

    from mfa_sync.vault.brief_retry import BriefRetryPolicy  # noqa: PLC0415  as above

    return ManagedIdentityCredential(
        client_id=client_id, retry_policy_class=BriefRetryPolicy, **patience, **transports.azure_options()
    )


class IdentityTokens:
    """Asks the endpoint each time: who needs a token keeps it."""

    def __init__(self, client_id: str | None, clock: Clock, transports: Transports) -> None:
        self._client_id = client_id
        self._clock = clock
        self._transports = transports

    async def token(self, scope: str) -> IdentityToken:
        """Return the identity's token for `scope`, such as `https://graph.microsoft.com/.default`.

        Raises:
            PermanentError: There is no identity, or it is refused.
            TransientError: The endpoint is unreachable, has a fault or throttles.
        """
        value, expires = await asyncio.to_thread(self._ask, scope)
        return IdentityToken(expires - self._clock.now().timestamp(), value)

    def _ask(self, scope: str) -> tuple[str, float]:
        if not is_assigned(self._transports):
            raise identity_faults.none_assigned()
        from azure.core.exceptions import (  # noqa: PLC0415  as above
            AzureError,
            ClientAuthenticationError,
            DecodeError,
        )

        # A new client each time: a former one would answer from its own memory.
        with credential(self._client_id, self._transports, **QUICK) as asked:
            try:
                token = asked.get_token(scope)
            except ClientAuthenticationError as error:
                raise identity_faults.of(error) from None
            except (DecodeError, ValueError):  # no JSON
                raise identity_faults.unreadable() from None
            except AzureError as error:
                raise identity_faults.unreachable(error) from None
        return token.token, float(token.expires_on)
