"""HTTP messages turned into the worker library's values and back, as the Functions host turns them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from azure_functions_runtime.bindings.datumdef import Datum

BODY_LIMIT = 100 * 1024 * 1024

# What the server writes itself.
_NOT_FORWARDED = frozenset({"content-length", "transfer-encoding", "connection"})
_NO_CONTENT = 204
_NOT_MODIFIED = 304


class BadRequestError(Exception):
    """The request is not one that Azure would let through."""


class BodyTooLargeError(Exception):
    """The body is over the limit."""


@dataclass(frozen=True)
class Response:
    """A response as ASGI wants it; by default with an empty body."""

    status: int
    extra_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """All headers, with the length where a response may have one."""
        if self.status in {_NO_CONTENT, _NOT_MODIFIED}:
            return self.extra_headers
        return [*self.extra_headers, (b"content-length", str(len(self.body)).encode())]


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Pairs as a mapping; values of the same name are joined with a comma, as .NET joins them."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


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
) -> bytes:
    """The whole body, however it is framed.

    Raises:
        BodyTooLargeError: If it is, or says it will be, over the limit.
        BadRequestError: If the caller hung up before its end.
    """
    # Refused before the first receive: that is when the server answers "Expect: 100-continue".
    if int(headers.get("content-length", "0")) > limit:
        raise BodyTooLargeError
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequestError("the caller hung up")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLargeError
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


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
    headers = [
        _header(name, datum.value)
        for name, datum in parts["headers"].items()
        if name.lower() not in _NOT_FORWARDED
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
