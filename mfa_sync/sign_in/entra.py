"""One call of MSAL to Entra: what was sent, and what became of it. Blocks: to be called in a thread.

MSAL answers refusals with a dictionary and raises everything else, so what a failure means is read from its
transport: a password that never left cannot have been counted, one that left without a verdict may have been.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from mfa_sync.settings.settings import Settings
from mfa_sync.settings.transports import Transports
from mfa_sync.sign_in.aadsts import FEDERATED, FEDERATED_PASSWORD, THROTTLED, Refusal, refusal_of
from mfa_sync.sign_in.client_proof import ClientProof
from mfa_sync.sign_in.msal_transport import MsalTransport

_NO_SUCH_TENANT: Final = 90002
_NOT_THERE: Final = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
_LATER: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
# What MSAL lets through when an answer has not the shape it expects; SyntaxError is XML's.
_STRANGE: Final = (ValueError, KeyError, TypeError, AttributeError, RuntimeError, SyntaxError)

BROKEN: Final = {"TypeError", "KeyError", "AttributeError"}
"""Of these, what no network and no answer brings about."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A token, as MSAL hands it out.

    Attributes:
        value: The token itself.
        seconds: How long it lasts.
        source: Where MSAL had it from: `identity_provider`, `cache`, ...
        person: Object id of the person who signed in; empty where the answer names none.
    """

    value: str = field(repr=False)
    seconds: float
    source: str | None = None
    person: str = ""

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Granted:
        """Return the token in MSAL's answer."""
        person = answer.get("id_token_claims", {}).get("oid", "")
        lifetime = float(answer.get("expires_in", 0))
        return cls(answer["access_token"], lifetime, answer.get("token_source"), str(person))


@dataclass(frozen=True, slots=True)
class Refused:
    """Entra's verdict, and the seconds that it asks us to wait."""

    refusal: Refusal
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The form was sent, and there is no verdict."""

    why: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Entra could not be reached, or not be understood, before any form was sent."""

    why: str


type Ending = Granted | Refused | Unanswered | NotSent


class Entra:
    """The app registration as a confidential client. One call at a time."""

    def __init__(self, settings: Settings, transports: Transports) -> None:
        self._settings = settings
        self._transport = MsalTransport(transports.session)
        self._msal: Any = None
        self._assertion = ""

    def forget(self) -> None:
        """Let the next call be a new client's: a client answers an equal form from memory for a minute."""
        self._msal = None

    def attempt(self, proof: ClientProof, call: Callable[[Any, list[str]], Any]) -> Ending:
        """Return how a call ended.

        Args:
            proof: What the client proves itself with.
            call: What is asked, of MSAL's client and for which scopes.
        """
        import requests  # noqa: PLC0415  msal brings it
        from msal.exceptions import MsalServiceError  # noqa: PLC0415  see `_client`

        self._transport.begin()
        try:
            answer = call(self._client(proof), [graph_scope(self._settings)]) or {}
        except (requests.RequestException, MsalServiceError, *_STRANGE) as error:
            # Never quoted, and not kept: texts and frames hold the form, and so the password.
            return _ending_of(error, self._transport, in_discovery=self._msal is None)
        if not isinstance(answer, dict):
            return Unanswered("an answer of unknown shape")
        if "access_token" in answer:
            return Granted.of(answer)
        if self._transport.form_status in _LATER:
            return Refused(THROTTLED, self._transport.wait)
        return Refused(refusal_of(answer))

    def _client(self, proof: ClientProof) -> Any:
        self._assertion = proof.value
        if self._msal is None:
            import msal  # noqa: PLC0415  120 ms that only a sign-in needs

            self._msal = msal.ConfidentialClientApplication(
                self._settings.client_id,
                # An assertion lasts for hours and is asked for anew: the client takes that of the moment.
                client_credential={"client_assertion": lambda: self._assertion}
                if proof.is_assertion
                else proof.value,
                authority=f"{self._settings.authority_host}/{self._settings.tenant_id}",
                client_capabilities=["CP1"],
                http_client=self._transport,
            )
        return self._msal


def graph_scope(settings: Settings) -> str:
    """Return the scope that stands for all rights at Graph."""
    graph = urlsplit(settings.graph_url)
    return f"{graph.scheme}://{graph.netloc}/.default"


def _ending_of(error: Exception, transport: MsalTransport, *, in_discovery: bool) -> Ending:
    import requests  # noqa: PLC0415  loaded by `attempt`
    from msal.exceptions import MsalServiceError  # noqa: PLC0415  likewise

    why = type(error).__name__
    if in_discovery:
        known = transport.status not in _NOT_THERE
        return NotSent(why) if known else Refused(refusal_of({"error_codes": [_NO_SUCH_TENANT]}))
    if not transport.has_sent_form:
        is_unfit = isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError)
        return Refused(FEDERATED) if is_unfit and transport.status == HTTPStatus.OK else NotSent(why)
    # AD FS says so in a SOAP fault, for a wrong password and for a locked account alike.
    if isinstance(error, RuntimeError) and "FailedAuthentication" in str(error):
        return Refused(FEDERATED_PASSWORD)
    # So MSAL tells of Entra's own 5xx. A 500 says that it failed; 502 and 504 are a gateway's, behind
    # which the password may have been looked at. A federation server answers refusals by 500 too.
    has_failed = (
        isinstance(error, MsalServiceError | requests.HTTPError)
        and transport.form_status == HTTPStatus.INTERNAL_SERVER_ERROR
    )
    is_later = has_failed or transport.form_status in _LATER
    return Refused(THROTTLED, transport.wait) if is_later else Unanswered(why)
