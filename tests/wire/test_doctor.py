"""The doctor on the wire: what it finds, that one fault hides no other, and that nothing secret shows."""

from __future__ import annotations

import json

import pytest

from dev.tenant import sample
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.runs import lifecycle
from shared.errors import Problem
from tests.wire.bench import Bench
from tests.wire.doctoring import TWELVE, examined, let_all_go_wrong, states


async def test_the_sample_tenant_has_no_fault(bench: Bench) -> None:
    """What is not right there is that the account may not read the audit log, and that SMS and voice end."""
    checks = await examined(bench)
    assert states(checks, "fault") == set()
    assert states(checks, "warning") == {"auditLog", "smsAndVoice"}
    assert states(checks, "unknown") == {"queue", "watchdog"}
    assert "2027-02-01" in checks["smsAndVoice"]["found"]


async def test_a_watchdog_that_comes_no_more_is_told(bench: Bench) -> None:
    """As timers do after some publishes: nobody looks after runs that stand still."""
    await lifecycle.watch(bench.worker)
    assert (await examined(bench))["watchdog"]["state"] == "ok"
    bench.clock.advance(1000)
    assert (await examined(bench))["watchdog"]["state"] == "fault"


async def test_nothing_but_the_apps_own_storage_is_written(bench: Bench) -> None:
    """It can be asked at any time."""
    before = bench.control.mobiles()
    await examined(bench)
    assert bench.writes() == []
    assert bench.control.mobiles() == before
    assert await bench.worker.table.range("doctor", "0", "z") == []


async def test_twelve_faults_at_once_are_all_told(bench: Bench) -> None:
    """One fault hides no other; the storage is down, and all that Graph and vault tell is told."""
    await let_all_go_wrong(bench)
    try:
        checks = await examined(bench)
    finally:
        bench.storage.start()
    assert {name: checks[name]["state"] for name in TWELVE} == TWELVE
    assert all(checks[name]["remedy"] for name in TWELVE)
    text = json.dumps(list(checks.values()))
    assert [secret for secret in sample.secrets() if secret in text] == []
    assert "summer2026" not in text
    assert not [
        person for person in bench.control.people() if person["attribute"] and person["attribute"] in text
    ]


async def test_a_refused_sign_in_leaves_what_needs_no_graph(bench: Bench) -> None:
    """And says of the rest why it was not looked at."""
    bench.control.put_secret("mfa-sync-password", "not-the-password")
    checks = await examined(bench)
    assert checks["signIn"]["state"] == "fault"
    assert checks["delta"] == {**checks["delta"], "state": "unknown", "found": "not looked at"}
    assert checks["table"]["state"] == "ok"


async def test_a_vault_that_refuses_us_is_one_fault_and_all_secrets(bench: Bench) -> None:
    """Whoever reads the table sees the cause first."""
    bench.control.switch(vault="rbac")
    checks = await examined(bench)
    assert {"vault", "secret.handshake", "secret.password"} <= states(checks, "fault")
    assert "Key Vault Secrets User" in checks["vault"]["remedy"]


async def test_time_that_is_over_ends_the_look_and_not_the_answer(bench: Bench) -> None:
    """A Graph that never takes us leaves no check without a word."""
    bench.configure(SYNC_DEADLINE_SECONDS="5")
    await bench.worker.graph.token(bench.deadline())
    bench.control.fault(
        status=503, host="graph.*", applies_to="call", headers={"Retry-After": "30"}, times=1000
    )
    checks = await examined(bench)
    assert checks["table"]["state"] == "ok"
    assert states(checks, "unknown") >= {"delta", "people", "attribute", "numbers", "forecast"}


async def test_a_canary_takes_whoever_may_approve(bench: Bench) -> None:
    """It writes, so the key alone does not do."""
    with pytest.raises(RequestError) as caught:
        await examined(bench, canary=True)
    assert caught.value.code is Problem.APPROVER_REFUSED
