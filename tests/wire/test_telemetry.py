"""Telemetry over a real wire: the real exporters, to the emulated ingestion endpoint."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from dev.tenant import sample
from dev.tenant.ingestion import CONNECTION_STRING, INSTRUMENTATION_KEY
from dev.tenant.server import EmulatedTenant
from mfa_sync.runs import lifecycle
from mfa_sync.runs.run import RunKind
from mfa_sync.runs.step import Nudge
from mfa_sync.settings.settings import TelemetrySettings
from mfa_sync.telemetry import measures
from mfa_sync.telemetry.events import Event, record
from mfa_sync.telemetry.export.attributes import NAMES
from mfa_sync.telemetry.export.pipeline import DEFAULTS, Pipeline, switch_on
from mfa_sync.telemetry.measures import Metric, Span
from tests.wire.bench import Bench
from tests.wire.exported import Exported
from tests.wire.sweeping import ASYNC, Sweeper

type SwitchOn = Callable[..., Exported]

OUTSIDE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
GRAPH = "graph.microsoft.com"


@pytest.fixture
def switched(tenant: EmulatedTenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[SwitchOn]:
    """Switches telemetry on, until the test ends. Only a flush exports."""
    for name in DEFAULTS:
        monkeypatch.setenv(name, "3600000" if name.startswith("OTEL_") else "true")
    monkeypatch.setenv("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "Authorization=AAD")
    made: list[Pipeline] = []

    def switch(*, upns: bool = False, target: str = CONNECTION_STRING) -> Exported:
        made.append(switch_on(TelemetrySettings(target, upns)))
        return Exported(tenant, made[-1])

    yield switch
    for one in made:
        one.shut_down()


@pytest.fixture
def exported(switched: SwitchOn) -> Exported:
    """Telemetry, on."""
    return switched()


async def mixed_day(bench: Bench, sweeper: Sweeper) -> None:
    """Live through what a day brings: pushes of every outcome, throttling, refusals, a sweep, an approval."""
    bench.control.reset(sample=True)
    people = [person.upn for person in bench.tenant.state.people.values()]
    bench.control.fault(status=429, path="phoneMethods", times=3, headers={"Retry-After": "1"})
    await bench.push([{"UserPrincipalName": upn, "Mobile": "+46701740699"} for upn in people[:3]])
    await bench.push([{"UserPrincipalName": upn} for upn in people])
    await bench.push([{"UserPrincipalName": upn} for upn in people], headers={"message": "wrong"})
    bench.control.switch(signed_in_roles=["Privileged Authentication Administrator", "Reports Reader"])
    bench.control.patch_person("bo.same@contoso.com", attribute="+46701740695")
    held = await sweeper.sweep()
    await lifecycle.watch(sweeper.tools)
    await sweeper.approve(held)
    bench.configure()
    bench.control.put_secret("mfa-sync-password", "another-Passw0rd!that-is-wrong")
    with pytest.raises(Exception, match="AADSTS"):
        await bench.push([{"UserPrincipalName": people[0]}])


async def test_a_pushs_span_holds_its_calls(bench: Bench, exported: Exported) -> None:
    """One push, its sign-in and its batches are one trace; a batch says what its items came to."""
    person = bench.person("+46701740606")
    await bench.one(person)
    (push,) = exported.spans("push")
    batches = exported.spans("graph.batch")
    assert {one.trace for one in exported.spans()} == {push.trace}
    assert {one.parent for one in batches} == {push.id}
    assert (push.facts["mfa_sync.status"], push.facts["mfa_sync.rows"]) == ("200", "1")
    assert batches[0].target == GRAPH
    assert batches[0].facts["mfa_sync.graph.items"] == "2"
    assert batches[0].facts["mfa_sync.graph.statuses"] == "200:2"
    assert [one.parent for one in exported.spans("signIn")] == [push.id]


async def test_events_are_found_by_name_and_by_the_span_they_happened_in(
    bench: Bench, exported: Exported
) -> None:
    """An alert reads the name, a person follows the trace; the text reads as the host's line does."""
    await bench.one(bench.person("+46701740606"))
    (push,) = exported.spans("push")
    (row,) = exported.events("row.settled")
    assert (row.trace, row.span) == (push.trace, push.id)
    assert row.message.startswith('row.settled {"run": "')
    assert row.facts["mfa_sync.outcome"] == "created"
    assert {one.facts["mfa_sync.run.id"] for one in exported.events("push.finished")} == {
        push.facts["mfa_sync.run.id"]
    }
    assert exported.metrics("mfa_sync.events")["row.settled", "created"] == 1


