"""Facts that were found out: histories that end wrong without them and right with them."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from dev.tenant.people import Phone
from mfa_sync.graph.client import Request
from mfa_sync.graph.phone_methods import phone_methods_path, signature_of
from mfa_sync.runs.run import RunKind
from mfa_sync.telemetry.events import Event
from tests.wire.bench import Bench
from tests.wire.sweeping import Sweeper

ONE, TWO = "+46701740611", "+46701740622"
HOUR = 3600
CANARY = "eeeeeeee-0000-4000-8000-000000000001"


async def know(bench: Bench, **found: Any) -> None:
    """Let a worker know these facts, as after a canary; or none."""
    bench.configure(CANARY_USER=CANARY)
    if found:
        await bench.worker.facts.learn(found)


@pytest.mark.parametrize(("found", "code"), [({}, "phoneNumberNotUnique"), ({"readLag": 20}, None)])
async def test_reads_that_lag_hide_a_write_from_who_stops_looking(
    bench: Bench, found: dict[str, Any], code: str | None
) -> None:
    """409 leaves the number written, and reads show it after 20 seconds: 15 are not enough."""
    bench.control.switch(write_lag=20.0)
    holder, person = bench.person(ONE, ONE), bench.person(ONE)
    holder.phones["mobile"] = Phone(ONE, "ready")
    person.sms_sign_in_policy = True
    await know(bench, **found)
    line = await bench.one(person)
    assert bench.mobile(person) == ONE
    assert line["code"] == code


@pytest.mark.parametrize(("found", "accused"), [({}, True), ({"readLag": 80}, False)])
async def test_reads_that_lag_accuse_nobody(
    bench: Bench, caplog: pytest.LogCaptureFixture, found: dict[str, Any], *, accused: bool
) -> None:
    """Our own write of 70 seconds ago, which reads do not show yet, is nobody's change outside."""
    bench.control.switch(write_lag=80.0)
    person = bench.person(TWO, ONE)
    await know(bench, **found)
    assert (await bench.one(person))["outcome"] == "updated"
    bench.clock.advance(70)
    with caplog.at_level(logging.WARNING):
        await bench.one(person)
    told = [one for one in caplog.records if getattr(one, "event", "") == Event.CHANGED_OUTSIDE]
    assert bool(told) is accused


@pytest.mark.parametrize(("knows", "outcome", "phone"), [(False, "refused", TWO), (True, "updated", ONE)])
async def test_a_refusal_of_unknown_words_is_known_again(
    bench: Bench, outcome: str, phone: str, *, knows: bool
) -> None:
    """This tenant's "exists" reads like a bad number. Known, the phone is read back and updated."""
    text = "The number conflicts with the format that is invalid for one more phone."
    bench.control.switch(exists_text=text)
    await know(bench, **({"existsSignature": await signature(bench)} if knows else {}))
    person = bench.person(ONE)
    made = await bench.planned(person)
    bench.control.patch_person(person.upn, phones={"mobile": TWO})
    (result,) = await bench.applied(made)
    assert (result.outcome, bench.mobile(person)) == (outcome, phone)


async def signature(bench: Bench) -> str:
    """Return what the refusal of a second POST looks like in this tenant."""
    person = bench.person(ONE, ONE)
    body = {"phoneNumber": TWO, "phoneType": "mobile"}
    request = Request("POST", phone_methods_path(person.id), body)
    reply = await bench.worker.graph.send(request, bench.deadline())
    return signature_of(reply.error_texts())


async def test_a_limit_that_is_known_is_the_pace_to_start_with(bench: Bench) -> None:
    """A worker that has just started sends 150 reads, and the next ones ten seconds later."""
    people = [bench.person(ONE, ONE) for _ in range(160)]
    await know(bench)
    await bench.worker.tenant(bench.deadline()).observe([person.id for person in people])
    assert bench.clock.monotonic() == 0.0
    await know(bench, methodsLimit=150)
    await bench.worker.tenant(bench.deadline()).observe([person.id for person in people])
    assert bench.clock.monotonic() >= 10.0


