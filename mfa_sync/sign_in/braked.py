"""A sign-in with stored secrets: sent once at a time over all workers, and only when the brake lets it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import Protocol

from mfa_sync.sign_in.brake import Brake
from mfa_sync.sign_in.brake_rules import Hold, Versions
from mfa_sync.sign_in.client_proof import ClientProof
from mfa_sync.sign_in.entra import Ending, Granted, NotSent, Refused, Unanswered
from mfa_sync.sign_in.token import AccessToken, KeptToken
from mfa_sync.storage.table import Table
from mfa_sync.telemetry.events import Event, record
from shared.clock import Clock
from shared.errors import PermanentError, Problem, TransientError

_RETRY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in sends.

    Attributes:
        versions: Which versions of the secrets these are.
        client: What the app proves itself with.
        username: The service account's name; empty for an app alone.
        password: The service account's password; empty for an app alone.
    """

    versions: Versions
    client: ClientProof
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


class Grant(Protocol):
    """One kind of sign-in with stored secrets. `key` names whose brake it is, in the table of all workers."""

    key: str

    async def read(self, *, fresh: bool) -> Credentials:
        """Return the credentials of the moment, from the vault itself if `fresh`.

        Raises:
            PermanentError: The vault refuses, or what it holds cannot sign in.
            TransientError: The vault cannot be reached.
        """
        ...

    def renew(self, given: Credentials, claims: str | None, *, force: bool) -> Granted | NotSent | None:
        """Return what a refresh token gives; None: the secrets must be sent. Blocks.

        A token in MSAL's memory will do unless `force`.
        """
        ...

    def send(self, given: Credentials, claims: str | None) -> Ending:
        """Send the secrets, once. Blocks."""
        ...

    def principals(self, given: Credentials, granted: Granted) -> set[str]:
        """Return what the token's holder is called in the tenant."""
        ...


class BrakedSignIn:
    """A `SignIn` by a grant, under the brake that all workers share in `table`."""

    def __init__(self, grant: Grant, table: Table, clock: Clock) -> None:
        self._grant = grant
        self._brake = Brake(table, grant.key, clock)
        self._clock = clock
        self._kept = KeptToken(clock)

    async def token(self, *, rejected: AccessToken | None = None, claims: str | None = None) -> AccessToken:
        """Return the token that is kept, or a new one: arguments and errors are those of `SignIn.token`."""
        return await self._kept.get(rejected, lambda: self._obtain(claims, force=rejected is not None))

    async def _obtain(self, claims: str | None, *, force: bool) -> AccessToken:
        given = await self._grant.read(fresh=False)
        granted = await asyncio.to_thread(self._grant.renew, given, claims, force=force)
        if isinstance(granted, NotSent):
            raise _unreachable(granted)
        if granted is None:
            granted, given = await self._sign_in(given, claims)
        record(Event.SIGNED_IN, source=granted.source)
        own = self._grant.principals(given, granted)
        return AccessToken.lasting(granted.value, granted.seconds, own, self._clock)

    async def _sign_in(self, given: Credentials, claims: str | None) -> tuple[Granted, Credentials]:
        """Return Entra's answer with a token in it, and the credentials that earned it.

        The vault's newer versions take the place of `given` where those are refused.

        Raises:
            PermanentError: Entra refuses, or the vault refuses us.
            TransientError: Entra or the vault cannot be reached, or another worker's sign-in does not end.
        """
        while True:
            hold = await self._brake.enter(given.versions)
            if hold:
                given = await self._newer(given.versions, hold)
                continue
            ending = await self._try(given, claims)
            if isinstance(ending, Granted):
                return ending, given
            if isinstance(ending, NotSent | Unanswered):
                raise _unreachable(ending)

    async def _newer(self, refused: Versions, hold: Hold) -> Credentials:
        """Return other versions of the secrets, if the vault has any: looked up once a minute.

        Raises:
            PermanentError, TransientError: What the brake holds for.
        """
        if hold.heals_by_version and self._brake.may_look_up():
            latest = await self._grant.read(fresh=True)
            if latest.versions != refused:
                return latest
        raise _stopped(hold)

    async def _try(self, given: Credentials, claims: str | None) -> Ending:
        """Send once, and let the brake know how it ended, whatever happens."""
        try:
            ending = await asyncio.to_thread(self._grant.send, given, claims)
        except Exception as error:
            await self._brake.ended(Unanswered(type(error).__name__), given.versions)
            raise
        await self._brake.ended(ending, given.versions)
        if isinstance(ending, Refused):
            refusal, number = ending.refusal, ending.refusal.number or None
            if refusal.healing.needs_nobody:
                record(Event.SIGN_IN_DELAYED, aadsts=number)
            else:
                record(Event.SIGN_IN_REFUSED, aadsts=number, remedy=refusal.remedy)
        return ending


def _unreachable(ending: NotSent | Unanswered) -> TransientError:
    """Return what it means that Entra gave no verdict."""
    what = "could not be reached" if isinstance(ending, NotSent) else "gave no verdict"
    return TransientError(
        Problem.SIGN_IN_UNAVAILABLE, f"Entra's sign-in {what} ({ending.why}).", retry_after=_RETRY_SECONDS
    )


def _stopped(hold: Hold) -> PermanentError | TransientError:
    """Return what it means that the brake holds."""
    refusal = hold.refusal
    meaning, number = refusal.meaning, refusal.number
    detail = f"AADSTS{number}: {meaning}." if number else f"{meaning[0].upper()}{meaning[1:]}."
    if refusal.healing.needs_nobody:
        wait = max(hold.seconds or 0.0, 1.0)
        return TransientError(Problem.SIGN_IN_UNAVAILABLE, detail, retry_after=wait, remedy=refusal.remedy)
    if hold.seconds is not None:
        detail += f" Tried again in {math.ceil(hold.seconds / 60)} minutes at the earliest."
    return PermanentError(Problem.SIGN_IN_REFUSED, detail, remedy=refusal.remedy, aadsts=number or None)
