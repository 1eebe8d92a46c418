"""Sign-in to Graph by ROPC: a service account's password through a confidential client, under the brake."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mfa_sync.sign_in.brake import Brake, Versions
from mfa_sync.sign_in.braked import BrakedSignIn, unreachable
from mfa_sync.sign_in.entra import BROKEN, Entra, Granted, NotSent, Refused, Unanswered
from mfa_sync.sign_in.token import AccessToken, KeptToken
from mfa_sync.telemetry.events import Event, record
from shared.errors import SettingsError

if TYPE_CHECKING:
    from mfa_sync.settings.settings import SecretNames, Settings
    from mfa_sync.settings.transports import Transports
    from mfa_sync.sign_in.client_proof import ClientProof, ProofSource
    from mfa_sync.sign_in.entra import Ending
    from mfa_sync.storage.table import Table
    from mfa_sync.vault.key_vault import KeyVault, Secret
    from shared.clock import Clock

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PasswordCredentials:
    """What a sign-in by password needs."""

    username: Secret
    password: Secret
    client: ClientProof

    @property
    def versions(self) -> Versions:
        """Which versions of the secrets these are."""
        return Versions(self.username.version, self.password.version, self.client.version)


class PasswordSource:
    """The service account's name and password of Key Vault, and the client's proof."""

    def __init__(self, vault: KeyVault, names: SecretNames, client: ProofSource) -> None:
        self._vault = vault
        self._names = names
        self._client = client

    async def read(self, *, fresh: bool) -> PasswordCredentials:
        """Return the latest versions.

        Raises:
            SettingsError: The user name is one that cannot sign in by ROPC.
            PermanentError, TransientError: The vault, or the source of the proof, refuses or is away.
        """
        username = await self._vault.secret(self._names.username, fresh=fresh)
        if "#" in username.value:  # MSAL would send a broken address to the user-realm endpoint
            raise SettingsError(
                (f"the secret {self._names.username}: a guest's user name cannot sign in by ROPC",)
            )
        return PasswordCredentials(
            username,
            await self._vault.secret(self._names.password, fresh=fresh),
            await self._client.read(fresh=fresh),
        )


class RopcSignIn:
    """Fulfils `SignIn`. In `table` all workers share the brake."""

    def __init__(
        self, settings: Settings, source: PasswordSource, clock: Clock, transports: Transports, table: Table
    ) -> None:
        self._clock = clock
        self._source = source
        self._entra = Entra(settings, transports)
        key = f"{settings.tenant_id}_{settings.client_id}".lower()
        self._braked = BrakedSignIn(Brake(table, key, clock), source)
        self._kept = KeptToken(clock)
        self._renews: Versions | None = None

    async def token(self, *, rejected: AccessToken | None = None, claims: str | None = None) -> AccessToken:
        """Return the service account's token. As in `SignIn`."""
        return await self._kept.get(rejected, lambda: self._obtain(claims, force=rejected is not None))

    async def _obtain(self, claims: str | None, *, force: bool) -> AccessToken:
        given = await self._source.read(fresh=False)
        renewed = await asyncio.to_thread(self._renew, given, claims, force=force)
        if isinstance(renewed, NotSent):
            raise unreachable(renewed)
        if renewed is None:
            renewed, given = await self._braked.sign_in(given, lambda one: self._send(one, claims))
        answer = renewed.answer
        record(_LOG, logging.INFO, Event.SIGNED_IN, source=answer.get("token_source"))
        own = {given.username.value, str(answer.get("id_token_claims", {}).get("oid", ""))}
        lifetime = float(answer.get("expires_in", 0))
        return AccessToken.lasting(answer["access_token"], lifetime, own, self._clock)

    def _renew(
        self, given: PasswordCredentials, claims: str | None, *, force: bool
    ) -> Granted | NotSent | None:
        """Return what the refresh token gives; None where there is none, or Entra no longer takes it.

        No password is sent, so nothing is counted. Blocks.
        """
        if self._renews != given.versions:
            return None

        def silently(client: Any, scopes: list[str]) -> Any:
            for account in client.get_accounts(given.username.value):
                return client.acquire_token_silent(
                    scopes, account, force_refresh=force, claims_challenge=claims
                )
            return None

        match self._entra.attempt(given.client, silently):
            case Granted() as granted:
                return granted
            case Refused(refusal) if not refusal.healing.needs_nobody:
                self._renews = None
                return None
            case NotSent(why) if why in BROKEN:
                # A former answer of an unknown shape is still in MSAL's way: this client renews nothing more.
                self._renews = None
                return None
            case NotSent(why) | Unanswered(why):
                return NotSent(why)
        return NotSent("it throttles")

    def _send(self, given: PasswordCredentials, claims: str | None) -> Ending:
        """Send the password, once. Blocks."""
        self._renews = None
        self._entra.forget()
        ending = self._entra.attempt(
            given.client,
            lambda client, scopes: client.acquire_token_by_username_password(
                given.username.value, given.password.value, scopes, claims_challenge=claims
            ),
        )
        self._renews = given.versions if isinstance(ending, Granted) else None
        return ending
