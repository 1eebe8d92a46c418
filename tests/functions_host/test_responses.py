from collections.abc import Callable

import httpx
import pytest

from dev.functions_host import FunctionsHost, HostOptions
from tests.functions_host.conftest import APPS


def test_status_headers_cookies_and_body_are_the_functions(client: httpx.Client, host: FunctionsHost) -> None:
    """An asynchronous function's answer is sent as it is, each cookie in a header of its own."""
    answer = client.post("/secured", content=b"\x00\xff", headers={"x-functions-key": host.host_key})
    assert (answer.status_code, answer.content) == (202, b"\x00\xff")
    assert answer.headers["retry-after"] == "7"
    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]


def test_the_web_server_names_itself_and_sends_in_chunks(client: httpx.Client) -> None:
    """Seen on host 4.1037: chunked unless empty, or with the length that the function gave."""
    answer = client.get("/numbers/7")
    assert (answer.headers["server"], answer.headers["transfer-encoding"]) == ("Kestrel", "chunked")
    assert client.get("/nowhere").headers["content-length"] == "0"
    measured = client.get("/measured")
    assert (measured.headers["content-length"], measured.text) == ("2", "ok")


def test_of_two_headers_of_one_name_the_last_is_sent(client: httpx.Client) -> None:
    """Seen on host 4.1037, with `Vary`; cookies are each their own."""
    assert client.get("/measured").headers.get_list("vary") == ["Accept"]


def test_a_string_is_an_answer(client: httpx.Client) -> None:
    """A function may return text instead of a response."""
    answer = client.get("/numbers/7")
    assert (answer.status_code, answer.text) == (200, "7")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_no_content_has_neither_body_nor_length(client: httpx.Client) -> None:
    """A 204 is complete without; its content type is sent all the same (seen on host 4.1037)."""
    answer = client.get("/empty")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "content-length" not in answer.headers


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("/raises", "RuntimeError: the cause is GET"),
        ("/nothing", 'unsupported type "http" for Python type "NoneType"'),
        ("/forges", "The response header x-one holds a character that may not be sent."),
    ],
)
def test_a_function_that_fails_is_500_and_only_the_log_says_why(
    client: httpx.Client, host: FunctionsHost, path: str, cause: str
) -> None:
    """The caller gets an empty body; the cause is in the host's log."""
    answer = client.get(path)
    assert (answer.status_code, answer.content) == (500, b"")
    assert cause in host.output()


def test_what_no_exception_ends_is_never_answered() -> None:
    """Seen on host 4.1037: the library catches `Exception` alone; the host waits until functionTimeout."""
    options = HostOptions(function_timeout_seconds=0.2)
    with FunctionsHost(APPS / "sample", options=options) as impatient:
        answer = httpx.get(f"{impatient.url}/api/cancelled", trust_env=False, timeout=60)
        assert (answer.status_code, answer.content) == (500, b"")
        output = impatient.output()
    assert "CancelledError ended 'cancelled', which nothing answers" in output
    assert "(Failed" in output
    assert "FunctionTimeoutException: over 0.2 seconds" in output


def test_the_traceback_of_a_failure_is_logged(client: httpx.Client, host: FunctionsHost) -> None:
    """It leads to the line in the function."""
    client.get("/raises")
    assert ", in raises\n" in host.output()


def test_the_host_serves_on_after_a_failure(client: httpx.Client) -> None:
    """A failure ends a call and not the host."""
    client.get("/raises")
    assert client.get("/echo").status_code == 200


def test_the_connection_stays_open_between_calls(exchange: Callable[[bytes], bytes]) -> None:
    """Two calls on one connection give two answers."""
    call = b"GET /api/numbers/%d HTTP/1.1\r\nHost: h\r\n%s\r\n"
    assert exchange(call % (1, b"") + call % (2, b"Connection: close\r\n")).count(b"HTTP/1.1 200 OK") == 2
