"""The canary on the wire: what is found out; the account is as it was, and nobody else is touched."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dev.tenant.access import AdministrativeUnit
from dev.tenant.people import Person, Phone
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.storage.canary_journal import Begun, CanaryJournal, Written
from mfa_sync.telemetry.events import Event
from shared.errors import Problem
from shared.tenant import Kind
from tests.wire.bench import Bench
from tests.wire.doctoring import examined
from tests.wire.operating import KNOWING

ONE, TWO = "+46701740611", "+46701740622"
TRIES = {
    "canary",
    "canary.mask",
    "canary.restrictedUnit",
    "canary.readLag",
    "canary.refusals",
    "canary.auditLog",
    "canary.rate",
}
ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 60.0


def canary(bench: Bench, **facts: Any) -> Person:
    """Return the canary as it should be, but for these facts, with a worker that knows of it."""
    mobile = facts.pop("mobile", ONE)
    facts = {"attribute": ONE, "enabled": False, **facts}
    person = bench.person(facts.pop("attribute"), mobile, **facts)
    bench.configure(CANARY_USER=person.id)
    return person


def await_written(bench: Bench, person: Person) -> None:
    """Wait until the canary's phone is another than it was."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while bench.mobile(person) == ONE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def tried(bench: Bench) -> dict[str, dict[str, Any]]:
    """Return the doctor's checks after everything was tried on the canary."""
    return await examined(bench, KNOWING, canary=True)


def written(bench: Bench) -> set[str]:
    """Return whose methods were written, by any call."""
    return {
        entry["path"].split("/")[3]
        for entry in bench.calls("graph.microsoft.com")
        if entry["method"] != "GET" and "/authentication/" in entry["path"]
    } | {url.split("/")[2] for _, url in bench.writes()}


async def test_everything_is_found_out_and_the_account_is_as_it_was(
    reader: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """On a tenant of its defaults: whole numbers, no lag, refusals told apart; counted, and told by whom."""
    person = canary(reader)
    before = reader.control.people()
    with caplog.at_level(logging.INFO):
        checks = await tried(reader)
    assert {name for name in checks if name.startswith("canary")} == TRIES
    assert {checks[name]["state"] for name in TRIES - {"canary.auditLog"}} == {"ok"}
    assert checks["canary.auditLog"]["state"] == "unknown"
    assert reader.control.people() == before
    assert written(reader) == {person.id}
    facts = await reader.worker.facts.known()
    assert (facts.read_lag, facts.methods_limit) == (0.0, None)
    assert facts.exists_signature != facts.bad_number_signature
    assert ((await reader.worker.counters.recent()) or {})[Kind.UPDATE] == 2
    (told,) = [one for one in caplog.records if getattr(one, "event", "") == Event.CANARY_TRIED]
    assert told.facts == {"by": "key", "user": person.id}  # type: ignore[attr-defined]
    assert await reader.worker.table.range("canary", "begun", "begun~") == []


async def test_another_tenant_is_found_to_be_another(bench: Bench) -> None:
    """Each of the unknowns as a switch: lag, mask, words, the limit."""
    text = "The number conflicts with the format that is invalid for one more phone."
    bench.control.switch(
        write_lag=7.0,
        number_view="masked",
        exists_text=text,
        methods_limit=120,
        throttle_tells_share=False,
        throttle_tells_wait=False,
    )
    canary(bench)
    checks = await tried(bench)
    facts = await bench.worker.facts.known()
    assert facts.read_lag == 10.0
    assert 100 <= (facts.methods_limit or 0) <= 120
    assert "with its last 2 digits" in checks["canary.mask"]["found"]
    assert "after 10.0 s" in checks["canary.readLag"]["found"]
    assert "refused, without Retry-After" in checks["canary.rate"]["found"]
    assert checks["facts"]["state"] == "ok"
    assert ONE[-4:] not in json.dumps(list(checks.values()))


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"enabled": True}, "it is not disabled"),
        ({"on_premises_sync_enabled": None}, "it is not in scope (CLOUD_ONLY_USERS=refuse)"),
        ({"roles": ["User Administrator"]}, "it is privileged"),
        ({"mobile": TWO}, "its phone is not its attribute's"),
        ({"mobile": None}, "its phone is not its attribute's"),
        ({"attribute": None}, "its attribute holds no number"),
    ],
)
async def test_no_account_but_the_canary_is_written(bench: Bench, facts: dict[str, Any], found: str) -> None:
    """A setting that names a person, by a slip, changes nobody's phone."""
    canary(bench, **facts)
    before = bench.control.mobiles()
    checks = await tried(bench)
    assert (checks["canary"]["state"], found in checks["canary"]["found"]) == ("fault", True)
    assert written(bench) == set()
    assert bench.control.mobiles() == before


