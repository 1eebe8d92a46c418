"""Signing in to Graph: what every mode gives, and the one token that a worker keeps.

Two classes are a `SignIn`: `BrakedSignIn`, by the grants of `ropc.py` and `client_secret.py`, and
`ManagedIdentitySignIn`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from mfa_sync.telemetry import measures
from shared.clock import Clock

_RENEW_BEFORE_SECONDS = 300
# Who the token is for: the principal's object id, and the app's id by its names in tokens of version 1 and 2.
_OWN_CLAIMS = ("oid", "appid", "azp")
# The one role that writes phones and stops at administrators (Entra "Microsoft Entra built-in roles").
_AUTHENTICATION_ADMINISTRATOR = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
# Roles beside it that write nobody's methods: Directory Readers, Global, Reports and Security Reader; and
# what stands in every member's token and is no role.
_HARMLESS = frozenset(
    {
        "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
        "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
        "4a5d8f65-41da-4de4-8968-e035b65339cf",
        "5d6b6bb7-de71-4623-b4af-96380a352509",
        "b79fbf4d-3ef9-4689-8143-76b194e85509",
    }
)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A bearer for Graph, masked in its repr.

    Attributes:
        expires: When it is to be renewed, on the clock's monotonic scale.
        principals: What its holder is called in the tenant, case folded: for a person who signed in object id
            and UPN, for an app alone the ids of its service principal and of the app.
        value: The token itself.
        rights: The permissions that it holds, of either kind.
        roles: The template ids of the roles over the tenant that it names for its holder, small letters.
        stops_at_administrators: Whether it proves that each role over the tenant which its holder has is one
            that Entra lets write no administrator's phone. It tells of no role over a unit; and an app alone
            is limited by none.
    """

    expires: float
    principals: frozenset[str]
    value: str = field(repr=False)
    rights: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    stops_at_administrators: bool = False

    @classmethod
    def lasting(cls, value: str, seconds: float, own: set[str], clock: Clock) -> AccessToken:
        """Return a token that ends in so many seconds, to be renewed some minutes before."""
        good_for = max(seconds - _RENEW_BEFORE_SECONDS, seconds / 2)
        names = frozenset(one.casefold() for one in own if one)
        claims = _claims_in(value)
        delegated = str(claims.get("scp") or "").split()
        roles = frozenset(one.casefold() for one in _texts(claims, "wids"))
        return cls(
            clock.monotonic() + good_for,
            names,
            value,
            frozenset((*delegated, *_texts(claims, "roles"))),
            roles,
            bool(delegated) and roles - _HARMLESS == {_AUTHENTICATION_ADMINISTRATOR},
        )


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
    """Return what an access token calls its holder; empty where it is none that can be read."""
    claims = _claims_in(token)
    return {claims[name] for name in _OWN_CLAIMS if isinstance(claims.get(name), str)}


def _claims_in(token: str) -> dict[str, Any]:
    """Return what an access token says; empty where it is none that can be read.

    It came to us over TLS from who made it, so its signature is not checked; Graph does that.
    """
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def _texts(claims: dict[str, Any], name: str) -> list[str]:
    found = claims.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
