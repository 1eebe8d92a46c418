"""Signing in to Graph: what every mode gives, and the one token that a worker keeps.

Two classes are a `SignIn`: `BrakedSignIn`, by the grants of `ropc.py` and `client_secret.py`, and
`ManagedIdentitySignIn`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mfa_sync.telemetry import measures

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any

    from shared.clock import Clock

_RENEW_BEFORE_SECONDS = 300
# Who the token is for: the principal's object id, and the app's id by its names in tokens of version 1 and 2.
_OWN_CLAIMS = ("oid", "appid", "azp")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A bearer for Graph, masked in its repr.

    Attributes:
        expires: When it is to be renewed, on the clock's monotonic scale.
        principals: What its holder is called in the tenant, case folded: for a person who signed in object id
            and UPN, for an app alone the ids of its service principal and of the app.
        value: The token itself.
    """

    expires: float
    principals: frozenset[str]
    value: str = field(repr=False)

    @classmethod
    def lasting(cls, value: str, seconds: float, own: set[str], clock: Clock) -> AccessToken:
        """Return a token that ends in so many seconds, to be renewed some minutes before."""
        good_for = max(seconds - _RENEW_BEFORE_SECONDS, seconds / 2)
        names = frozenset(one.casefold() for one in own if one)
        return cls(clock.monotonic() + good_for, names, value)


class SignIn(Protocol):
    """Whatever signs in."""

    def token(
        self, *, rejected: AccessToken | None = None, claims: str | None = None
    ) -> Coroutine[Any, Any, AccessToken]:
        """Return a token that is good for some minutes.

        Args:
            rejected: The token that Graph has just answered with 401; it is renewed unless somebody did.
            claims: The claims challenge of that answer.

        Raises:
            PermanentError: We are refused, and a person must act.
            TransientError: Who gives the tokens cannot be reached; or another worker's sign-in does not end.
        """
        ...


class KeptToken:
    """The worker's one token, renewed by one call at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._token: AccessToken | None = None
        self._one_renewal = asyncio.Lock()

    async def get(
        self, rejected: AccessToken | None, renew: Callable[[], Awaitable[AccessToken]]
    ) -> AccessToken:
        """Return the token that is kept, or what `renew` gives if it is old, or the rejected one."""
        async with self._one_renewal:
            kept = self._token
            if kept and kept is not rejected and kept.expires > self._clock.monotonic():
                return kept
            async with measures.span(measures.Span.SIGN_IN):
                self._token = await renew()
            return self._token


def names_in(token: str) -> set[str]:
    """Return what an access token calls its holder; empty where it is none that can be read.

    It came to us over TLS from who made it, so its signature is not checked; Graph does that.
    """
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return set()
    if not isinstance(claims, dict):
        return set()
    return {claims[name] for name in _OWN_CLAIMS if isinstance(claims.get(name), str)}
