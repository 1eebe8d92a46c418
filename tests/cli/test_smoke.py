"""The proof after a deployment: green on the real app, and honest about what it could not prove."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dev.stack.local_stack import LocalStack
from tests.cli.front import Answered, Asked, front
from tests.cli.operator import SMOKE, USER, Operator

type Forward = Callable[[Asked], Answered]


def test_a_sound_app_is_green_and_nothing_was_written(operator: Operator, stack: LocalStack) -> None:
    """What cannot be proved here is said so, and --strict does not take it."""
    phones = stack.tenant.control.mobiles()
    stack.tenant.control.clear_log()
    runs = operator("runs", "list", "--all", "--json").json
    seen = operator(*SMOKE)
    assert seen.code == 0, seen.all
    assert seen.lines == {
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
    assert "15 functions" in seen.out
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
    assert operator(*SMOKE).lines["schedule"] == "skip"
    with front(stack.host.url, with_a_scheduled_run) as url:
        assert operator(*SMOKE, "--url", url).lines["schedule"] == "pass"
    operator.set(KEY_MASTER="no-such-master-key")
    assert operator(*SMOKE).failed == {"schedule"}


def test_an_app_out_of_reach_is_one_red_line(operator: Operator) -> None:
    """The others are not waited for."""
    seen = operator(*SMOKE, "--url", "http://127.0.0.1:9")
    assert (seen.code, seen.failed) == (1, {"health"})
    assert set(seen.lines.values()) == {"FAIL", "skip"}
