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


@pytest.mark.parametrize("status", [404, 503])
def test_an_app_that_was_not_indexed_is_told_from_a_wrong_address(
    operator: Operator, stack: LocalStack, status: int
) -> None:
    """Its host stays up, answers the ping, lists no function, and each route alike (seen on host 4.1037)."""

    def unindexed(asked: Asked, on: Forward) -> Answered:
        answered = on(asked)
        if asked.path.startswith("/api/"):
            return Answered(status, {}, b"")
        return Answered.json(200, []) if asked.path == "/admin/functions" else answered

    with front(stack.host.url, unindexed) as url:
        seen = operator(*SMOKE, "--url", url)
        operator.set(KEY_MASTER=None)
        without = operator(*SMOKE, "--url", url)
    for one, listed in ((seen, " and lists 0 functions"), (without, "")):
        assert (one.code, one.failed, set(one.lines.values())) == (1, {"health"}, {"FAIL", "skip"})
        health = one.json["lines"][0]
        but = f"as does every route, but its host runs{listed}: the app was not indexed"
        assert health["detail"] == f"the app answers {status}, {but}"
        assert "host.json cannot be loaded; the address is right" in health["remedy"]


@pytest.mark.parametrize("status", [404, 503])
def test_where_no_host_runs_its_queues_are_named_first(
    operator: Operator, stack: LocalStack, status: int
) -> None:
    """A queue that is refused or out of reach ends the whole host (seen on host 4.1037)."""
    with front(stack.host.url, lambda _asked, _on: Answered(status, {}, b"")) as url:
        seen = operator(*SMOKE, "--url", url)
    assert (seen.code, seen.failed, set(seen.lines.values())) == (1, {"health"}, {"FAIL", "skip"})
    health = seen.json["lines"][0]
    assert health["detail"] == f"the app answers {status}, and no Functions host runs there"
    assert "look at the app's queues first" in health["remedy"]


def test_an_address_that_is_not_let_in_is_no_fault_of_the_app(operator: Operator, stack: LocalStack) -> None:
    """The platform answers for the app there, everywhere the same and without a body."""
    with front(stack.host.url, lambda _asked, _on: Answered(403, {}, b"")) as url:
        seen = operator(*SMOKE, "--url", url)
    assert (seen.code, seen.failed, set(seen.lines.values())) == (1, {"health"}, {"FAIL", "skip"})
    health = seen.json["lines"][0]
    assert health["detail"] == "the platform answers 403: this machine's address is not let in"


def test_one_function_that_does_not_answer_is_one_red_line(operator: Operator, stack: LocalStack) -> None:
    """The others were loaded."""

    def disabled(asked: Asked, on: Forward) -> Answered:
        return Answered(404, {}, b"") if asked.path == "/api/health" else on(asked)

    with front(stack.host.url, disabled) as url:
        seen = operator(*SMOKE, "--url", url)
    assert seen.failed == {"health"}
    assert "disabled by a setting" in seen.json["lines"][0]["remedy"]
    assert "skip" not in {status for name, status in seen.lines.items() if name != "https only"}


def test_an_app_out_of_reach_is_one_red_line(operator: Operator) -> None:
    """The others are not waited for."""
    seen = operator(*SMOKE, "--url", "http://127.0.0.1:9")
    assert (seen.code, seen.failed) == (1, {"health"})
    assert set(seen.lines.values()) == {"FAIL", "skip"}