async def test_a_pushs_outcomes_are_counted_by_outcome_and_code(bench: Bench, exported: Exported) -> None:
    """Each person once, however many rows name them; a dry run counts nobody."""
    created, refused = bench.person("+46701740606"), bench.person("no number")
    rows = [{"Id": created.id}, {"Id": created.id}, {"Id": refused.id}]
    await bench.push(rows, {"dryRun": "true"})
    await bench.push(rows)
    assert exported.metrics("mfa_sync.users") == {
        ("created", "push"): 1,
        ("invalidPhoneNumber", "refused", "push"): 1,
    }


async def test_a_runs_steps_go_on_with_its_trace_whoever_nudges(
    bench: Bench, sweeper: Sweeper, exported: Exported
) -> None:
    """From the start over messages, the approval and the watchdog: one trace, run to page to batch."""
    sweeper.bench.person("+46701740606")
    started = await lifecycle.start(sweeper.tools, None, apply=False)
    held = await sweeper.drive(Nudge.load(Nudge.of(started).dump()))
    approved = await sweeper.approve_only(held)
    bench.clock.advance(3600)
    (watched,) = await lifecycle.watch(sweeper.tools)
    await sweeper.drive(watched)
    (start,) = exported.spans("run.start")
    steps = exported.spans("run.step")
    assert len(steps) == (await sweeper.run(started.id)).step - 1  # the approval is a step of its own
    assert {(one.trace, one.parent) for one in steps} == {(start.trace, start.id)}
    assert {one.parent for one in exported.spans("graph.batch")} <= {one.id for one in steps}
    assert {one.parent for one in exported.spans("graph.read")} <= {one.id for one in steps}
    assert watched.trace == approved.trace == Nudge.of(started).trace
    assert (steps[-1].facts["mfa_sync.run.state"], steps[-1].facts["mfa_sync.run.id"]) == (
        "finished",
        started.id,
    )
    (finished,) = exported.events("run.finished")
    assert (finished.trace, finished.span) == (start.trace, steps[-1].id)


async def test_the_watchdog_says_that_it_came(sweeper: Sweeper, exported: Exported) -> None:
    """Also where it found nothing to do: an alert tells of its silence."""
    assert await lifecycle.watch(sweeper.tools) == []
    assert len(exported.events("watchdog.done")) == 1


async def test_a_span_with_a_parent_elsewhere_is_linked_to_the_one_around_it(exported: Exported) -> None:
    """A step goes on with its run's trace, and shows which invocation brought it."""
    async with measures.span(Span.PUSH), measures.span(Span.RUN_STEP, OUTSIDE):
        pass
    (around,) = exported.spans("push")
    (step,) = exported.spans("run.step")
    assert f"00-{step.trace}-{step.parent}-01" == OUTSIDE
    assert step.links == (around.id,)


async def test_a_gauge_is_exported_once(exported: Exported) -> None:
    """An instance that the watchdog has left must not go on showing runs that are long over."""
    measures.measure(Metric.OLDEST, 60, state="held")
    assert exported.metrics(Metric.OLDEST) == {("held",): 60}
    assert exported.metrics(Metric.OLDEST) == {("held",): 60}  # what was exported, with nothing new


