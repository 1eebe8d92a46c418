"""The app over HTTP: where it is, each call with its function's key, its answer as a value."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit

from ops.cli.credentials import Credentials, Secret, SignIn
from ops.cli.refusals import refused, unreachable
from ops.cli.signing import signature
from ops.cli.terminal import CommandError, Exit, Terminal, usage
from ops.cli.vocabulary import PUSH

if TYPE_CHECKING:
    import httpx

_EXAMPLE = "https://contoso-mfa.azurewebsites.net"
_CONNECT_SECONDS = 15.0
# The platform ends every answer after 230 seconds.
_READ_SECONDS = 240.0
_OK = range(200, 300)
# Not refusals: with `results` they say what became of rows.
_WITH_RESULTS = frozenset({HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Address:
    """Where the app is: https, or http on this machine alone.

    Attributes:
        url: Its origin, without a slash at the end.
        host: Its host name.
        is_local: Whether it is this machine.
    """

    url: str
    host: str
    is_local: bool

    @classmethod
    def parse(cls, text: str | None) -> Address:
        """Return the address that was given.

        Raises:
            CommandError: It is missing, or not an address that keys may be sent to. It is not quoted, since
                a copied one may have a key in its query.
        """
        if not text:
            raise usage("The app's address is not given.", f"Set MFA_SYNC_URL={_EXAMPLE}, or give --url.")
        try:
            parts = urlsplit(text.strip())
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise usage("The app's address cannot be read.", f"It looks like {_EXAMPLE}.") from None
        if parts.scheme not in {"https", "http"} or not host:
            raise usage("The app's address is not one of https.", f"It looks like {_EXAMPLE}.")
        if parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/"):
            raise usage(
                "The app's address is to be the host alone, without path, query (keys!) or user.",
                f"It looks like {_EXAMPLE}; keys go into the environment or a file.",
            )
        is_local = _is_loopback(host)
        if parts.scheme == "http" and not is_local:
            raise usage("The app's address is http: keys would travel in the clear.", "Use https.")
        return cls(f"{parts.scheme}://{parts.netloc}", host, is_local)

    def mounts(self) -> dict[str, httpx.BaseTransport | None]:
        """Return what keeps calls to this machine from the environment's proxy, which leads outside."""
        return {"http://": None, "https://": None} if self.is_local else {}


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer.

    Attributes:
        status: Its status.
        headers: Its headers, by names in lower case.
        body: Its JSON; None if it is not JSON.
    """

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str | None:
        """The code of the app's problem document; None if the answer is none, so the platform's perhaps."""
        code = self.body.get("code") if isinstance(self.body, dict) else None
        is_problem = self.headers.get("content-type", "").startswith("application/problem+json")
        return str(code) if code and is_problem else None

    def retry_after(self, otherwise: float) -> float:
        """Return for how many seconds the app asks to wait."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isdecimal() else otherwise


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP call with exactly these credentials.

    Attributes:
        method: GET or POST.
        path: Without its first slash, its parts escaped.
        key: The function's key, or none.
        message: The handshake, or none.
        body: JSON to be; or else
        content: bytes as they are.
        query: The query's names and values.
        headers: Further headers.
        signed_in: Whether a token goes with it, where one can be had.
    """

    method: str
    path: str
    key: Secret | None = None
    message: Secret | None = None
    body: Any = None
    content: bytes | None = None
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    signed_in: bool = True


class App:
    """The deployed or local app."""

    def __init__(
        self, address: Address, credentials: Credentials, terminal: Terminal, sign_in: SignIn | None = None
    ) -> None:
        import httpx

        self.address = address
        self.credentials = credentials
        self.sign_in = sign_in
        self._terminal = terminal
        # Redirects would carry keys elsewhere.
        self._http = httpx.Client(
            base_url=address.url,
            timeout=httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS),
            mounts=address.mounts(),
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(
        self,
        function: str,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        message: Secret | None = None,
    ) -> Reply:
        """Return what a function answers to a call with its key. A push is signed where a key is known.

        Args:
            function: The function's name, whose key is sent.
            method: GET or POST.
            path: Below `/api/`, its parts escaped.
            body: JSON to be.
            query: The query's names and values.
            message: The handshake, where the function wants one.

        Raises:
            CommandError: The app cannot be reached, or refuses the call.
        """
        key = self.credentials.key(function)
        call = Call(method, path, key, message, body=body, query=query)
        if function == PUSH and body is not None and (signing := self.credentials.find("signing")):
            content = json.dumps(body).encode()
            headers = {"Content-Type": "application/json", **signature(signing, content)}
            call = replace(call, body=None, content=content, headers=headers)
        reply = self.send(call)
        says_of_rows = isinstance(reply.body, dict) and "results" in reply.body
        if reply.status not in _OK and not (reply.status in _WITH_RESULTS and says_of_rows):
            raise refused(function, key.origin, reply.status, reply.body, signed_in=self.sign_in is not None)
        if not isinstance(reply.body, dict):
            raise CommandError(
                Exit.REFUSED, f"{self.address.url} answered {reply.status} without JSON: is it this app?"
            )
        return reply

    def approver(self) -> Secret | None:
        """Return the approvers' handshake. With a sign-in nobody is asked for one: it may decide alone."""
        return self.credentials.find("approver") if self.sign_in else self.credentials.need("approver")

    def send(self, call: Call) -> Reply:
        """Return whatever a call is answered.

        Raises:
            CommandError: There is no answer, or no token.
        """
        import httpx

        sent = {name: text.encode() for name, text in (call.headers or {}).items()}
        if call.key:
            sent["x-functions-key"] = call.key.header()
        if call.message:
            sent["Message"] = call.message.header()
        if self.sign_in and call.signed_in:
            sent["Authorization"] = b"Bearer " + self.sign_in.token().header()
        begun = time.monotonic()
        try:
            response = self._http.request(
                call.method,
                f"/{call.path}",
                params=call.query or None,
                headers=[(name.encode(), value) for name, value in sent.items()],
                json=call.body,
                content=call.content,
            )
        except httpx.HTTPError as error:
            raise unreachable(self.address.url, error) from None
        took = (time.monotonic() - begun) * 1000
        self._terminal.trace(f"{call.method} /{call.path} -> {response.status_code} in {took:.0f} ms")
        try:
            answered = response.json()
        except ValueError:
            answered = None
        return Reply(
            response.status_code, {name.lower(): text for name, text in response.headers.items()}, answered
        )


def part(text: str) -> str:
    """Return a path's part, escaped."""
    return quote(text, safe="")


def _is_loopback(host: str) -> bool:
    """Return whether a host name is this machine, without asking anybody."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