@pytest.mark.parametrize(
    "found", [{"readLag": 500}, {"readLag": "9"}, {"methodsLimit": 20}, {"existsSignature": ONE}]
)
async def test_a_fact_out_of_bounds_is_not_used_and_is_told(bench: Bench, found: dict[str, Any]) -> None:
    """A canary that measured nonsense must not slow everybody down."""
    await know(bench, **found)
    facts = await bench.worker.facts.known()
    assert (facts.read_lag, facts.methods_limit, facts.exists_signature) == (None, None, None)
    assert [one.unused.split(" (")[0] for one in facts.found] == ["it is out of bounds"]


async def test_two_refusals_that_look_the_same_tell_nothing(bench: Bench) -> None:
    """Then the words decide, as without facts."""
    await know(bench, existsSignature="0" * 16, badNumberSignature="0" * 16)
    facts = await bench.worker.facts.known()
    assert (facts.exists_signature, facts.bad_number_signature) == (None, None)


async def test_facts_are_forgotten_after_thirty_days(bench: Bench) -> None:
    """Graph changes without a word."""
    await know(bench, readLag=20, auditFilter=True)
    bench.clock.advance(30 * 86400)
    assert (await bench.worker.facts.known()).read_lag == 20
    bench.clock.advance(301)
    facts = await bench.worker.facts.known()
    assert (facts.read_lag, [one.unused for one in facts.found]) == (None, ["it is older than 30 days"] * 2)
    assert len((await bench.worker.facts.learn({"readLag": 5})).found) == 1


async def test_without_a_canary_nothing_is_read_or_used(bench: Bench) -> None:
    """Facts of a former setting are not there either."""
    await know(bench, readLag=20)
    bench.configure(CANARY_USER="")
    assert (await bench.worker.facts.known()).read_lag is None


async def test_storage_that_is_down_leaves_what_was_known(bench: Bench) -> None:
    """Facts are a help."""
    await know(bench, readLag=20)
    bench.clock.advance(301)
    bench.storage.stop()
    try:
        assert (await bench.worker.facts.known()).read_lag == 20
        bench.configure(CANARY_USER=CANARY)
        assert (await bench.worker.facts.known()).read_lag is None
    finally:
        bench.storage.start()


@pytest.mark.parametrize(("found", "phone"), [({}, TWO), ({"auditLatency": 2400}, ONE)])
async def test_an_audit_log_that_is_late_is_read_from_earlier_on(
    sweeper: Sweeper, found: dict[str, Any], phone: str
) -> None:
    """A change twenty minutes before the last sweep, and the log shows it twenty minutes after that."""
    bench = sweeper.bench
    bench.control.switch(audit_latency=2400.0)
    await know(bench, **found)
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(HOUR)
    bench.control.patch_person(person.id, phones={"mobile": TWO})
    bench.clock.advance(20 * 60)
    await sweeper.sweep(RunKind.CHANGED, apply=True)
    bench.clock.advance(HOUR)
    await sweeper.sweep(RunKind.CHANGED, apply=True)
    assert bench.mobile(person) == phone


@pytest.mark.parametrize(("found", "asks"), [({}, True), ({"auditFilter": False}, False)])
async def test_a_filter_that_was_found_to_fail_is_not_tried(
    sweeper: Sweeper, found: dict[str, Any], *, asks: bool
) -> None:
    """Each trial costs two of the five calls that the log answers in ten seconds."""
    bench = sweeper.bench
    await know(bench, **found)
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(HOUR)
    bench.control.switch(audit_told_by="both")
    bench.control.patch_person(person.id, phones={"mobile": TWO})
    bench.clock.advance(HOUR)
    await sweeper.sweep(RunKind.CHANGED, apply=True)
    bench.control.clear_log()
    await sweeper.sweep(RunKind.CHANGED, apply=True)
    queries = [
        call["query"] for call in bench.calls("graph.microsoft.com") if "directoryAudits" in call["path"]
    ]
    assert any("loggedByService" in one for one in queries) is asks
