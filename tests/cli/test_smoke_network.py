"""The lines that the network decides: plain http, TLS, and a network that must be kept out."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from dev.stack.local_stack import LocalStack
from tests.cli.front import Answered, Asked, front
from tests.cli.operator import SMOKE, Operator

type Forward = Callable[[Asked], Answered]


@pytest.mark.parametrize(("status", "code"), [(403, 0), (200, 1), (401, 1)])
def test_a_network_that_should_be_refused_is_refused_by_the_platform(
    operator: Operator, stack: LocalStack, status: int, code: int
) -> None:
    """No answer at all may be the network's doing, or a wrong address: it proves nothing."""
    with front(stack.host.url, lambda *_: Answered(status, {}, b"")) as url:
        assert operator("smoke", "--expect-denied", "--url", url).code == code
    nobody = operator("smoke", "--expect-denied", "--strict", "--json", "--url", "http://127.0.0.1:9")
    assert (nobody.code, nobody.lines) == (1, {"access denied": "skip"})


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answered(301, {"location": "https://127.0.0.1/"}, b""), "pass"),
        (Answered(403, {}, b""), "pass"),
        (Answered(302, {"location": "http://127.0.0.1/elsewhere"}, b""), "FAIL"),
        (Answered(200, {}, b""), "FAIL"),
        (None, "pass"),
    ],
)
def test_plain_http_is_redirected_or_refused(
    operator: Operator,
    stack: LocalStack,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    answer: Answered | None,
    status: str,
) -> None:
    """Over TLS with a certificate that is checked; the probe of http carries no key."""
    asked_headers: list[str] = []
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    def plain(asked: Asked, on: Forward) -> Answered:
        del on
        asked_headers.extend(asked.headers)
        return answer or Answered(200, {}, b"")

    with front(stack.host.url, lambda asked, on: on(asked), tls) as url, front(stack.host.url, plain) as http:
        port = http.rpartition(":")[2] if answer else "9"
        untrusted = operator(*SMOKE, "--url", url, "--http-port", port)
        assert untrusted.failed == {"health"}
        assert "certificate is not trusted" in untrusted.out
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        seen = operator(*SMOKE, "--url", url, "--http-port", port)
    assert seen.lines["https only"] == status
    assert seen.lines["storage"] == "pass"
    assert not {"x-functions-key", "message", "authorization"} & set(asked_headers)
