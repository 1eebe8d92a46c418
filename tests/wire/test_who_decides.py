"""Who may decide about runs: by the second handshake, or by the platform's word; never by both."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable

import pytest

from dev.tenant import sample
from mfa_sync.api.contract.problems import RequestError
from shared.errors import Problem, SettingsError
from tests.answering import Read
from tests.wire.bench import Bench
from tests.wire.operating import KNOWING, Operator

APPROVER = "mfa-sync-approver"
VAULT = "contoso-mfa.vault.azure.net"
PUBLISHED = "Handshake-message-only-known-between-runbook-and-invoker"


SUE = "0b1c2d3e-1111-4222-8333-44445555666a"
WHO = [{"typ": "oid", "val": SUE}, {"typ": "preferred_username", "val": "sue@contoso.com"}]


def principal(*roles: str) -> dict[str, str]:
    """Return the headers that App Service sets for somebody with these roles."""
    document = {"auth_typ": "aad", "claims": [*WHO, *({"typ": "roles", "val": role} for role in roles)]}
    return {
        "x-ms-client-principal": base64.b64encode(json.dumps(document).encode()).decode(),
        "x-ms-client-principal-name": "sue@contoso.com",
    }


RIGHT = principal("Sync.Approve")


@pytest.fixture
def operator(bench: Bench) -> Operator:
    """An operator of the sample tenant."""
    return Operator(bench)


async def refused(call: Awaitable[Read]) -> tuple[int, Problem]:
    """Return status and code of a call that is refused."""
    with pytest.raises(RequestError) as caught:
        await call
    return caught.value.status, caught.value.code


async def test_with_keys_alone_the_second_handshake_decides(operator: Operator) -> None:
    """The push's handshakes do not open it, nor does a header that anybody may send."""
    run = await operator.held()
    for headers in (
        {}, {"message": ""}, {"message": "wrong"}, {"message": "smörgås"}, {"message": sample.HANDSHAKE},
        {"message": sample.PREVIOUS_HANDSHAKE}, {"message": sample.APPROVER_HANDSHAKE + " "}, RIGHT,
    ):  # fmt: skip
        calls = [operator.decide("approve", run["id"], headers, digest=run["digest"])]
        calls += [operator.decide(what, run["id"], headers) for what in ("discard", "stop")]
        for call in (*calls, operator.start(apply=True, headers=headers)):
            assert await refused(call) == (401, Problem.APPROVER_REFUSED)
    assert (await operator.read(run["id"])).body["state"] == "held"
    stopped = await operator.decide("stop", run["id"], {**KNOWING, **RIGHT})
    assert stopped.body["decision"]["by"] == "key"


async def test_with_easy_auth_the_role_decides_and_the_name_is_recorded(operator: Operator) -> None:
    """The handshake opens nothing then."""
    operator.bench.configure(EASY_AUTH="true")
    run = await operator.held()
    for headers in ({}, KNOWING, principal(), principal("Sync.Submit")):
        calls = [operator.decide("approve", run["id"], headers, digest=run["digest"])]
        calls += [operator.decide(what, run["id"], headers) for what in ("discard", "stop")]
        for call in (*calls, operator.start(apply=True, headers=headers)):
            assert await refused(call) == (403, Problem.APPROVER_REFUSED)
    approved = await operator.decide("approve", run["id"], RIGHT, digest=run["digest"])
    assert approved.body["decision"]["by"] == f"{SUE} sue@contoso.com"


async def test_with_easy_auth_a_start_that_applies_is_by_the_principal(operator: Operator) -> None:
    """Who lets writes happen unseen is known too."""
    operator.bench.configure(EASY_AUTH="true")
    started = await operator.start(apply=True, headers=RIGHT)
    assert started.body["startedBy"] == f"{SUE} sue@contoso.com"


@pytest.mark.parametrize("easy_auth", ["true", "false"])
async def test_reading_and_a_start_of_a_plan_need_the_function_key_alone(
    operator: Operator, easy_auth: str
) -> None:
    """They change nothing; the vault is not asked for the second handshake."""
    operator.bench.configure(EASY_AUTH=easy_auth)
    started = await operator.start(headers={})
    assert (await operator.list()).body["runs"][0]["id"] == started.body["id"]
    assert (await operator.read(started.body["id"])).status == 200
    assert operator.bench.calls(VAULT) == []


async def test_who_decides_is_asked_before_the_body_and_the_run(operator: Operator) -> None:
    """Who may not decide learns of neither."""
    for what in ("approve", "discard", "stop"):
        call = operator.decide(what, "20200101T000000Z-full", {}, wrong=1)
        assert await refused(call) == (401, Problem.APPROVER_REFUSED)


async def test_a_rotated_handshake_is_noticed_within_a_minute_and_guesses_are_cheap(
    operator: Operator,
) -> None:
    """As for the push: the vault is read again at most once a minute."""
    bench = operator.bench
    assert await bench.worker.approver.accepts(sample.APPROVER_HANDSHAKE, bench.deadline())
    bench.control.put_secret(APPROVER, "a-new-approver-of-ours-to-tell")
    bench.clock.advance(61)
    assert await bench.worker.approver.accepts("a-new-approver-of-ours-to-tell", bench.deadline())
    assert not await bench.worker.approver.accepts(sample.APPROVER_HANDSHAKE, bench.deadline())
    bench.control.clear_log()
    for _ in range(20):
        assert not await bench.worker.approver.accepts("guess", bench.deadline())
    assert bench.calls(VAULT) == []


@pytest.mark.parametrize(
    ("same", "named"),
    [
        (sample.HANDSHAKE, "same as mfa-sync-handshake;"),
        (sample.HANDSHAKE + "\n", "same as mfa-sync-handshake;"),
        (sample.PREVIOUS_HANDSHAKE, "same as mfa-sync-handshake-previous;"),
        (PUBLISHED, "published sample"),
    ],
)
async def test_an_approvers_handshake_that_others_know_is_refused(
    operator: Operator, same: str, named: str
) -> None:
    """Who may push must not approve by that; the error names the secrets and no value."""
    operator.bench.control.put_secret(APPROVER, same)
    for message in (same, "wrong", None):
        with pytest.raises(SettingsError, match=named) as caught:
            await operator.bench.worker.approver.accepts(message, operator.bench.deadline())
        assert APPROVER in str(caught.value)
        assert same.strip() not in str(caught.value)


async def test_a_push_needs_no_approvers_handshake(operator: Operator) -> None:
    """A tenant without one goes on pushing, and is told only where somebody is to decide."""
    operator.bench.control.remove_secret(APPROVER)
    assert await operator.bench.worker.handshake.accepts(sample.HANDSHAKE, operator.bench.deadline())