async def test_without_the_wish_it_is_only_looked_at(bench: Bench) -> None:
    """The key alone writes nobody."""
    canary(bench)
    checks = await examined(bench)
    assert checks["canary"]["state"] == "ok"
    assert written(bench) == set()


async def test_without_a_canary_the_wish_is_refused(bench: Bench) -> None:
    """There is nobody on whom it could be tried."""
    with pytest.raises(RequestError) as caught:
        await tried(bench)
    assert caught.value.code is Problem.INVALID_REQUEST


async def test_a_restricted_unit_is_found_to_be_a_border(bench: Bench) -> None:
    """The write is refused, and nothing has changed."""
    unit = "dddddddd-0000-4000-8000-000000000001"
    bench.tenant.state.access.units[unit] = AdministrativeUnit(unit, "Restricted", restricted=True)
    person = canary(bench, administrative_units=[unit])
    checks = await tried(bench)
    assert bench.mobile(person) == ONE
    assert checks["canary.restrictedUnit"]["state"] == "warning"
    assert "canary.readLag" not in checks


async def test_a_fault_amid_the_tries_leaves_the_phone_as_it_was(bench: Bench) -> None:
    """Reads that fail after the write: the way back is gone all the same."""
    person = canary(bench)
    bench.control.fault(
        status=500, method="GET", path=f"{person.id}/authentication/phoneMethods", skip=2, times=1
    )
    checks = await tried(bench)
    assert checks["canary"]["state"] in {"fault", "unknown"}
    assert bench.mobile(person) == ONE
    assert len(written(bench)) == 1


async def test_what_was_cut_off_by_a_kill_is_put_right_at_the_next_call(bench: Bench) -> None:
    """By `kill -9`, between write and way back. While its call may still live nobody interferes."""
    person = canary(bench)
    bench.control.switch(write_lag=10_000.0)
    settings = {**os.environ, **bench.settings, "CANARY_USER": person.id, "SYNC_DEADLINE_SECONDS": "220"}
    command = (sys.executable, "-m", "tests.wire.canary_alone")
    with subprocess.Popen(command, cwd=ROOT, env=settings) as alone:  # noqa: S603, ASYNC220  our own program
        try:
            await asyncio.to_thread(await_written, bench, person)
        finally:
            alone.kill()
    assert bench.mobile(person) == f"{ONE}x1"
    bench.control.switch(write_lag=0.0)
    (row,) = await bench.worker.table.range("canary", "begun", "begun~")
    bench.clock.advance(float(row.values["until"]) - bench.clock.epoch() - 60)
    assert "another call" in (await examined(bench))["canary"]["found"]
    assert bench.mobile(person) == f"{ONE}x1"
    bench.clock.advance(120)
    checks = await examined(bench)
    assert checks["canary"]["found"] == "a try that was cut off is put right"
    assert bench.mobile(person) == ONE
    assert await bench.worker.table.range("canary", "begun", "begun~") == []


async def test_another_account_that_was_cut_off_is_told_and_not_written(bench: Bench) -> None:
    """CANARY_USER was changed meanwhile: nobody but the canary is ever written."""
    former = bench.person(ONE, f"{ONE}x1", enabled=False)
    canary(bench)
    await left_begun(bench, former)
    checks = await tried(bench)
    assert (checks["canary"]["state"], former.id in checks["canary"]["found"]) == ("warning", True)
    assert written(bench) == set()


async def left_begun(bench: Bench, person: Person) -> None:
    """Let a try on somebody have been cut off a while ago."""
    assert await CanaryJournal(bench.worker.table).begin(Begun(person.id, bench.clock.epoch() - 1))


