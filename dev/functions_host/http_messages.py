"""HTTP messages turned into the worker library's values and back, as the Functions host turns them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from azure_functions_runtime.bindings.datumdef import Datum

BODY_LIMIT = 100 * 1024 * 1024

# Kestrel's limits (seen on host 4.1037), in bytes, fields and seconds.
_LONGEST_LINE = 8 * 1024
_LONGEST_HEADERS, _MOST_HEADERS = 32 * 1024, 100
STALLED_SECONDS = 6.0
# What the server writes itself.
_NOT_FORWARDED = frozenset({"transfer-encoding", "connection"})
_NO_CONTENT = 204
_NOT_MODIFIED = 304


class BadRequestError(Exception):
    """The request is not one that Azure would let through."""


class BodyNotReadError(Exception):
    """The body is over the limit, or stands still: the host fails over it, and does not say why."""


@dataclass(frozen=True)
class Response:
    """A response as ASGI wants it; by default with an empty body."""

    status: int
    extra_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """All headers. A body goes out in chunks unless its function gave a length; an empty one has one."""
        headers = [*self.extra_headers, (b"server", b"Kestrel")]
        is_told = any(name == b"content-length" for name, _ in headers)
        if self.body or is_told or self.status in {_NO_CONTENT, _NOT_MODIFIED}:
            return headers
        return [*headers, (b"content-length", b"0")]


def refusal(method: str, target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> Response | None:
    """What Kestrel answers to a request whose head it does not take; None where it does."""
    if len(f"{method}  HTTP/1.1\r\n") + len(target) > _LONGEST_LINE:
        return Response(414)
    length = sum(len(name) + len(value) + len(b": \r\n") for name, value in headers)
    if length > _LONGEST_HEADERS or len(headers) > _MOST_HEADERS:
        return Response(431)
    return Response(400) if b"%00" in target.partition(b"?")[0] else None


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Pairs as a mapping, by names without regard to case; equal names' values are joined with a comma."""
    joined: dict[str, tuple[str, str]] = {}
    for name, value in pairs:
        first, before = joined.get(name.casefold(), (name, None))
        joined[name.casefold()] = first, value if before is None else f"{before},{value}"
    return dict(joined.values())


def request_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The request's headers: names in lower case, values of the same name joined with a comma.

    Raises:
        BadRequestError: If a value is not UTF-8, which Azure's web server, Kestrel, refuses.
    """
    try:
        return _joined((name.decode("latin-1").lower(), value.decode()) for name, value in raw)
    except UnicodeDecodeError as error:
        raise BadRequestError("a header is not UTF-8") from error


async def read_body(
    headers: Mapping[str, str],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    limit: int,
    stalled_seconds: float = STALLED_SECONDS,
) -> bytes:
    """The body as a function gets it: empty if it came in chunks, also with a length beside them.

    Raises:
        BodyNotReadError: If it is over the limit, or stands still.
        BadRequestError: If the caller hung up before its end.
    """
    # Refused before the first receive: that is when the server answers "Expect: 100-continue".
    if int(headers.get("content-length", "0")) > limit:
        raise BodyNotReadError
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        try:
            async with asyncio.timeout(stalled_seconds):
                message = await receive()
        except TimeoutError:
            raise BodyNotReadError from None
        if message["type"] == "http.disconnect":
            raise BadRequestError("the caller hung up")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyNotReadError
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"" if "transfer-encoding" in headers else b"".join(chunks)


def _strings(values: Mapping[str, str]) -> dict[str, Datum]:
    return {name: Datum(value, "string") for name, value in values.items()}


@dataclass(frozen=True)
class Request:
    """A request whose caller may call."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    parameters: Mapping[str, str]
    body: bytes

    def as_datum(self) -> Datum:
        """The request as the library takes it."""
        return Datum(
            {
                "method": Datum(self.method, "string"),
                "url": Datum(self.url, "string"),
                "headers": _strings(self.headers),
                # The source of the Functions host leaves out empty query values for this library.
                "query": _strings({name: value for name, value in _joined(self.query).items() if value}),
                "params": _strings(self.parameters),
                "body": Datum(self.body, "bytes"),
            },
            "http",
        )


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    # Azure's web server refuses to send these, which ends in a 500 rather than in a forged header.
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"The response header {name} holds a character that may not be sent.")
    return name.lower().encode("ascii"), value.encode("ascii")


def response_from(value: Datum | None) -> Response:
    """The response that a function's result stands for.

    Raises:
        ValueError: If it cannot be sent.
    """
    if value is None:
        raise ValueError("The function gave no response.")
    if value.type != "http":
        text = value.value if isinstance(value.value, bytes) else str(value.value).encode()
        return Response(200, [(b"content-type", b"text/plain; charset=utf-8")], text)
    parts = value.value
    # Of a name that stands twice the last counts.
    headers = [
        _header(name, value)
        for name, value in {name.lower(): datum.value for name, datum in parts["headers"].items()}.items()
        if name not in _NOT_FORWARDED
    ]
    # A response may set several cookies, each in a header of its own.
    headers += [
        _header("set-cookie", morsel.OutputString())
        for cookie in parts.get("cookies") or ()
        for morsel in cookie.values()
    ]
    status = int(parts["status_code"].value)
    body = b"" if status in {_NO_CONTENT, _NOT_MODIFIED} else bytes(parts["body"].value)
    return Response(status, headers, body)