async def test_a_sweeps_outcomes_and_the_runs_at_hand_are_measured(
    bench: Bench, sweeper: Sweeper, exported: Exported
) -> None:
    """Users by what became of them; how many runs wait, and for how long the oldest does."""
    bench.person("+46701740606")
    bench.person("+46701740607", "+46701740607")
    bench.person("no number")
    held = await sweeper.sweep(RunKind.FULL)
    bench.clock.advance(120)
    await lifecycle.watch(sweeper.tools)
    assert exported.metrics("mfa_sync.runs.unfinished") == {("held",): 1, ("moving",): 0}
    assert exported.metrics("mfa_sync.runs.oldest") == {("held",): 120, ("moving",): 0}
    await sweeper.approve(held)
    counted = exported.metrics("mfa_sync.users")
    assert counted["created", "full"] == 1
    assert counted["unchanged", "full"] == 1
    assert counted["invalidPhoneNumber", "refused", "full"] == 1


async def test_throttling_shows_by_items_waits_and_calls(bench: Bench, exported: Exported) -> None:
    """Three items refused by Graph, and the calls that waited for their Retry-After."""
    people = [bench.person(f"+4670174060{number}") for number in range(6)]
    bench.control.fault(
        status=429,
        path="phoneMethods",
        method="GET",
        applies_to="item",
        times=3,
        headers={"Retry-After": "7"},
    )
    await bench.push([{"Id": one.id} for one in people])
    items = exported.metrics("mfa_sync.graph.items")
    assert items["authentication methods", "429"] == 3
    calls = bench.calls(GRAPH)
    assert sum(items.values()) == sum(len(call.get("items", [call])) for call in calls)
    assert exported.metrics("mfa_sync.graph.wait")["batch",] >= 7
    refused = [one.facts["mfa_sync.graph.statuses"] for one in exported.spans("graph.batch")]
    assert any("429:3" in one for one in refused)


async def test_a_call_that_fails_is_a_failed_span_without_its_text(bench: Bench, exported: Exported) -> None:
    """By code alone: what an error says may hold anything."""
    bench.control.fault(status=500, host=GRAPH, applies_to="call", times=99)
    with pytest.raises(Exception, match="Graph"):
        await bench.push([{"UserPrincipalName": "anna.new@contoso.com"}])
    (push,) = exported.spans("push")
    assert (push.succeeded, push.facts["mfa_sync.error"]) == (False, "graphUnavailable")
    assert {one.facts["mfa_sync.error"] for one in exported.spans("graph.batch")} == {"500"}
    assert exported.kinds() == {"RemoteDependencyData", "MetricData", "MessageData"}


@pytest.mark.parametrize("upns", [False, True])
async def test_nothing_secret_is_exported(
    bench: Bench, sweeper: Sweeper, switched: SwitchOn, *, upns: bool
) -> None:
    """No number, secret or token in any byte, whatever the day brings; a UPN only where it may."""
    exported = switched(upns=upns)
    await mixed_day(bench, sweeper)
    record(
        Event.RUN_APPROVED,
        by="olga.officer@contoso.com",
        detail=f"from anna.new@contoso.com +46 70-174 06 05, {sample.PASSWORD}",
    )
    told = exported.bytes().decode()
    upns_seen = {one.upn for one in bench.tenant.state.people.values() if one.upn in told}
    assert [word for word in sample.secrets() if word in told] == []
    assert [token for token in bench.tenant.state.tokens if token in told] == []
    assert upns_seen == set() if not upns else "anna.new@contoso.com" in told
    assert ("olga.officer@contoso.com" in told) is upns
    assert re.findall(r"eyJ[A-Za-z0-9_-]{10,}", told) == []
    # And it was worth looking into: each kind of signal is there.
    assert {one.name for one in exported.spans()} == {str(name) for name in Span}
    assert exported.metric_names() >= set(Metric) - {Metric.LIMIT}
    assert {"row.settled", "handshake.refused", "run.held", "run.finished"} <= {
        one.name for one in exported.events()
    }