async def test_what_was_cut_off_is_not_put_right_on_an_account_that_is_refused(bench: Bench) -> None:
    """It was enabled meanwhile: with the operator's key alone nobody's phone is written."""
    person = canary(bench)
    person.phones["mobile"] = Phone(f"{ONE}x1")
    person.enabled = True
    await left_begun(bench, person)
    check = (await examined(bench))["canary"]
    assert (check["state"], "it is not disabled" in check["found"]) == ("fault", True)
    assert written(bench) == set()


async def test_what_somebody_has_changed_since_is_left_to_them(bench: Bench) -> None:
    """An administrator's correction of a try that was cut off."""
    person = canary(bench)
    person.phones["mobile"] = Phone("+46701740699")
    await left_begun(bench, person)
    check = (await examined(bench))["canary"]
    assert (check["state"], "somebody has changed its phone" in check["found"]) == ("warning", True)
    assert written(bench) == set()


async def test_nothing_is_tried_while_it_is_not_known_who_is_privileged(bench: Bench) -> None:
    """The account may be one."""
    canary(bench)
    bench.control.fault(status=403, path="/roleManagement/directory/roleAssignments", times=9)
    check = (await tried(bench))["canary"]
    assert (check["state"], "who is privileged cannot be read whole" in check["found"]) == ("fault", True)
    assert written(bench) == set()


async def test_a_way_back_that_is_refused_for_long_is_a_fault(bench: Bench) -> None:
    """Its phone is not what it was, which no other line would say."""
    person = canary(bench)
    bench.control.fault(
        method="PATCH", path=person.id, status=429, headers={"Retry-After": "600"}, skip=1, times=9
    )
    check = (await tried(bench))["canary"]
    assert (check["state"], "could not be put right" in check["found"]) == ("fault", True)
    bench.control.clear_faults()
    bench.clock.advance(700)
    assert (await examined(bench))["canary"]["found"] == "a try that was cut off is put right"
    assert bench.mobile(person) == ONE


async def test_of_two_calls_one_takes_over_what_was_cut_off(bench: Bench) -> None:
    """The other neither writes nor takes the row away."""
    person, journal = canary(bench), CanaryJournal(bench.worker.table)
    await left_begun(bench, person)
    held = await journal.begun()
    assert held
    begun, version = held
    mine = await journal.begin(begun, version)
    assert mine
    assert await journal.begin(begun, version) is None
    await journal.end(version)
    assert await journal.begun()
    await journal.end(mine)
    assert await journal.begun() is None


@pytest.mark.parametrize("works", [True, False])
async def test_the_audit_log_is_looked_at_again_by_a_later_call(reader: Bench, *, works: bool) -> None:
    """Entries come after minutes; then the filter is known to work, or not to."""
    reader.control.switch(audit_service_filter=works, audit_latency=180.0)
    canary(reader)
    await tried(reader)
    reader.clock.advance(200)
    checks = await examined(reader)
    facts = await reader.worker.facts.known()
    assert checks["canary.auditLog"]["state"] == "ok"
    assert (facts.audit_filter, facts.audit_latency) == (works, 200)
    assert "canary.auditLog" not in await examined(reader)


async def test_an_entry_that_is_found_the_next_day_tells_no_latency(reader: Bench) -> None:
    """Only that the filter works; after a week nobody looks any more."""
    person = canary(reader)
    await tried(reader)
    reader.clock.advance(86400)
    await examined(reader)
    facts = await reader.worker.facts.known()
    assert (facts.audit_filter, facts.audit_latency) == (True, None)
    journal = CanaryJournal(reader.worker.table)
    await journal.keep_written(Written(person.id, reader.clock.epoch() - 8 * 86400))
    assert "canary.auditLog" not in await examined(reader)
    assert await journal.written() is None


async def test_over_the_days_limit_nothing_is_tried(bench: Bench) -> None:
    """Its writes are counted as everybody's are."""
    person = canary(bench)
    bench.configure(CANARY_USER=person.id, MAX_UPDATES="1")
    checks = await tried(bench)
    assert (checks["canary"]["state"], written(bench)) == ("unknown", set())
