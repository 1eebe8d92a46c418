"""Sign-in to Graph as the app alone, with its client secret, under the brake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa_sync.sign_in.aadsts import THROTTLED
from mfa_sync.sign_in.brake_rules import Versions
from mfa_sync.sign_in.braked import Credentials
from mfa_sync.sign_in.entra import Entra, Refused, Unanswered
from mfa_sync.sign_in.token import names_in

if TYPE_CHECKING:
    from mfa_sync.settings.settings import Settings
    from mfa_sync.settings.transports import Transports
    from mfa_sync.sign_in.client_proof import ProofSource
    from mfa_sync.sign_in.entra import Ending, Granted


class AppGrant:
    """A `Grant` by the app's own secret. Its brake is not the service account's."""

    def __init__(self, settings: Settings, client: ProofSource, transports: Transports) -> None:
        self.key = f"{settings.tenant_id}_{settings.client_id}_app".lower()
        self._client_id = settings.client_id
        self._client = client
        self._entra = Entra(settings, transports)

    async def read(self, *, fresh: bool) -> Credentials:
        """Return the latest version of the secret, from the vault itself if `fresh`.

        Raises:
            PermanentError, TransientError: The vault refuses, or cannot be reached.
        """
        client = await self._client.read(fresh=fresh)
        return Credentials(Versions(client_secret=client.version), client)

    def renew(self, given: Credentials, claims: str | None, *, force: bool) -> None:
        """Return nothing: an app alone gets no refresh token."""

    def send(self, given: Credentials, claims: str | None) -> Ending:
        """Send the secret, once. Blocks."""
        self._entra.forget()  # a former client has the former token in its memory
        ending = self._entra.attempt(
            given.client,
            lambda client, scopes: client.acquire_token_for_client(scopes, claims_challenge=claims),
        )
        # Entra locks no app: a lost verdict costs nothing, and is a fault of the service like another.
        return Refused(THROTTLED) if isinstance(ending, Unanswered) else ending

    def principals(self, given: Credentials, granted: Granted) -> set[str]:
        """Return the app's id, and those that its token names."""
        del given
        return {self._client_id, *names_in(granted.value)}
