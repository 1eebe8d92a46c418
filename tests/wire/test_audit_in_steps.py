"""The audit log of a busy tenant: over steps, by the filter where it proves itself, or not at all."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from dev.tenant.audit_log import Actor
from dev.tenant.people import Person
from mfa_sync.runs import audit_steps, lifecycle
from mfa_sync.runs.run import RunKind, State
from mfa_sync.runs.step import Nudge, take
from mfa_sync.runs.sweep import Next
from mfa_sync.storage.table import StorageDownError
from tests.wire.auditing import LATER, ONE, TWO
from tests.wire.bench import Bench
from tests.wire.sweeping import Sweeper

AUDITS = "/v1.0/auditLogs/directoryAudits"
SERVICE, UPDATE = "loggedByService", "activityDisplayName"
ADMIN = Actor("someone", "Somebody", "somebody@contoso.com")


def asked(bench: Bench) -> list[str]:
    """Return the queries that the audit log has answered since this was last asked."""
    calls = [
        call
        for call in bench.calls("graph.microsoft.com")
        if call["path"] == AUDITS and call["status"] == 200
    ]
    bench.control.clear_log()
    return [unquote(call["query"]) for call in calls]


def busy(bench: Bench, many: int) -> None:
    """Let so many other things happen in the tenant, evenly over the last hour."""
    state = bench.tenant.state
    for number in range(many):
        at = state.clock() + number * 3600 / many
        state.audit.add_other(
            at, ADMIN, Actor(f"x{number}", "", ""), "Add member to group", "GroupManagement"
        )
    bench.clock.advance(3600)


def changed(bench: Bench, person: Person, told_by: str = "methods") -> None:
    """Let somebody change their phone, as one of the services tells it."""
    bench.control.switch(audit_told_by=told_by)
    bench.control.patch_person(person.id, phones={"mobile": TWO})


def told(caplog: pytest.LogCaptureFixture) -> set[str]:
    """Return whose phone was told to be changed outside."""
    lines = [one for one in caplog.records if getattr(one, "event", "") == "phone.changedOutside"]
    return {getattr(one, "facts", {})["user"] for one in lines}


@pytest.mark.parametrize("kind", [RunKind.CHANGED, RunKind.FULL])
async def test_trap_50_a_log_of_any_length_is_read_over_as_many_steps_as_it_takes(
    sweeper: Sweeper, caplog: pytest.LogCaptureFixture, kind: RunKind
) -> None:
    """Five calls in ten seconds: 45,000 entries take longer than a step may. The last counts as the first."""
    bench = sweeper.bench
    first, last = [bench.person(ONE, ONE) for _ in range(60)][:2]
    await sweeper.settled()
    bench.clock.advance(LATER)
    bench.configure(RUN_CLAIM_SECONDS="60")
    changed(bench, first)
    busy(bench, 45_000)
    changed(bench, last, "both")
    bench.clock.advance(LATER)
    run = await lifecycle.start(sweeper.tools, kind, apply=True)
    nudge: Nudge | None = Nudge.of(run)
    steps = 0
    while nudge and (await sweeper.run(run.id)).pages == 0:
        nudge = await take(nudge, sweeper.tools)
        steps += 1
    done = await sweeper.drive(nudge or Nudge.of(run))
    assert (done.kind, done.state, dict(done.tally.outcomes)) == (kind, State.FINISHED, {"updated": 2})
    assert told(caplog) == {first.id, last.id}
    assert steps > 2


async def test_with_nothing_remembered_and_nothing_to_go_on_from_the_log_is_not_read(
    sweeper: Sweeper,
) -> None:
    """A first sweep looks at everybody; a week of a busy tenant's log could void nothing."""
    bench = sweeper.bench
    changed(bench, bench.person(ONE, ONE))
    bench.clock.advance(LATER)
    await sweeper.settled()
    assert asked(bench) == []


async def test_a_first_sweep_reads_the_log_where_pushes_are_remembered(sweeper: Sweeper) -> None:
    """What others changed since makes that memory void."""
    bench = sweeper.bench
    person = bench.person(ONE)
    await bench.one(person)
    bench.clock.advance(LATER)
    changed(bench, person)
    bench.clock.advance(LATER)
    await sweeper.sweep(RunKind.FULL)
    assert len(asked(bench)) == 1


async def two_nights(sweeper: Sweeper) -> None:
    """Let a sweep see entries of both kinds without the filter, so that the next can put it to the test."""
    bench = sweeper.bench
    people = [bench.person(ONE, ONE) for _ in range(60)]
    await sweeper.settled()
    changed(bench, people[0], "both")
    bench.clock.advance(LATER)
    assert (await sweeper.sweep(RunKind.CHANGED, apply=True)).state is State.FINISHED
    bench.clock.advance(LATER)
    assert not any(SERVICE in query or UPDATE in query for query in asked(bench)[:1])


