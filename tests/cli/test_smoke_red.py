"""Each line of the smoke test is red where its subject is broken, and no other line."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from dev.stack.local_stack import LocalStack
from dev.tenant import sample
from tests.cli.front import Answered, Asked, Twist, front
from tests.cli.operator import SMOKE, Operator

type Forward = Callable[[Asked], Answered]

type Break = Callable[[LocalStack], Twist]


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
            asked.headers["x-functions-key"] = stack.host.master_key
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
    assert (seen.code, seen.failed) == (1, red), seen.all
    assert all(line["remedy"] for line in seen.json["lines"] if line["status"] == "FAIL")
