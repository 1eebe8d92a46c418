"""Operators over HTTP: keys, routes, and a run that the queue moves from its start to its end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from dev.azurite import Azurite
from dev.stack.local_stack import LocalStack
from dev.tenant import sample

if TYPE_CHECKING:
    import httpx

NOWHERE = "20200101T000000Z-full-0a1b2c3d"
ANNA = "anna.new@contoso.com"
KNOWING = {"Message": sample.APPROVER_HANDSHAKE}
ROUTES = [
    ("runs_list", "GET", "/api/runs"),
    ("runs_start", "POST", "/api/runs"),
    ("runs_read", "GET", f"/api/runs/{NOWHERE}"),
    ("runs_approve", "POST", f"/api/runs/{NOWHERE}/approve"),
    ("runs_discard", "POST", f"/api/runs/{NOWHERE}/discard"),
    ("runs_stop", "POST", f"/api/runs/{NOWHERE}/stop"),
]


def call(
    stack: LocalStack,
    function: str,
    path: str = "",
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Call a route with its own function's key."""
    sent = {"x-functions-key": stack.host.key(function), **(headers or {})}
    method = "GET" if body is None else "POST"
    return stack.request(method, f"/api/runs{path}", json=body, headers=sent)


@pytest.fixture
def swept(steady_azurite: Azurite) -> Iterator[LocalStack]:
    """A stack of its own: after a finished sweep, limits by percentage bite each later push."""
    with LocalStack({"STATE_TABLE": "runsoverhttp"}, storage=steady_azurite) as stack:
        yield stack


def test_a_sweep_is_started_held_approved_and_applied_by_the_queue(swept: LocalStack) -> None:
    """Every step is a message of the queue; what was shown is written, and no answer holds a number."""
    stack = swept
    started = call(stack, "runs_start", body={"kind": "full", "apply": False})
    assert started.status_code == 202
    run_id = started.json()["id"]
    assert started.headers["location"] == f"/api/runs/{run_id}"
    stack.host.await_output(f'run.held {{"run": "{run_id}"')
    held = call(stack, "runs_read", f"/{run_id}")
    plan = held.json()
    assert plan["state"] == "held"
    assert ANNA in {change["userPrincipalName"] for change in plan["changes"]}
    body = {"digest": plan["digest"], "kinds": ["create"], "reason": "The first sweep, seen"}
    approved = call(stack, "runs_approve", f"/{run_id}/approve", body, KNOWING)
    assert approved.status_code == 202
    stack.host.await_output(f'run.finished {{"run": "{run_id}"')
    done = call(stack, "runs_read", f"/{run_id}")
    assert done.json()["counts"]["outcomes"]["created"] == plan["counts"]["planned"]["create"]
    assert done.json()["decision"]["by"] == "key"
    explained = stack.explain({"UserPrincipalName": ANNA}).json()
    assert explained["lastWrite"]["run"] == run_id
    listed = call(stack, "runs_list", "?limit=1")
    assert [run["id"] for run in listed.json()["runs"]] == [run_id]
    for answer in (started, held, approved, done, listed):
        for person in stack.tenant.state.people.values():
            digits = re.sub(r"\D", "", person.attribute or "")
            assert not digits or digits not in re.sub(r"[^\w]", "", json.dumps(answer.json()))


def test_a_run_is_discarded_or_stopped_over_http(stack: LocalStack) -> None:
    """And what has ended is not approved."""
    run_id = call(stack, "runs_start", body={"kind": "full", "apply": False}).json()["id"]
    stopped = call(stack, "runs_stop", f"/{run_id}/stop", {"reason": "enough"}, KNOWING)
    assert (stopped.status_code, stopped.json()["state"]) == (200, "stopped")
    discarded = call(stack, "runs_discard", f"/{run_id}/discard", {"reason": "enough"}, KNOWING)
    assert (discarded.status_code, discarded.json()["code"]) == (409, "wrongState")
    assert discarded.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(("function", "method", "path"), ROUTES)
def test_each_route_has_a_key_of_its_own(stack: LocalStack, function: str, method: str, path: str) -> None:
    """HR's key opens the push alone, and a reader's no decision."""
    others = {name for name, *_ in ROUTES if name != function} | {"mfa_sync", "explain"}
    for key in [None, *(stack.host.key(name) for name in others)]:
        headers = {"x-functions-key": key} if key else {}
        assert stack.request(method, path, headers=headers).status_code == 401
    own = {"x-functions-key": stack.host.key(function)}
    assert stack.request(method, path, headers=own).content != b""


@pytest.mark.parametrize(("function", "path"), [(name, path) for name, method, path in ROUTES[3:]])
def test_a_decision_without_the_handshake_is_refused(stack: LocalStack, function: str, path: str) -> None:
    """A forged header of the platform's counts for nothing with keys alone."""
    forged = {"X-MS-CLIENT-PRINCIPAL": "eyJjbGFpbXMiOlt7InR5cCI6InJvbGVzIiwidmFsIjoiU3luYy5BcHByb3ZlIn1dfQ=="}
    answer = call(stack, function, path.removeprefix("/api/runs"), {"reason": "r"}, forged)
    assert (answer.status_code, answer.json()["code"]) == (401, "approverRefused")
    known = call(stack, function, path.removeprefix("/api/runs"), {"reason": "r", "digest": "d"}, KNOWING)
    assert known.status_code == (404 if function == "runs_approve" else 422)


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 200), ("?limit=0", 422), ("?limit=", 422), ("?after=", 422), ("?state=held", 422)],
)
def test_a_list_takes_only_what_it_knows(stack: LocalStack, query: str, status: int) -> None:
    """Also where the host leaves an empty value out."""
    assert call(stack, "runs_list", query).status_code == status
