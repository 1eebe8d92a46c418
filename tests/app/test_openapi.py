"""The OpenAPI document on the wire: it is served, and each answer that it promises can be had."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from dev.azurite import Azurite
from dev.fuzz.contract import Contract
from dev.openapi.document import document
from dev.stack.local_stack import LocalStack
from dev.tenant import sample
from tests.storage.silent_storage import port_of_nobody

ANNA, BO, IVAR = "anna.new@contoso.com", "bo.same@contoso.com", "ivar.trunk@contoso.com"
NOWHERE = "20200101T000000Z-push-0a1b2c3d"
KNOWING = {"Message": sample.HANDSHAKE}
APPROVING = {"Message": sample.APPROVER_HANDSHAKE}
PRINCIPAL = {
    "X-MS-CLIENT-PRINCIPAL": base64.b64encode(b'{"auth_typ": "aad", "claims": []}').decode(),
    "X-MS-CLIENT-PRINCIPAL-NAME": "sue@contoso.com",
}
REASON = {"reason": "seen"}
APPROVAL = {"digest": "d", **REASON}
START = {"kind": "full", "apply": False}
OPERATIONS: dict[str, tuple[str, str, str]] = {
    "push": ("mfa_sync", "POST", "/api/mfa-sync"),
    "getPush": ("mfa_sync", "GET", "/api/mfa-sync/{}"),
    "explain": ("explain", "POST", "/api/explain"),
    "doctor": ("doctor", "POST", "/api/doctor"),
    "listRuns": ("runs_list", "GET", "/api/runs"),
    "startRun": ("runs_start", "POST", "/api/runs"),
    "getRun": ("runs_read", "GET", "/api/runs/{}"),
    "approveRun": ("runs_approve", "POST", "/api/runs/{}/approve"),
    "discardRun": ("runs_discard", "POST", "/api/runs/{}/discard"),
    "stopRun": ("runs_stop", "POST", "/api/runs/{}/stop"),
    "health": ("health", "GET", "/api/health"),
    "openapi": ("openapi", "GET", "/api/openapi.json"),
}
WITH_BODY: dict[str, tuple[Any, dict[str, str]]] = {
    "push": ([{"UserPrincipalName": BO}], KNOWING),
    "explain": ({"UserPrincipalName": BO}, {}),
    "doctor": ({"canary": False}, {}),
    "startRun": (START, {}),
    "approveRun": (APPROVAL, APPROVING),
    "discardRun": (REASON, APPROVING),
    "stopRun": (REASON, APPROVING),
}
DECISIONS = ("approveRun", "discardRun", "stopRun")
XML = {"Content-Type": "application/xml"}


class Caller:
    """Calls operations by their names, and notes the status of each answer."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.seen: set[tuple[str, int]] = set()

    def call(
        self,
        operation: str,
        status: int,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        run: str = NOWHERE,
        query: str = "",
        key: bool = True,
    ) -> Any:
        """Return what an operation answers, which must be of this status; None without a body."""
        function, method, path = OPERATIONS[operation]
        sent = dict(headers or {})
        if key:
            sent["x-functions-key"] = self.stack.host.key(function)
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        address = path.format(run) + query
        answer = self.stack.request(method, address, content=content, headers=sent)
        assert answer.status_code == status, f"{operation}: {answer.text}"
        self.seen.add((operation, status))
        return answer.json() if answer.content else None


