"""One sign-in through MSAL: what was sent, and what became of it. Blocks: to be called in a thread.

MSAL answers refusals with a dictionary and raises everything else, so what a failure means is read from the
line: a password that never left cannot have been counted, one that left without a verdict may have been.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from mfa_sync.brake_state import Versions
from mfa_sync.credentials.aadsts import FEDERATED, FEDERATED_PASSWORD, THROTTLED, Refusal, refusal_of
from mfa_sync.credentials.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from mfa_sync.credentials.key_vault import Secret
    from mfa_sync.settings import Settings
    from mfa_sync.wires import Wires

_NO_SUCH_TENANT: Final = 90002
_NOT_THERE: Final = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
_LATER: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
# What MSAL lets through when an answer has not the shape it expects; SyntaxError is XML's.
_STRANGE: Final = (ValueError, KeyError, TypeError, AttributeError, RuntimeError, SyntaxError)

# Of these, what no network and no answer brings about.
_BROKEN: Final = {"TypeError", "KeyError", "AttributeError"}


@dataclass(frozen=True, slots=True)
class Granted:
    """MSAL's answer with a token in it."""

    answer: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """Entra's verdict, and the seconds that it asks us to wait."""

    refusal: Refusal
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The password was sent, and there is no verdict."""

    why: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Entra could not be reached, or not be understood, before any password was sent."""

    why: str


type Ending = Granted | Refused | Unanswered | NotSent


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in by password needs."""

    username: Secret
    password: Secret
    client_secret: Secret

    @property
    def versions(self) -> Versions:
        """Which versions of the secrets these are."""
        return Versions(self.username.version, self.password.version, self.client_secret.version)


class Entra:
    """A confidential client, and the refresh token it was given. One call at a time."""

    def __init__(self, settings: Settings, wires: Wires) -> None:
        self._settings = settings
        self._line = Line(wires.session)
        self._msal: Any = None
        self._renews: Versions | None = None

    def renew(self, given: Credentials, claims: str | None, *, force: bool) -> Granted | NotSent | None:
        """Return what the refresh token gives; None where there is none, or Entra no longer takes it.

        No password is sent, so nothing is counted.
        """
        if self._renews != given.versions:
            return None
        match self._attempt(lambda: self._silently(given, claims, force=force)):
            case Granted() as granted:
                return granted
            case Refused(refusal) if not refusal.healing.needs_nobody:
                self._renews = None
                return None
            case NotSent(why) if why in _BROKEN:
                # A former answer of an unknown shape is still in MSAL's way: this client renews nothing more.
                self._renews = None
                return None
            case NotSent(why) | Unanswered(why):
                return NotSent(why)
        return NotSent("it throttles")

    def sign_in(self, given: Credentials, claims: str | None) -> Ending:
        """Send the password, once."""
        # MSAL answers an equal form from memory for a minute and more; a new client asks.
        self._msal = self._renews = None
        ending = self._attempt(
            lambda: self._client(given).acquire_token_by_username_password(
                given.username.value, given.password.value, self._scopes, claims_challenge=claims
            )
        )
        self._renews = given.versions if isinstance(ending, Granted) else None
        return ending

    def _silently(self, given: Credentials, claims: str | None, *, force: bool) -> Any:
        for account in self._client(given).get_accounts(given.username.value):
            return self._msal.acquire_token_silent(
                self._scopes, account, force_refresh=force, claims_challenge=claims
            )
        return None

    def _attempt(self, call: Callable[[], Any]) -> Ending:
        import requests  # noqa: PLC0415  msal brings it
        from msal.exceptions import MsalServiceError  # noqa: PLC0415  see `_client`

        self._line.begin()
        try:
            answer = call() or {}
        except (requests.RequestException, MsalServiceError, *_STRANGE) as error:
            # Never quoted, and not kept: texts and frames hold the form, and so the password.
            return _ending_of(error, self._line, in_discovery=self._msal is None)
        if not isinstance(answer, dict):
            return Unanswered("an answer of unknown shape")
        if "access_token" in answer:
            return Granted(answer)
        if self._line.form_status in _LATER:
            return Refused(THROTTLED, self._line.wait)
        return Refused(refusal_of(answer))

    def _client(self, given: Credentials) -> Any:
        if self._msal is None:
            import msal  # noqa: PLC0415  120 ms that only a sign-in needs

            self._msal = msal.ConfidentialClientApplication(
                self._settings.client_id,
                client_credential=given.client_secret.value,
                authority=f"{self._settings.authority_host}/{self._settings.tenant_id}",
                client_capabilities=["CP1"],
                http_client=self._line,
            )
        return self._msal

    @property
    def _scopes(self) -> list[str]:
        graph = urlsplit(self._settings.graph_url)
        return [f"{graph.scheme}://{graph.netloc}/.default"]


def _ending_of(error: Exception, line: Line, *, in_discovery: bool) -> Ending:
    why = type(error).__name__
    if in_discovery:
        known = line.status not in _NOT_THERE
        return NotSent(why) if known else Refused(refusal_of({"error_codes": [_NO_SUCH_TENANT]}))
    if not line.has_sent_password:
        is_unfit = isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError)
        return Refused(FEDERATED) if is_unfit and line.status == HTTPStatus.OK else NotSent(why)
    # AD FS says so in a SOAP fault, for a wrong password and for a locked account alike.
    if isinstance(error, RuntimeError) and "FailedAuthentication" in str(error):
        return Refused(FEDERATED_PASSWORD)
    return Refused(THROTTLED, line.wait) if line.form_status in _LATER else Unanswered(why)
