import asyncio
import re
import socket
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import httpx
import pytest

from dev.functions_host.http_front import _trace, _url
from dev.functions_host.http_messages import BadRequestError, BodyNotReadError, read_body, refusal

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_header_names_arrive_in_lower_case_and_duplicates_joined(client: httpx.Client) -> None:
    """A handler sees one value for each name, as .NET joins them, decoded as UTF-8."""
    headers = [("X-Word", "one"), ("x-word", "two"), ("X-Name", "Åsa")]
    raw = [(name.encode(), value.encode()) for name, value in headers]
    arrived = client.get("/echo", headers=raw).json()["headers"]
    assert (arrived["x-word"], arrived["x-name"]) == ("one,two", "Åsa")


def test_query_values_are_passed_on_including_the_key(client: httpx.Client) -> None:
    """Code is not taken out, duplicates are joined, and empty values are left out."""
    arrived = client.get("/echo?code=k&a=1&a=2&empty=&plus=x+y%26").json()
    assert arrived["query"] == {"code": "k", "a": "1,2", "plus": "x y&"}


def test_query_names_that_differ_in_case_are_one(client: httpx.Client) -> None:
    """Seen on host 4.1037: merged, under the name that came first."""
    assert client.get("/echo?Word=1&word=2").json()["query"] == {"Word": "1,2"}


def test_the_url_is_built_anew(client: httpx.Client) -> None:
    """Scheme, host header, path and query; what looks encoded then is left (seen on host 4.1037)."""
    arrived = client.get("/echo?a=%C3%96", headers={"host": "app.example"}).json()
    assert arrived["url"] == "http://app.example/api/echo?a=%C3%96"
    assert client.get("/users/a%2525b%20%C3%96").text == '{"name": "a%25b \\u00d6"}'
    assert (
        _url({"scheme": "http", "query_string": b""}, "h", "/api/a%2525b%20%C3%96")
        == "http://h/api/a%25b%20%C3%96"
    )


def test_a_body_arrives_byte_for_byte(client: httpx.Client) -> None:
    """No decoding, whatever the content type says."""
    body = b"\xef\xbb\xbf[\xff\x00]"
    arrived = client.post("/echo", content=body, headers={"content-type": "application/json"}).json()
    assert bytes.fromhex(arrived["body"]) == body


def test_a_chunked_body_arrives_empty(client: httpx.Client, exchange: Callable[[bytes], bytes]) -> None:
    """Seen on host 4.1037, also with a length beside it; the connection goes on."""
    arrived = client.post("/echo", content=iter([b"one ", b"two"])).json()
    assert (arrived["headers"]["transfer-encoding"], arrived["body"]) == ("chunked", "")
    head = b"POST /api/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
    answers = exchange(
        head + b"\r\n3\r\none\r\n0\r\n\r\n" + head + b"Connection: close\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
    )
    assert answers.count(b'"body": ""') == 2


def test_expect_continue_is_answered_before_the_body(
    connection: socket.socket, exchange: Callable[[bytes], bytes]
) -> None:
    """A caller that waits for leave to send, as Windows PowerShell does, gets it."""
    connection.sendall(
        b"POST /api/echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
        b"Content-Length: 2\r\nConnection: close\r\n\r\n"
    )
    with connection.makefile("rb") as reader:
        assert reader.readline() == b"HTTP/1.1 100 Continue\r\n"
    assert b'"body": "6f6b"' in exchange(b"ok")


def test_a_body_that_says_it_is_over_the_limit_is_500(exchange: Callable[[bytes], bytes]) -> None:
    """Seen on host 4.1037: refused by its stated length, before any of it is read."""
    answer = exchange(b"POST /api/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 104857601\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")


async def test_a_body_that_turns_out_over_the_limit_is_refused() -> None:
    """A body without a length is counted as it comes, and no more of it is kept."""

    async def endless() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"12345", "more_body": True}

    with pytest.raises(BodyNotReadError):
        await read_body({}, endless, 12)


async def test_a_body_that_stands_still_is_refused() -> None:
    """Seen on host 4.1037: 500 after six seconds."""

    async def stalled() -> MutableMapping[str, Any]:
        return await asyncio.Future()

    with pytest.raises(BodyNotReadError):
        await read_body({"content-length": "9"}, stalled, 12, stalled_seconds=0)


HEADERS = [(b"x-word", b"x" * 1000)]


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        (b"/api/" + b"x" * 9000, [], 414),
        (b"/api/echo?" + b"x" * 9000, [], 414),
        (b"/api/echo", HEADERS * 33, 431),
        (b"/api/echo", [(b"x", b"")] * 101, 431),
        (b"/api/users/a%00b", [], 400),
        (b"/api/echo?a=%00", HEADERS * 31, None),
        (b"/api/" + b"x" * 8000, [(b"x", b"")] * 100, None),
    ],
)
def test_a_head_beyond_the_web_servers_limits_is_refused(
    target: bytes, headers: list[tuple[bytes, bytes]], status: int | None
) -> None:
    """Seen on host 4.1037: 8 KB of address line, 32 KB or 100 of headers; no NUL in a path."""
    refused = refusal("GET", target, headers)
    assert (refused.status if refused else None) == status


def test_what_is_refused_so_is_told(client: httpx.Client) -> None:
    """In front of every function, and of its key."""
    assert client.get("/echo?" + "x" * 9000).status_code == 414
    assert client.get("/echo", headers=[(f"x-{n}", "y") for n in range(101)]).status_code == 431
    assert client.get("/users/a%00b").status_code == 400


async def test_a_caller_who_hangs_up_is_not_served() -> None:
    """Half a body never reaches a function."""
    messages: Iterator[MutableMapping[str, Any]] = iter(
        [{"type": "http.request", "body": b"1", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> MutableMapping[str, Any]:
        return next(messages)

    with pytest.raises(BadRequestError):
        await read_body({}, receive, 12)


def test_a_header_that_is_not_utf8_is_400(exchange: Callable[[bytes], bytes]) -> None:
    """Kestrel decodes headers as UTF-8 and refuses what is not."""
    answer = exchange(b"GET /api/echo HTTP/1.1\r\nHost: h\r\nX-Bad: \xff\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_without_application_insights_there_is_no_trace(client: httpx.Client) -> None:
    """Seen on host 4.1037: not even the caller's. Each call has an invocation id of its own."""
    first = client.get("/echo", headers={"traceparent": TRACE}).json()
    second = client.get("/echo").json()
    assert (first["trace"], second["trace"]) == ("", "")
    assert first["invocation"] != second["invocation"]
    assert re.fullmatch(r"[0-9a-f-]{36}", first["invocation"])


def test_with_it_the_host_has_a_span_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the caller's trace; in a trace of its own if none came (seen on host 4.1037)."""
    monkeypatch.setenv("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=…")
    parent, state = _trace({"traceparent": TRACE, "tracestate": "a=b"})
    assert (parent[:36], parent[52:], state) == (TRACE[:36], "-01", "a=b")
    assert parent != TRACE
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", _trace({})[0])
    assert _trace({"traceparent": "none"})[0][:36] != TRACE[:36]