def documented() -> set[tuple[str, int]]:
    """Return every status of every operation."""
    return {
        (operation["operationId"], int(status))
        for item in document()["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
        for status in operation["responses"]
    }


def bad_requests(caller: Caller) -> None:
    """Make each fault that a body, a key or a handshake can have."""
    for operation in OPERATIONS.keys() - {"health"}:
        caller.call(operation, 401, key=False)
    for operation, (body, headers) in WITH_BODY.items():
        caller.call(operation, 400, b"{", headers)
        caller.call(operation, 413, b" " * (4 * 1024 * 1024 + 1), headers)
        caller.call(operation, 415, body, {**headers, **XML})
        caller.call(operation, 422, {"Unknown": 1}, headers)
    for operation in ("push", "getPush", "startRun", *DECISIONS):
        caller.call(operation, 401, None if operation == "getPush" else {**START, "apply": True})
    for operation in ("getPush", *DECISIONS):
        body, headers = WITH_BODY.get(operation, (None, KNOWING))
        caller.call(operation, 404, body, headers)
    caller.call("getRun", 404)
    caller.call("doctor", 401, {"canary": True})
    for operation in ("listRuns", "getRun"):
        caller.call(operation, 422, query="?nothing=1")
    caller.call("getPush", 422, None, KNOWING, query="?nothing=1")


def pushes(caller: Caller) -> None:
    """Push and look up: each outcome."""
    for status, names in ((200, [BO]), (207, [BO, IVAR]), (422, [IVAR])):
        rows = [{"UserPrincipalName": name} for name in names]
        made = caller.call("push", status, rows, KNOWING)
        caller.call("getPush", status, None, KNOWING, run=made["runId"])
    caller.call("explain", 200, {"UserPrincipalName": ANNA})
    caller.call("doctor", 200)


def runs(caller: Caller) -> None:
    """Move runs, and runs that cannot be moved since Graph is away."""
    stack = caller.stack
    given_up = caller.call("startRun", 202, START)["id"]
    stack.host.await_output(f'run.held {{"run": "{given_up}"')
    caller.call("discardRun", 200, REASON, APPROVING, run=given_up)
    run = caller.call("startRun", 202, START)["id"]
    stack.host.await_output(f'run.held {{"run": "{run}"')
    plan = caller.call("getRun", 200, run=run)
    caller.call("approveRun", 409, APPROVAL, APPROVING, run=run)
    approval = {"digest": plan["digest"], **REASON}
    caller.call("approveRun", 202, approval, APPROVING, run=run)
    caller.call("approveRun", 200, approval, APPROVING, run=run)
    stack.host.await_output(f'run.finished {{"run": "{run}"')
    for operation in ("discardRun", "stopRun"):
        caller.call(operation, 409, REASON, APPROVING, run=run)
    caller.call("listRuns", 200, query="?limit=1")
    stack.tenant.control.fault(status=503, host="graph.*", applies_to="call", times=10_000)
    standing = caller.call("startRun", 202, START)["id"]
    caller.call("startRun", 409, START)
    caller.call("stopRun", 200, REASON, APPROVING, run=standing)
    begun = caller.call("push", 202, [{"UserPrincipalName": BO}], {**KNOWING, "Prefer": "respond-async"})
    caller.call("getPush", 202, None, KNOWING, run=begun["runId"])
    caller.call("stopRun", 200, REASON, APPROVING, run=begun["runId"])


def signed(body: bytes, message: str) -> dict[str, str]:
    """Return the headers of a signed push."""
    at = datetime.now(UTC)
    return {
        **KNOWING,
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(sample.SIGNING_KEY).sign(message, at, body.decode()),
    }


def outages(caller: Caller) -> None:
    """Call an app whose table cannot be reached, and then without the vault too."""
    control = caller.stack.tenant.control
    control.switch(vault="unavailable")
    caller.call("doctor", 503, {"canary": True}, APPROVING)
    control.switch(vault="ok")
    for operation in ("listRuns", "getRun", "getPush", "startRun", *DECISIONS):
        body, headers = WITH_BODY.get(operation, (None, KNOWING))
        caller.call(operation, 503, body, headers)
    row = json.dumps({"UserPrincipalName": BO}).encode()
    caller.call("push", 503, row, signed(row, "msg_1"))
    caller.call("push", 409, row, signed(row, "msg_1"))
    caller.call("push", 401, row, {**KNOWING, "webhook-id": "msg_2"})
    caller.call("explain", 503, row)
    control.switch(vault="rbac")
    for operation in ("getPush", "startRun", *DECISIONS):
        body = {**START, "apply": True} if operation == "startRun" else WITH_BODY.get(operation, (None,))[0]
        caller.call(operation, 502, body, {"Message": "one that the vault must be asked for"})
    caller.call("doctor", 502, {"canary": True}, {"Message": "one that the vault must be asked for"})


def test_each_documented_answer_can_be_had_and_is_as_documented(
    steady_azurite: Azurite, contract: Contract
) -> None:
    """Each status of each operation, from real hosts: well, without services, misconfigured, Easy Auth."""
    seen: set[tuple[str, int]] = set()
    with LocalStack({"STATE_TABLE": "eachanswer"}, storage=steady_azurite) as stack:
        well = Caller(stack)
        bad_requests(well)
        pushes(well)
        runs(well)
        for operation in ("health", "openapi"):
            well.call(operation, 200)
        seen |= well.seen
    table = f"TableEndpoint=http://127.0.0.1:{port_of_nobody()}/devstoreaccount1"
    dead = ";".join(
        table if part.startswith("TableEndpoint") else part
        for part in steady_azurite.connection_string.split(";")
    )
    with LocalStack(
        {"AzureWebJobsStorage": dead, "SIGNED_REQUESTS": "require", "SYNC_DEADLINE_SECONDS": "5"},
        storage=steady_azurite,
    ) as stack:
        weary = Caller(stack)
        outages(weary)
        seen |= weary.seen
    with LocalStack({"CLIENT_ID": "none"}, storage=steady_azurite) as stack:
        broken = Caller(stack)
        for operation in OPERATIONS.keys() - {"health", "openapi"}:
            broken.call(operation, 500, WITH_BODY.get(operation, (None,))[0])
        seen |= broken.seen
    with LocalStack({"EASY_AUTH": "true", "SYNC_DEADLINE_SECONDS": "5"}, storage=steady_azurite) as stack:
        guarded = Caller(stack)
        for operation in ("startRun", *DECISIONS):
            body = {**START, "apply": True} if operation == "startRun" else WITH_BODY[operation][0]
            guarded.call(operation, 403, body, PRINCIPAL)
        guarded.call("doctor", 403, {"canary": True}, PRINCIPAL)
        stack.tenant.control.put_secret("mfa-sync-password", "not-the-password")
        for operation in ("push", "explain"):
            guarded.call(operation, 502, *WITH_BODY[operation])
        seen |= guarded.seen
    assert seen == documented()
    of_host = {(operation, 401) for operation in ("explain", "listRuns", "getRun", "openapi")}
    assert documented() - of_host <= contract.seen.keys()


def test_the_document_is_served_to_who_has_its_key(stack: LocalStack) -> None:
    """And to nobody else; it is the same whatever the settings are."""
    key = {"x-functions-key": stack.host.key("openapi")}
    answer = stack.request("GET", "/api/openapi.json", headers=key)
    assert answer.json() == document()
    other = {"x-functions-key": stack.host.key("mfa_sync")}
    assert stack.request("GET", "/api/openapi.json", headers=other).status_code == 401


def test_an_answer_that_is_not_documented_is_found(contract: Contract) -> None:
    """Or the check above would prove nothing."""
    right = ([("content-type", "application/json")], b'{"status": "ok"}')
    contract.check("GET", "/api/health", 200, *right)
    for status, headers, body in _wrong(*right):
        with pytest.raises(AssertionError):
            contract.check("GET", "/api/health", status, headers, body)
    with pytest.raises(AssertionError):
        contract.check("GET", "/api/nothing", 200, *right)


def _wrong(headers: list[tuple[str, str]], body: bytes) -> Iterator[tuple[int, list[tuple[str, str]], bytes]]:
    yield 503, headers, body
    yield 200, [("content-type", "text/plain")], body
    yield 200, headers, b'{"status": "no"}'
    yield 200, headers, b'{"status": "ok", "more": 1}'
