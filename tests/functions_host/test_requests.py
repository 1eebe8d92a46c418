import re
import socket
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import httpx
import pytest

from dev.functions_host.http_messages import BadRequestError, BodyTooLargeError, read_body


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


def test_the_url_is_the_one_the_caller_used(client: httpx.Client) -> None:
    """Scheme, host header, path and query, still encoded."""
    arrived = client.get("/echo?a=%C3%96", headers={"host": "app.example"}).json()
    assert arrived["url"] == "http://app.example/api/echo?a=%C3%96"


def test_a_body_arrives_byte_for_byte(client: httpx.Client) -> None:
    """No decoding, whatever the content type says."""
    body = b"\xef\xbb\xbf[\xff\x00]"
    arrived = client.post("/echo", content=body, headers={"content-type": "application/json"}).json()
    assert bytes.fromhex(arrived["body"]) == body


def test_a_chunked_body_arrives_whole(client: httpx.Client) -> None:
    """A body without a length is put together."""
    arrived = client.post("/echo", content=iter([b"one ", b"two"])).json()
    assert arrived["headers"]["transfer-encoding"] == "chunked"
    assert bytes.fromhex(arrived["body"]) == b"one two"


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


def test_a_body_that_says_it_is_over_the_limit_is_413(exchange: Callable[[bytes], bytes]) -> None:
    """It is refused by its stated length, before any of it is read."""
    answer = exchange(b"POST /api/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 104857601\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_that_turns_out_over_the_limit_is_refused() -> None:
    """A body without a length is counted as it comes, and no more of it is kept."""

    async def endless() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"12345", "more_body": True}

    with pytest.raises(BodyTooLargeError):
        await read_body({}, endless, 12)


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


def test_the_trace_parent_is_passed_through(client: httpx.Client) -> None:
    """A handler's context carries the traceparent header, and each call an invocation id of its own."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    first = client.get("/echo", headers={"traceparent": trace}).json()
    second = client.get("/echo").json()
    assert (first["trace"], second["trace"]) == (trace, "")
    assert first["invocation"] != second["invocation"]
    assert re.fullmatch(r"[0-9a-f-]{36}", first["invocation"])
