"""Sign-in to Graph by ROPC with MSAL: a service account's password through a confidential client."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mfa_sync.brake import Brake, Versions
from mfa_sync.credentials.aadsts import Healing, Refusal, refusal_of
from mfa_sync.log import Event, record
from mfa_sync.wires import OWN, Wires
from shared.errors import PermanentError, Problem, SettingsError, TransientError

if TYPE_CHECKING:
    from mfa_sync.credentials.key_vault import KeyVault, Secret
    from mfa_sync.settings import Settings
    from shared.clock import Clock

_LOG = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 20
_RENEW_BEFORE_SECONDS = 300


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


@dataclass(frozen=True, slots=True)
class _Credentials:
    username: Secret
    password: Secret
    client_secret: Secret

    @property
    def versions(self) -> Versions:
        return Versions(self.username.version, self.password.version, self.client_secret.version)


class RopcSignIn:
    """Gives the worker's one token, renews it one at a time, and brakes after refusals."""

    def __init__(self, settings: Settings, vault: KeyVault, clock: Clock, wires: Wires = OWN) -> None:
        self._settings = settings
        self._vault = vault
        self._clock = clock
        self._wires = wires
        self._brake = Brake(clock)
        self._token: AccessToken | None = None
        self._app: tuple[Versions, Any] | None = None
        self._one_renewal = asyncio.Lock()

    async def token(self, *, rejected: AccessToken | None = None, claims: str | None = None) -> AccessToken:
        """Return a token that is good for some minutes.

        Args:
            rejected: The token that Graph has just answered with 401; it is renewed unless somebody did.
            claims: The claims challenge of that answer.

        Raises:
            PermanentError: Entra refuses the credentials, or the vault refuses us.
            TransientError: Entra or the vault cannot be reached.
        """
        async with self._one_renewal:
            kept = self._token
            if kept and kept is not rejected and kept.expires > self._clock.monotonic():
                return kept
            credentials = await self._permitted_credentials()
            self._token = await self._sign_in(credentials, claims, renew=rejected is not None)
            return self._token

    async def _permitted_credentials(self) -> _Credentials:
        credentials = await self._credentials(fresh=self._brake.may_look_up())
        refusal = self._brake.refusal
        if refusal and not self._brake.permits(credentials.versions):
            raise _stopped(refusal)
        return credentials

    async def _credentials(self, *, fresh: bool) -> _Credentials:
        names = self._settings.secret_names
        username = await self._vault.secret(names.username, fresh=fresh)
        if "#" in username.value:  # MSAL would send a broken address to the user-realm endpoint
            raise SettingsError((f"the secret {names.username}: a guest's user name cannot sign in by ROPC",))
        return _Credentials(
            username,
            await self._vault.secret(names.password, fresh=fresh),
            await self._vault.secret(names.client_secret, fresh=fresh),
        )

    async def _sign_in(self, credentials: _Credentials, claims: str | None, *, renew: bool) -> AccessToken:
        answer = await asyncio.to_thread(self._ask, credentials, claims, renew=renew)
        if "access_token" in answer:
            self._brake.release()
            record(_LOG, logging.INFO, Event.SIGNED_IN, source=answer.get("token_source"))
            return self._accepted(answer, credentials)
        refusal = refusal_of(answer)
        self._brake.pull(refusal, credentials.versions)
        self._app = None  # MSAL answers an equal request from memory for a minute; a new client asks
        record(_LOG, logging.ERROR, Event.SIGN_IN_REFUSED, aadsts=refusal.number, remedy=refusal.remedy)
        if refusal.healing in {Healing.NEW_PASSWORD, Healing.NEW_CLIENT_SECRET}:
            # The secret may have been rotated since it was cached: look once, and try once more if so.
            latest = await self._credentials(fresh=True)
            if latest.versions != credentials.versions and self._brake.permits(latest.versions):
                return await self._sign_in(latest, claims, renew=renew)
        raise _stopped(refusal)

    def _accepted(self, answer: dict[str, Any], credentials: _Credentials) -> AccessToken:
        lifetime = float(answer.get("expires_in", 0))
        own = {credentials.username.value, str(answer.get("id_token_claims", {}).get("oid", ""))}
        return AccessToken(
            self._clock.monotonic() + max(lifetime - _RENEW_BEFORE_SECONDS, lifetime / 2),
            frozenset(one.casefold() for one in own if one),
            answer["access_token"],
        )

    def _ask(self, credentials: _Credentials, claims: str | None, *, renew: bool) -> dict[str, Any]:
        """Return MSAL's answer, by refresh token where there is one. Runs in a thread: MSAL blocks."""
        import requests  # noqa: PLC0415  msal brings it
        from msal.exceptions import MsalServiceError  # noqa: PLC0415

        graph = urlsplit(self._settings.graph_url)
        scopes = [f"{graph.scheme}://{graph.netloc}/.default"]
        try:
            app = self._client(credentials)
            for account in app.get_accounts(credentials.username.value):
                silent = app.acquire_token_silent(
                    scopes, account, force_refresh=renew, claims_challenge=claims
                )
                if silent and "access_token" in silent:
                    return dict(silent)
            return dict(
                app.acquire_token_by_username_password(
                    credentials.username.value,
                    credentials.password.value,
                    scopes,
                    claims_challenge=claims,
                )
            )
        except (requests.RequestException, MsalServiceError) as error:
            self._app = None
            # Neither chained nor quoted: their texts and frames hold the form, and so the password.
            raise TransientError(
                Problem.SIGN_IN_UNAVAILABLE,
                f"Entra's sign-in could not be reached or failed ({type(error).__name__}).",
                retry_after=30,
            ) from None
        except RuntimeError:  # a federated account: MSAL raises when WS-Trust refuses the password
            return {"error": "invalid_grant", "error_codes": [50126]}
        except ValueError:  # the authority does not exist, says the OpenID configuration
            self._app = None
            raise PermanentError(
                Problem.SIGN_IN_REFUSED,
                "Entra knows no such tenant.",
                remedy="Correct TENANT_ID or AUTHORITY_HOST.",
                aadsts=90002,
            ) from None

    def _client(self, credentials: _Credentials) -> Any:
        if self._app is None or self._app[0] != credentials.versions:
            import msal  # noqa: PLC0415  120 ms that only a sign-in needs

            app = msal.ConfidentialClientApplication(
                self._settings.client_id,
                client_credential=credentials.client_secret.value,
                authority=f"{self._settings.authority_host}/{self._settings.tenant_id}",
                client_capabilities=["CP1"],
                timeout=_TIMEOUT_SECONDS,
                http_client=self._wires.session,
            )
            self._app = (credentials.versions, app)
        return self._app[1]


def _stopped(refusal: Refusal) -> PermanentError | TransientError:
    named = f"AADSTS{refusal.number}: " if refusal.number else ""
    detail = f"{named}{refusal.meaning}."
    if refusal.healing is Healing.TIME:
        return TransientError(Problem.SIGN_IN_UNAVAILABLE, detail, retry_after=30)
    return PermanentError(
        Problem.SIGN_IN_REFUSED, detail, remedy=refusal.remedy, aadsts=refusal.number or None
    )
