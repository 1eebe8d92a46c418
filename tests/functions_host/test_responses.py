from collections.abc import Callable

import httpx
import pytest

from dev.functions_host import FunctionsHost


def test_status_headers_cookies_and_body_are_the_functions(client: httpx.Client, host: FunctionsHost) -> None:
    """An asynchronous function's answer is sent as it is, each cookie in a header of its own."""
    answer = client.post("/secured", content=b"\x00\xff", headers={"x-functions-key": host.host_key})
    assert (answer.status_code, answer.content) == (202, b"\x00\xff")
    assert answer.headers["retry-after"] == "7"
    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]


def test_a_string_is_an_answer(client: httpx.Client) -> None:
    """A function may return text instead of a response."""
    answer = client.get("/numbers/7")
    assert (answer.status_code, answer.text) == (200, "7")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_no_content_has_neither_body_nor_length(client: httpx.Client) -> None:
    """A 204 is complete without."""
    answer = client.get("/empty")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("/raises", "RuntimeError: the cause is GET"),
        ("/cancelled", "CancelledError: GET"),
        ("/nothing", 'unsupported type "http" for Python type "NoneType"'),
        ("/forges", "The response header X-One holds a character that may not be sent."),
    ],
)
def test_a_function_that_fails_is_500_and_only_the_log_says_why(
    client: httpx.Client, host: FunctionsHost, path: str, cause: str
) -> None:
    """The caller gets an empty body; the cause is in the host's log."""
    answer = client.get(path)
    assert (answer.status_code, answer.content) == (500, b"")
    assert cause in host.output()


def test_the_traceback_of_a_failure_is_logged(client: httpx.Client, host: FunctionsHost) -> None:
    """It leads to the line in the function."""
    client.get("/raises")
    assert ", in raises\n" in host.output()


def test_the_host_serves_on_after_a_failure(client: httpx.Client) -> None:
    """A failure ends a call and not the host."""
    client.get("/cancelled")
    assert client.get("/echo").status_code == 200


def test_the_connection_stays_open_between_calls(exchange: Callable[[bytes], bytes]) -> None:
    """Two calls on one connection give two answers."""
    call = b"GET /api/numbers/%d HTTP/1.1\r\nHost: h\r\n%s\r\n"
    assert exchange(call % (1, b"") + call % (2, b"Connection: close\r\n")).count(b"HTTP/1.1 200 OK") == 2
