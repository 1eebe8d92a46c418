"""The proof after a deployment: green on the real app, and each line red where its subject is broken."""

from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from dev.tenant import sample
from tests.cli.front import Answered, Asked, front

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dev.stack.local_stack import LocalStack
    from tests.cli.front import Twist
    from tests.cli.operator import Operator, Seen

    type Forward = Callable[[Asked], Answered]
    type Break = Callable[[LocalStack], Twist]

USER = "bo.same@contoso.com"
SMOKE = ("smoke", "--user", USER, "--json")


def lines(seen: Seen) -> dict[str, str]:
    """Return each line's status by its name."""
    return {line["name"]: line["status"] for line in seen.json["lines"]}


def failed(seen: Seen) -> set[str]:
    """Return the lines that failed."""
    return {name for name, status in lines(seen).items() if status == "FAIL"}


def test_a_sound_app_is_green_and_nothing_was_written(operator: Operator, stack: LocalStack) -> None:
    """What cannot be proved here is said so, and --strict does not take it."""
    phones = stack.tenant.control.mobiles()
    stack.tenant.control.clear_log()
    runs = operator("runs", "list", "--all", "--json").json
    seen = operator(*SMOKE)
    assert seen.code == 0, seen.all
    assert lines(seen) == {
        "health": "pass",
        "https only": "skip",
        "function keys": "pass",
        "separate keys": "pass",
        "handshake": "pass",
        "approver": "pass",
        "forged principal": "pass",
        "storage": "pass",
        "dry run": "pass",
        "schedule": "pass",
    }
    assert "14 functions" in seen.out
    assert operator("runs", "list", "--all", "--json").json == runs
    assert stack.tenant.control.mobiles() == phones
    writes = [
        entry
        for entry in stack.tenant.control.log()
        if entry["host"] == "graph.microsoft.com" and entry["method"] not in {"GET", "POST"}
    ]
    assert writes == []
    assert operator(*SMOKE, "--strict").code == 1
    readable = operator("smoke", "--user", USER)
    assert (readable.code, "9 passed, 0 failed, 1 not proved" in readable.out) == (0, True)


def _health_down(stack: LocalStack) -> Twist:
    del stack
    return lambda asked, on: Answered(503, {}, b"") if asked.path == "/api/health" else on(asked)


def _no_keys_needed(stack: LocalStack) -> Twist:
    def twist(asked: Asked, on: Forward) -> Answered:
        asked.headers.setdefault("x-functions-key", stack.host.host_key)
        return on(asked)

    return twist


def _any_key_opens(stack: LocalStack) -> Twist:
    def twist(asked: Asked, on: Forward) -> Answered:
        if "x-functions-key" in asked.headers:
            asked.headers["x-functions-key"] = stack.host.host_key
        return on(asked)

    return twist


def _one_key_for_all(stack: LocalStack) -> Twist:
    def twist(asked: Asked, on: Forward) -> Answered:
        if asked.headers.get("x-functions-key") == stack.host.key("mfa_sync"):
            asked.headers["x-functions-key"] = stack.host.host_key
        return on(asked)

    return twist


def _handshake_unchecked(stack: LocalStack) -> Twist:
    del stack

    def twist(asked: Asked, on: Forward) -> Answered:
        if asked.path.startswith("/api/mfa-sync"):
            asked.headers["message"] = sample.HANDSHAKE
        return on(asked)

    return twist


def _wrong_handshake_taken(stack: LocalStack) -> Twist:
    del stack

    def twist(asked: Asked, on: Forward) -> Answered:
        if asked.path.startswith("/api/mfa-sync") and "message" in asked.headers:
            asked.headers["message"] = sample.HANDSHAKE
        return on(asked)

    return twist


def _pushs_handshake_approves(stack: LocalStack) -> Twist:
    del stack

    def twist(asked: Asked, on: Forward) -> Answered:
        if asked.path.startswith("/api/runs") and asked.headers.get("message") == sample.HANDSHAKE:
            asked.headers["message"] = sample.APPROVER_HANDSHAKE
        return on(asked)

    return twist


def _approver_unchecked(stack: LocalStack) -> Twist:
    del stack

    def twist(asked: Asked, on: Forward) -> Answered:
        if asked.path.startswith("/api/runs") and "x-ms-client-principal" not in asked.headers:
            asked.headers["message"] = sample.APPROVER_HANDSHAKE
        return on(asked)

    return twist


def _principal_believed(stack: LocalStack) -> Twist:
    del stack

    def twist(asked: Asked, on: Forward) -> Answered:
        if "Sync.Approve" in base64.b64decode(asked.headers.get("x-ms-client-principal", "")).decode():
            asked.headers["message"] = sample.APPROVER_HANDSHAKE
        return on(asked)

    return twist


def _storage_down(stack: LocalStack) -> Twist:
    del stack
    problem = {"code": "storageUnavailable", "detail": "The storage of runs is out of reach.", "status": 503}

    def twist(asked: Asked, on: Forward) -> Answered:
        answered = on(asked)
        if asked.path.startswith("/api/runs?limit=1") and answered.status == 200:
            return Answered.json(503, problem, **{"content-type": "application/problem+json"})
        return answered

    return twist


def _dry_run_writes(stack: LocalStack) -> Twist:
    del stack

    def twist(asked: Asked, on: Forward) -> Answered:
        answered = on(asked)
        if answered.status == 200 and b'"dryRun": true' in answered.body:
            return Answered.json(200, {**answered.read(), "dryRun": False})
        return answered

    return twist


