"""Telemetry of the whole app: the host's process exports by itself, on to the end of the process."""

from __future__ import annotations

from dev.azurite import Azurite
from dev.functions_host import HostOptions
from dev.stack.local_stack import LocalStack
from dev.tenant import sample
from dev.tenant.ingestion import CONNECTION_STRING
from tests.wire.exported import Exported

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ON = {
    "TELEMETRY": "on",
    "PYTHON_ENABLE_OPENTELEMETRY": "true",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": CONNECTION_STRING,
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "Authorization=AAD",
    "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    "STATE_TABLE": "telemetry",
    "STATE_CONTAINER": "telemetry",
}

_STEPS = 4


def test_a_callers_trace_goes_on_through_http_and_the_queue(steady_azurite: Azurite) -> None:
    """HTTP, run, queue step, batch: one trace, exported as the managed identity, without a secret."""
    options = HostOptions(timers=False, max_polling_seconds=0.1)
    with LocalStack(ON, storage=steady_azurite, options=options) as stack:
        taken = stack.push(
            [{"UserPrincipalName": "anna.new@contoso.com"}],
            headers={"Prefer": "respond-async", "traceparent": f"00-{TRACE}-{CALLER}-01"},
        )
        assert taken.status_code == 202, taken.text
        exported = Exported(stack.tenant)
        exported.wait_until(lambda: len(exported.spans("run.step")) == _STEPS)
        exported.wait_until(lambda: bool(exported.metrics("mfa_sync.users")))
        exported.wait_until(lambda: bool(exported.events("run.finished")))
    (push,) = exported.spans("push")
    (start,) = exported.spans("run.start")
    steps = exported.spans("run.step")
    assert (push.trace, start.parent) == (TRACE, push.id)
    assert push.parent != CALLER  # but the host's own span between them (seen on host 4.1037)
    assert {(one.trace, one.parent) for one in steps} == {(TRACE, start.id)}
    assert {one.facts["mfa_sync.run.step"] for one in steps} == {"0", "1", "2", "3"}
    assert {one.trace for one in exported.spans("graph.batch")} == {TRACE}
    assert {one.parent for one in exported.spans("graph.batch")} <= {one.id for one in steps}
    assert [one.trace for one in exported.events("run.finished")] == [TRACE]
    assert exported.metrics("mfa_sync.users") == {("created", "push"): 1}
    told = exported.bytes().decode()
    assert [word for word in sample.secrets() if word in told] == []
    assert "@contoso.com" not in told


def test_wrong_settings_are_heard_of(steady_azurite: Azurite) -> None:
    """The host drops the lines of a worker that exports: what is wrong elsewhere must not silence us."""
    with LocalStack({**ON, "MAX_DELETES": "many"}, storage=steady_azurite) as stack:
        assert stack.push([{"UserPrincipalName": "anna.new@contoso.com"}]).status_code == 500
        exported = Exported(stack.tenant)
        exported.wait_until(lambda: bool(exported.events("push.stopped")))
    assert {one.facts["mfa_sync.code"] for one in exported.events("push.stopped")} == {"misconfigured"}