async def swept_after(sweeper: Sweeper) -> tuple[set[str], list[str]]:
    """Return who is changed outside and set right by the next changed sweep, and what it asked the log."""
    bench = sweeper.bench
    one, other = bench.person(ONE, ONE), bench.person(ONE, ONE)
    await sweeper.sweep(RunKind.CHANGED, apply=True)
    bench.clock.advance(LATER)
    changed(bench, one, "methods")
    changed(bench, other, "directory")
    bench.clock.advance(LATER)
    asked(bench)
    await sweeper.sweep(RunKind.CHANGED, apply=True)
    found = {name for name, person in (("one", one), ("other", other)) if bench.mobile(person) == ONE}
    return found, asked(bench)


async def test_a_filter_that_finds_what_was_seen_without_it_is_used(sweeper: Sweeper) -> None:
    """Two reads: one for the methods' own service, one for "Update user", which is told elsewhere."""
    await two_nights(sweeper)
    found, queries = await swept_after(sweeper)
    assert found == {"one", "other"}
    assert len(queries) == 4
    assert all(SERVICE in query or UPDATE in query for query in queries)


async def test_a_filter_that_finds_nothing_hides_no_change(sweeper: Sweeper) -> None:
    """As was seen: 200 and an empty list. The witness is not in it, so the log is read without."""
    await two_nights(sweeper)
    sweeper.bench.control.switch(audit_service_filter=False)
    found, queries = await swept_after(sweeper)
    assert found == {"one", "other"}
    assert not any(name in queries[-1] for name in (SERVICE, UPDATE))


@pytest.mark.parametrize(
    "fault", [{"status": 400, "code": "BadRequest"}, {"status": 403, "code": "Forbidden"}]
)
async def test_a_filter_that_is_refused_hides_no_change(sweeper: Sweeper, fault: dict[str, Any]) -> None:
    """Graph may take it away again."""
    bench = sweeper.bench
    await two_nights(sweeper)
    one = bench.person(ONE, ONE)
    await sweeper.sweep(RunKind.CHANGED, apply=True)
    changed(bench, one, "methods")
    bench.clock.advance(LATER)
    bench.control.fault(path=AUDITS, times=1, **fault)
    run = await sweeper.sweep(RunKind.CHANGED, apply=True)
    assert (run.kind, bench.mobile(one)) == (RunKind.CHANGED, ONE)


async def test_numbers_in_the_log_are_kept_nowhere(
    sweeper: Sweeper, caplog: pytest.LogCaptureFixture
) -> None:
    """What is kept between steps is who and when."""
    caplog.set_level(logging.DEBUG)
    bench = sweeper.bench
    bench.control.switch(audit_numbers="full")
    await sweeper.settled()
    changed(bench, bench.person(ONE, ONE), "both")
    bench.clock.advance(LATER)
    run = await sweeper.sweep(RunKind.CHANGED)
    kept = str(await sweeper.tools.runs.note(run.id, "others"))
    assert run.tally.planned == {"update": 1}
    assert not any(number[-6:] in kept for number in (ONE, TWO))


async def test_a_filter_is_proved_by_nothing_that_it_has_found_itself(sweeper: Sweeper) -> None:
    """It may find some entries and not others: full sweeps read all, and a witness is what they have seen."""
    bench = sweeper.bench
    bench.control.switch(audit_service_filter=True)
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    seen = []
    for kind in (RunKind.CHANGED, RunKind.CHANGED, RunKind.FULL):
        bench.clock.advance(LATER)
        changed(bench, person, "both")
        bench.clock.advance(LATER)
        asked(bench)
        run = await sweeper.sweep(kind, apply=True)
        following = await sweeper.tools.runs.sealed(run.id, "next", run.seal("next"), Next)
        assert following
        seen.append((any(SERVICE in one for one in asked(bench)), following.witnesses))
    (first, second, third) = seen
    assert [one[0] for one in seen] == [False, True, False]
    assert first[1] == second[1] != third[1]


async def test_what_could_not_be_read_is_read_by_the_next_sweep_that_may(sweeper: Sweeper) -> None:
    """A right that was gone for one night hides nothing of it."""
    bench = sweeper.bench
    bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(LATER)
    await sweeper.sweep(RunKind.CHANGED, apply=True)
    bench.clock.advance(86400)
    bench.control.fault(status=403, path=AUDITS, times=1)
    await sweeper.sweep(RunKind.CHANGED, apply=True)
    bench.clock.advance(86400)
    asked(bench)
    began = bench.clock.now()
    await sweeper.sweep(RunKind.CHANGED, apply=True)
    since = asked(bench)[0].partition("activityDateTime ge ")[2][:20]
    assert began - datetime.fromisoformat(since) > timedelta(days=2)


async def test_a_part_of_the_log_that_is_gone_is_no_silence(sweeper: Sweeper) -> None:
    """Whoever it told of would pass for somebody whom nobody has changed."""
    run = await sweeper.settled()
    with pytest.raises(StorageDownError, match="told/0-gone"):
        await audit_steps.changed_by_others(run, ["told/0-gone"], (), sweeper.tools)
