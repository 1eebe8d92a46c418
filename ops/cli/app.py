"""The app over HTTP: each call with its function's key, its answer as a value, its refusal as an error."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import httpx

from ops.cli.ending import CommandError, Exit
from ops.cli.refusals import Refused, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from ops.cli.address import Address
    from ops.cli.credentials import Credentials
    from ops.cli.secret import Secret
    from ops.cli.sign_in import SignIn
    from ops.cli.terminal import Terminal

_CONNECT_SECONDS = 15.0
# The platform ends every answer after 230 seconds.
_READ_SECONDS = 240.0
_OK = range(200, 300)
# Not refusals: with `results` they say what became of rows.
_WITH_RESULTS = frozenset({422, 503})


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
        self.address = address
        self.credentials = credentials
        self.sign_in = sign_in
        self._terminal = terminal
        # Redirects would carry keys elsewhere.
        self._http = httpx.Client(
            base_url=address.url,
            timeout=httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS),
            mounts=direct(address),
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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
        """Return what a function answers to a call with its key.

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
        reply = self.send(Call(method, path, key, message, body=body, query=query))
        if reply.status in _OK or (
            reply.status in _WITH_RESULTS and isinstance(reply.body, dict) and "results" in reply.body
        ):
            if not isinstance(reply.body, dict):
                raise CommandError(
                    Exit.REFUSED, f"{self.address.url} answered {reply.status} without JSON: is it this app?"
                )
            return reply
        raise refusal(
            Refused(function, key.origin, reply.status, reply.body, signed_in=self.sign_in is not None)
        )

    def send(self, call: Call) -> Reply:
        """Return whatever a call is answered.

        Raises:
            CommandError: There is no answer, or no token.
        """
        sent: dict[str, str | bytes] = dict(call.headers or {})
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
                headers=[(name.encode(), _bytes(value)) for name, value in sent.items()],
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


def direct(address: Address) -> dict[str, httpx.BaseTransport | None]:
    """Return what keeps calls to this machine from a proxy of the environment, which is for those outside."""
    return {"http://": None, "https://": None} if address.is_local else {}


def part(text: str) -> str:
    """Return a path's part, escaped."""
    return quote(text, safe="")


def unreachable(url: str, error: httpx.HTTPError) -> CommandError:
    """Return what a call without an answer means. The library's text is left out: it may quote a header."""
    if isinstance(error, httpx.ConnectError):
        if _caused_by(error, ssl.SSLError):
            return CommandError(
                Exit.UNAVAILABLE,
                f"{url}: its certificate is not trusted here.",
                "Behind a proxy that opens TLS, set SSL_CERT_FILE to its certificate.",
            )
        return CommandError(
            Exit.UNAVAILABLE,
            f"{url}: no connection.",
            "Check the address, the network and the access restrictions.",
        )
    if isinstance(error, httpx.TimeoutException):
        return CommandError(
            Exit.UNAVAILABLE,
            f"{url}: no answer in time; whether the call was taken is not known.",
            "Look again.",
        )
    return CommandError(
        Exit.UNAVAILABLE,
        f"{url}: the connection broke ({type(error).__name__}); whether the call was taken is not known.",
        "Look again.",
    )


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
