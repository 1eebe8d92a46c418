"""Sign-in to Graph as the app's managed identity: app-only, and nothing is stored anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa_sync.sign_in.entra import graph_scope
from mfa_sync.sign_in.token import AccessToken, KeptToken, names_in
from mfa_sync.telemetry.events import Event, record
from mfa_sync.vault.identity import IdentityTokens, same_again
from shared.errors import PermanentError

if TYPE_CHECKING:
    from mfa_sync.settings.settings import Settings
    from mfa_sync.settings.transports import Transports
    from shared.clock import Clock


class ManagedIdentitySignIn:
    """A `SignIn`. There is no password to guess and nobody to lock, so there is no brake."""

    def __init__(self, settings: Settings, clock: Clock, transports: Transports) -> None:
        self._clock = clock
        self._scope = graph_scope(settings)
        self._known_as = settings.managed_identity_client_id
        self._identity = IdentityTokens(settings.managed_identity_client_id, clock, transports)
        self._kept = KeptToken(clock)

    async def token(self, *, rejected: AccessToken | None = None, claims: str | None = None) -> AccessToken:
        """Return the token that is kept, or a new one; the endpoint takes no claims challenge.

        Raises:
            PermanentError: There is no identity, or it is refused.
            TransientError: The endpoint cannot be reached, or still gives out the rejected token.
        """
        del claims
        return await self._kept.get(rejected, lambda: self._ask(rejected))

    async def _ask(self, rejected: AccessToken | None) -> AccessToken:
        try:
            given = await self._identity.token(self._scope)
        except PermanentError as refusal:
            record(Event.SIGN_IN_REFUSED, remedy=refusal.remedy)
            raise
        if rejected and given.value == rejected.value:
            raise same_again()
        record(Event.SIGNED_IN, source="managed identity")
        own = names_in(given.value) or {self._known_as or ""}
        return AccessToken.lasting(given.value, given.seconds, own, self._clock)
