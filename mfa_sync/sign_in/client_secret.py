"""Sign-in to Graph as the app alone, with its client secret, under the brake."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa_sync.sign_in.aadsts import THROTTLED
from mfa_sync.sign_in.brake import Brake, Versions
from mfa_sync.sign_in.braked import BrakedSignIn
from mfa_sync.sign_in.entra import Entra, Refused, Unanswered
from mfa_sync.sign_in.token import AccessToken, KeptToken, names_in
from mfa_sync.telemetry.events import Event, record

if TYPE_CHECKING:
    from mfa_sync.settings.settings import Settings
    from mfa_sync.settings.transports import Transports
    from mfa_sync.sign_in.client_proof import ClientProof, ProofSource
    from mfa_sync.sign_in.entra import Ending
    from mfa_sync.storage.table import Table
    from shared.clock import Clock

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """What an app alone signs in with."""

    client: ClientProof

    @property
    def versions(self) -> Versions:
        """Which version of the secret it is."""
        return Versions(client_secret=self.client.version)


class AppSource:
    """The app's proof as credentials."""

    def __init__(self, client: ProofSource) -> None:
        self._client = client

    async def read(self, *, fresh: bool) -> AppCredentials:
        """Return the latest version. Errors as the source's."""
        return AppCredentials(await self._client.read(fresh=fresh))


class ClientSecretSignIn:
    """Fulfils `SignIn`. In `table` all workers share the brake, which is not the service account's."""

    def __init__(
        self, settings: Settings, source: AppSource, clock: Clock, transports: Transports, table: Table
    ) -> None:
        self._clock = clock
        self._client_id = settings.client_id
        self._source = source
        self._entra = Entra(settings, transports)
        key = f"{settings.tenant_id}_{settings.client_id}_app".lower()
        self._braked = BrakedSignIn(Brake(table, key, clock), source)
        self._kept = KeptToken(clock)

    async def token(self, *, rejected: AccessToken | None = None, claims: str | None = None) -> AccessToken:
        """Return the app's token. As in `SignIn`."""
        return await self._kept.get(rejected, lambda: self._obtain(claims))

    async def _obtain(self, claims: str | None) -> AccessToken:
        given = await self._source.read(fresh=False)
        granted, _ = await self._braked.sign_in(given, lambda one: self._send(one, claims))
        answer = granted.answer
        record(_LOG, logging.INFO, Event.SIGNED_IN, source=answer.get("token_source"))
        value, lifetime = answer["access_token"], float(answer.get("expires_in", 0))
        own = {self._client_id, *names_in(value)}
        return AccessToken.lasting(value, lifetime, own, self._clock)

    def _send(self, given: AppCredentials, claims: str | None) -> Ending:
        """Send the secret, once. Blocks."""
        self._entra.forget()  # a former client has the former token in its memory
        ending = self._entra.attempt(
            given.client,
            lambda client, scopes: client.acquire_token_for_client(scopes, claims_challenge=claims),
        )
        # Entra locks no app: a lost verdict costs nothing, and is a fault of the service like another.
        return Refused(THROTTLED) if isinstance(ending, Unanswered) else ending
