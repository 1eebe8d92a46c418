"""Tokens of the managed identity, from the platform's endpoint, and what it means where there is none.

The platform keeps a token for hours, up to the day that it lasts, and gives the same one to whoever asks
meanwhile; it cannot be told to make another (Microsoft "Managed identities: frequently asked questions").

azure-identity calls every failure "unavailable", and only its text tells the endpoint's own status. The text
is never passed on. Source: azure-identity 1.27, as it behaves; App Service "Managed identities".
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from mfa_sync.settings.transports import Transports
from shared.clock import Clock
from shared.errors import PermanentError, Problem, TransientError

QUICK: Final[dict[str, Any]] = {
    "connection_timeout": 5,
    "read_timeout": 10,
    "retry_total": 2,
    "retry_backoff_factor": 0.3,
}
"""Patience with Azure: the libraries' own blocks for over a minute; a call here has 90 seconds in all."""

ASSIGN: Final = "Assign the managed identity to the app; with several, name one in AZURE_CLIENT_ID."

# The platform sets it where an identity is assigned; without it the library looks for a virtual machine's
# for a minute.
_ENDPOINT: Final = "IDENTITY_ENDPOINT"
_PASSING: Final = re.compile(r"\(\w+\) (429|5\d\d),")
_STATUS: Final = re.compile(r"\(\w+\) (4\d\d),")
_RETRY_SECONDS: Final = 10.0
_LONGEST_SLEEP_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class IdentityToken:
    """A token and the seconds that it still lasts."""

    seconds: float
    value: str = field(repr=False)


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
            raise PermanentError(Problem.SIGN_IN_REFUSED, "This app has no managed identity.", remedy=ASSIGN)
        from azure.core.exceptions import (  # noqa: PLC0415  300 ms that a health probe spares
            AzureError,
            ClientAuthenticationError,
            DecodeError,
        )

        # A new client each time: a former one would answer from its own memory.
        with credential(self._client_id, self._transports, **QUICK) as asked:
            try:
                token = asked.get_token(scope)
            except ClientAuthenticationError as error:
                raise _refusal(error) from None
            except (DecodeError, ValueError):  # no JSON: something stands in between
                raise _later("gave no readable answer") from None
            except AzureError as error:
                raise _later(f"could not be reached ({type(error).__name__})") from None
        return token.token, float(token.expires_on)


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

    return ManagedIdentityCredential(
        client_id=client_id, retry_policy_class=brief_retry(), **patience, **transports.azure_options()
    )


@cache
def brief_retry() -> Any:
    """Return azure-core's class that tries again, made to give up where it is asked to wait for long.

    The library would sleep for as long as it is asked to, hours too, and everybody waits behind it.
    """
    from azure.core.pipeline.policies import RetryPolicy  # noqa: PLC0415  as above

    class BriefRetryPolicy(RetryPolicy[Any, Any]):
        def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
            try:
                asked = self.get_retry_after(response) or 0.0
            except (TypeError, ValueError, OverflowError):  # no number, and no date either
                return False
            return asked <= _LONGEST_SLEEP_SECONDS and bool(super().is_retry(settings, response))

    return BriefRetryPolicy


def is_passing(error: Exception) -> bool:
    """Return whether the endpoint said that it has a fault or throttles."""
    return bool(_PASSING.search(str(error)))


def same_again() -> TransientError:
    """Return what it means that Graph refuses a token, and the platform still gives out that very one."""
    return TransientError(
        Problem.SIGN_IN_UNAVAILABLE,
        "Graph refuses the managed identity's token, and the platform, which keeps tokens for hours, still "
        "gives out the same one.",
        retry_after=600.0,
        remedy="It passes with the token, within a day. Nothing makes the platform renew it sooner; "
        "GRAPH_AUTH=client-secret or ropc signs in without it.",
    )


def _refusal(error: Exception) -> PermanentError | TransientError:
    if is_passing(error):
        return _later("has a fault or throttles")  # a resource that it does not know comes as a 500 too
    found = _STATUS.search(str(error))
    status = f"it answered {found[1]}" if found else "no reason given"
    return PermanentError(
        Problem.SIGN_IN_REFUSED,
        f"The managed identity's endpoint gives no token ({status}).",
        remedy=ASSIGN,
    )


def _later(what: str) -> TransientError:
    return TransientError(
        Problem.SIGN_IN_UNAVAILABLE,
        f"The managed identity's endpoint {what}.",
        remedy="Try again later; if it stays so, check GRAPH_URL and the app's managed identity.",
        retry_after=_RETRY_SECONDS,
    )
