"""Sign-in to Graph by ROPC: a service account's password through a confidential client, under the brake."""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mfa_sync import telemetry
from mfa_sync.brake import Brake, Hold, Versions
from mfa_sync.credentials.entra import Credentials, Entra, Granted, NotSent, Refused, Unanswered
from mfa_sync.log import Event, record
from shared.errors import PermanentError, Problem, SettingsError, TransientError

if TYPE_CHECKING:
    from mfa_sync.credentials.entra import Ending
    from mfa_sync.credentials.key_vault import KeyVault
    from mfa_sync.settings import Settings
    from mfa_sync.storage import Table
    from mfa_sync.wires import Wires
    from shared.clock import Clock

_LOG = logging.getLogger(__name__)
_RENEW_BEFORE_SECONDS = 300
_RETRY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A bearer for Graph, masked in its repr.

    Attributes:
        expires: When it ends, on the clock's monotonic scale.
        principals: Object id and UPN of whom it belongs to, case folded.
        value: The token itself.
    """

    expires: float
    principals: frozenset[str]
    value: str = field(repr=False)


class RopcSignIn:
    """Gives the worker's one token, and renews it one at a time. In `table` all workers share the brake."""

    def __init__(self, settings: Settings, vault: KeyVault, clock: Clock, wires: Wires, table: Table) -> None:
        self._settings = settings
        self._vault = vault
        self._clock = clock
        self._entra = Entra(settings, wires)
        self._brake = Brake(table, f"{settings.tenant_id}_{settings.client_id}".lower(), clock)
        self._token: AccessToken | None = None
        self._one_renewal = asyncio.Lock()

    async def token(self, *, rejected: AccessToken | None = None, claims: str | None = None) -> AccessToken:
        """Return a token that is good for some minutes.

        Args:
            rejected: The token that Graph has just answered with 401; it is renewed unless somebody did.
            claims: The claims challenge of that answer.

        Raises:
            PermanentError: Entra refuses the credentials, or the vault refuses us.
            TransientError: Entra or the vault cannot be reached, or another worker's sign-in does not end.
        """
        async with self._one_renewal:
            kept = self._token
            if kept and kept is not rejected and kept.expires > self._clock.monotonic():
                return kept
            given = await self._credentials(fresh=False)
            renewed = await asyncio.to_thread(self._entra.renew, given, claims, force=rejected is not None)
            if isinstance(renewed, NotSent):
                raise _unreachable(renewed)
            self._token = (
                self._accepted(renewed, given) if renewed else await self._by_password(given, claims)
            )
            return self._token

    @telemetry.traced(telemetry.Span.SIGN_IN)
    async def _by_password(self, given: Credentials, claims: str | None) -> AccessToken:
        while True:
            hold = await self._brake.enter(given.versions)
            if hold:
                given = await self._newer(given.versions, hold)
                continue
            ending = await self._try(given, claims)
            if isinstance(ending, Granted):
                return self._accepted(ending, given)
            if isinstance(ending, NotSent | Unanswered):
                raise _unreachable(ending)

    async def _newer(self, refused: Versions, hold: Hold) -> Credentials:
        """Return other versions of the secrets, if the vault has any: looked up once a minute.

        Raises:
            PermanentError, TransientError: What the brake holds for.
        """
        if hold.heals_by_version and self._brake.may_look_up():
            latest = await self._credentials(fresh=True)
            if latest.versions != refused:
                return latest
        raise _stopped(hold)

    async def _try(self, given: Credentials, claims: str | None) -> Ending:
        """Send the password once, and tell the brake how it ended, whatever happens."""
        try:
            ending = await asyncio.to_thread(self._entra.sign_in, given, claims)
        except Exception:
            await self._brake.unanswered(given.versions)
            raise
        match ending:
            case Granted():
                await self._brake.succeeded(given.versions)
            case Refused(refusal, wait):
                await self._brake.refused(refusal, given.versions, wait)
                record(
                    _LOG,
                    logging.ERROR,
                    Event.SIGN_IN_REFUSED,
                    aadsts=refusal.number or None,
                    remedy=refusal.remedy,
                )
            case Unanswered():
                await self._brake.unanswered(given.versions)
            case NotSent():
                await self._brake.withdrew()
        return ending

    async def _credentials(self, *, fresh: bool) -> Credentials:
        names = self._settings.secret_names
        username = await self._vault.secret(names.username, fresh=fresh)
        if "#" in username.value:  # MSAL would send a broken address to the user-realm endpoint
            raise SettingsError((f"the secret {names.username}: a guest's user name cannot sign in by ROPC",))
        return Credentials(
            username,
            await self._vault.secret(names.password, fresh=fresh),
            await self._vault.secret(names.client_secret, fresh=fresh),
        )

    def _accepted(self, granted: Granted, given: Credentials) -> AccessToken:
        answer = granted.answer
        record(_LOG, logging.INFO, Event.SIGNED_IN, source=answer.get("token_source"))
        lifetime = float(answer.get("expires_in", 0))
        own = {given.username.value, str(answer.get("id_token_claims", {}).get("oid", ""))}
        return AccessToken(
            self._clock.monotonic() + max(lifetime - _RENEW_BEFORE_SECONDS, lifetime / 2),
            frozenset(one.casefold() for one in own if one),
            answer["access_token"],
        )


def _unreachable(ending: NotSent | Unanswered) -> TransientError:
    what = "could not be reached" if isinstance(ending, NotSent) else "gave no verdict"
    return TransientError(
        Problem.SIGN_IN_UNAVAILABLE, f"Entra's sign-in {what} ({ending.why}).", retry_after=_RETRY_SECONDS
    )


def _stopped(hold: Hold) -> PermanentError | TransientError:
    refusal = hold.refusal
    meaning = refusal.meaning
    detail = (
        f"AADSTS{refusal.number}: {meaning}." if refusal.number else f"{meaning[0].upper()}{meaning[1:]}."
    )
    if refusal.healing.needs_nobody:
        wait = max(hold.seconds or 0.0, 1.0)
        return TransientError(Problem.SIGN_IN_UNAVAILABLE, detail, retry_after=wait, remedy=refusal.remedy)
    if hold.seconds is not None:
        detail += f" Tried again in {math.ceil(hold.seconds / 60)} minutes at the earliest."
    return PermanentError(
        Problem.SIGN_IN_REFUSED, detail, remedy=refusal.remedy, aadsts=refusal.number or None
    )
