"""Sign-in to Graph by ROPC: a service account's password through a confidential client, under the brake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfa_sync.sign_in.brake_rules import Versions
from mfa_sync.sign_in.braked import Credentials
from mfa_sync.sign_in.entra import BROKEN, Entra, Granted, NotSent, Refused, Unanswered
from shared.errors import SettingsError

if TYPE_CHECKING:
    from mfa_sync.settings.settings import Settings
    from mfa_sync.settings.transports import Transports
    from mfa_sync.sign_in.client_proof import ProofSource
    from mfa_sync.sign_in.entra import Ending
    from mfa_sync.vault.key_vault import KeyVault


class PasswordGrant:
    """A `Grant` by the service account's name and password of Key Vault, and the client's proof."""

    def __init__(
        self, settings: Settings, vault: KeyVault, client: ProofSource, transports: Transports
    ) -> None:
        self.key = f"{settings.tenant_id}_{settings.client_id}".lower()
        self._vault = vault
        self._names = settings.secret_names
        self._client = client
        self._entra = Entra(settings, transports)
        self._renews: Versions | None = None

    async def read(self, *, fresh: bool) -> Credentials:
        """Return the credentials of the moment, from the vault itself if `fresh`.

        Raises:
            SettingsError: The user name is one that cannot sign in by ROPC.
            PermanentError, TransientError: The vault, or the source of the proof, refuses or is away.
        """
        username = await self._vault.secret(self._names.username, fresh=fresh)
        if "#" in username.value:  # MSAL would send a broken address to the user-realm endpoint
            raise SettingsError(
                (f"the secret {self._names.username}: a guest's user name cannot sign in by ROPC",)
            )
        password = await self._vault.secret(self._names.password, fresh=fresh)
        client = await self._client.read(fresh=fresh)
        versions = Versions(username.version, password.version, client.version)
        return Credentials(versions, client, username.value, password.value)

    def renew(self, given: Credentials, claims: str | None, *, force: bool) -> Granted | NotSent | None:
        """Return what the refresh token gives; None where there is none, or Entra no longer takes it.

        No password is sent, so nothing is counted. Blocks.
        """
        if self._renews != given.versions:
            return None

        def silently(client: Any, scopes: list[str]) -> Any:
            for account in client.get_accounts(given.username):
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

    def send(self, given: Credentials, claims: str | None) -> Ending:
        """Send the password, once. Blocks."""
        self._renews = None
        self._entra.forget()
        ending = self._entra.attempt(
            given.client,
            lambda client, scopes: client.acquire_token_by_username_password(
                given.username, given.password, scopes, claims_challenge=claims
            ),
        )
        self._renews = given.versions if isinstance(ending, Granted) else None
        return ending

    def principals(self, given: Credentials, granted: Granted) -> set[str]:
        """Return the service account's name and object id."""
        return {given.username, granted.person}