async def test_attributes_are_known_and_metrics_name_nobody(
    bench: Bench, sweeper: Sweeper, exported: Exported
) -> None:
    """What is not in the table is not exported, and no time series is made for each user or run."""
    await mixed_day(bench, sweeper)
    known = {*NAMES.values(), "_MS.links", "logger_name"}
    told = [one.facts for one in exported.spans()] + [one.facts for one in exported.events()]
    assert {name for facts in told for name in facts} <= known
    series = [key for one in Metric for key in exported.metrics(one)]
    ids = {one.id for one in bench.tenant.state.people.values()}
    assert not [key for key in series for value in key if value in ids or re.search(r"\d{8}T", value)]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 429, "headers": {"Retry-After": "3600"}},
        {"status": 401},
        {"reset": True},
        {"status": 200, "body": "html"},
    ],
)
async def test_an_export_that_fails_hurts_no_call(
    bench: Bench, switched: SwitchOn, tenant: EmulatedTenant, fault: dict[str, object]
) -> None:
    """The push is answered as ever, and neither it nor a flush raises."""
    exported = switched()
    tenant.control.fault(host="westeurope-0.*", times=99, **fault)
    assert (await bench.one(bench.person("+46701740606")))["outcome"] == "created"
    assert exported.spans() == []


async def test_an_export_that_hangs_holds_up_no_call(
    bench: Bench, switched: SwitchOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the endpoint has taken a request and does not answer, calls end, and the queue drops."""
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "1")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
    monkeypatch.delenv("APPLICATIONINSIGHTS_AUTHENTICATION_STRING")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        switched(target=f"InstrumentationKey={INSTRUMENTATION_KEY};IngestionEndpoint=http://127.0.0.1:{port}")
        assert (await bench.one(bench.person("+46701740606")))["outcome"] == "created"
        under_way, _ = await asyncio.to_thread(silent.accept)
        with under_way:
            assert (await bench.one(bench.person("+46701740607")))["outcome"] == "created"


async def test_off_nothing_is_told(bench: Bench) -> None:
    """No sink, no trace: heads and messages are as they were before there was telemetry."""
    async with measures.span(Span.PUSH):
        assert measures.traceparent() == ""
    answer = await bench.push([{"Id": bench.person("+46701740606").id}], headers=ASYNC)
    assert answer.nudge is not None
    assert "traceparent" not in answer.nudge.dump()
    stored = await bench.worker.runs.get(str(answer.body["runId"]))
    assert stored is not None
    assert stored.run.trace == ""
    assert bench.tenant.state.telemetry == []


_PUSH = """
import asyncio, sys
from dev.tenant import sample
from mfa_sync.composition import worker
from mfa_sync.api.push import push
from mfa_sync.api.worker import Call

async def main():
    body = b'[{"UserPrincipalName": "anna.new@contoso.com"}]'
    answer = await push(Call(worker(), {"message": sample.HANDSHAKE}, {}, body))
    print(answer.status, *sorted({name.partition(".")[0] for name in sys.modules}))

asyncio.run(main())
"""


@pytest.mark.parametrize("mode", ["off", "on"])
def test_off_a_push_imports_nothing_of_opentelemetry(bench: Bench, mode: str) -> None:
    """Not even its API: that costs a first push 10 ms of CPU, and the exporters half a second."""
    on = {
        "TELEMETRY": "on",
        "PYTHON_ENABLE_OPENTELEMETRY": "true",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": CONNECTION_STRING,
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "Authorization=AAD",
    }
    settings = {**bench.settings, **bench.tenant.environment(), **(on if mode == "on" else {})}
    ran = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", _PUSH],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    status, *modules = ran.stdout.split()
    assert status == "200"
    assert ("opentelemetry" in modules) is (mode == "on")
    # What was kept back when the process ended was exported then.
    names = {one.name for one in Exported(bench.tenant).spans()}
    assert ("push" in names) is (mode == "on")