def _graph_fails(stack: LocalStack) -> Twist:
    del stack

    def twist(asked: Asked, on: Forward) -> Answered:
        answered = on(asked)
        if b'"results": [{' in answered.body:
            row = answered.read()["results"][0] | {
                "outcome": "failed",
                "code": "unavailable",
                "detail": "Graph.",
            }
            return Answered.json(503, {**answered.read(), "ok": False, "results": [row]})
        return answered

    return twist


def _functions(change: Callable[[list[dict[str, Any]]], object]) -> Break:
    def broken(stack: LocalStack) -> Twist:
        del stack

        def twist(asked: Asked, on: Forward) -> Answered:
            answered = on(asked)
            if asked.path != "/admin/functions":
                return answered
            listed = answered.read()
            return Answered.json(answered.status, change(listed))

        return twist

    return broken


_NO_TIMER = _functions(lambda listed: [one for one in listed if one["name"] != "sweep"])
_DISABLED = _functions(lambda listed: [one | {"isDisabled": one["name"] == "watchdog"} for one in listed])


@pytest.mark.parametrize(
    ("broken", "red"),
    [
        (_health_down, {"health"}),
        (_no_keys_needed, {"function keys"}),
        (_any_key_opens, {"function keys", "separate keys"}),
        (_one_key_for_all, {"separate keys"}),
        (_handshake_unchecked, {"handshake"}),
        (_wrong_handshake_taken, {"handshake"}),
        (_pushs_handshake_approves, {"approver"}),
        (_approver_unchecked, {"approver"}),
        (_principal_believed, {"forged principal"}),
        (_storage_down, {"storage"}),
        (_dry_run_writes, {"dry run"}),
        (_graph_fails, {"dry run"}),
        (_NO_TIMER, {"schedule"}),
        (_DISABLED, {"schedule"}),
    ],
)
def test_each_line_is_red_where_its_subject_is_broken(
    operator: Operator, stack: LocalStack, broken: Break, red: set[str]
) -> None:
    """And no other line, and with what to do."""
    with front(stack.host.url, broken(stack)) as url:
        seen = operator(*SMOKE, "--url", url)
    assert (seen.code, failed(seen)) == (1, red), seen.all
    assert all(line["remedy"] for line in seen.json["lines"] if line["status"] == "FAIL")


@pytest.mark.parametrize(
    ("unset", "unproved"),
    [
        (["KEY_MFA_SYNC"], {"separate keys"}),
        (
            ["KEY_MFA_SYNC", "KEY"],
            {"separate keys", "handshake", "approver", "forged principal", "storage", "dry run"},
        ),
        (["HANDSHAKE"], {"dry run"}),
    ],
)
def test_what_cannot_be_proved_is_skipped_with_what_is_missing(
    operator: Operator, unset: list[str], unproved: set[str]
) -> None:
    """The host key opens everything, so it proves nothing about separate keys."""
    operator.set(**dict.fromkeys(unset))
    seen = operator(*SMOKE)
    skipped = {line["name"] for line in seen.json["lines"] if line["status"] == "skip" and line["remedy"]}
    assert (seen.code, skipped) == (0, unproved)
    assert operator(*SMOKE, "--strict").code == 1


def test_without_the_master_key_only_a_run_of_the_schedule_proves_a_timer(
    operator: Operator, stack: LocalStack
) -> None:
    """Registered is not fired; neither is known without either."""

    def with_a_scheduled_run(asked: Asked, on: Forward) -> Answered:
        answered = on(asked)
        if asked.path.startswith("/api/runs?limit=100"):
            body = answered.read()
            return Answered.json(200, {**body, "runs": [{"id": "20261124T020000Z-changed"}]})
        return answered

    operator.set(KEY_MASTER=None)
    assert lines(operator(*SMOKE))["schedule"] == "skip"
    with front(stack.host.url, with_a_scheduled_run) as url:
        assert lines(operator(*SMOKE, "--url", url))["schedule"] == "pass"
    operator.set(KEY_MASTER="no-such-master-key")
    assert failed(operator(*SMOKE)) == {"schedule"}


def test_an_app_out_of_reach_is_one_red_line(operator: Operator) -> None:
    """The others are not waited for."""
    seen = operator(*SMOKE, "--url", "http://127.0.0.1:9")
    assert (seen.code, failed(seen)) == (1, {"health"})
    assert set(lines(seen).values()) == {"FAIL", "skip"}


@pytest.mark.parametrize(("status", "code"), [(403, 0), (200, 1), (401, 1)])
def test_a_network_that_should_be_refused_is_refused_by_the_platform(
    operator: Operator, stack: LocalStack, status: int, code: int
) -> None:
    """No answer at all may be the network's doing, or a wrong address: it proves nothing."""
    with front(stack.host.url, lambda *_: Answered(status, {}, b"")) as url:
        assert operator("smoke", "--expect-denied", "--url", url).code == code
    nobody = operator("smoke", "--expect-denied", "--strict", "--json", "--url", "http://127.0.0.1:9")
    assert (nobody.code, lines(nobody)) == (1, {"access denied": "skip"})


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
        assert failed(untrusted) == {"health"}
        assert "certificate is not trusted" in untrusted.out
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        seen = operator(*SMOKE, "--url", url, "--http-port", port)
    assert lines(seen)["https only"] == status
    assert lines(seen)["storage"] == "pass"
    assert not {"x-functions-key", "message", "authorization"} & set(asked_headers)
