"""How the audit log is read: its window, its rights, its limits, its pages."""

from __future__ import annotations

import logging
from datetime import timedelta
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from dev.tenant.audit_log import Actor
from shared.errors import PermanentError, Problem, TransientError
from tests.wire.auditing import LATER, ONE, TWO, changed_outside, others, own_names
from tests.wire.bench import Bench
from tests.wire.twisting import twisting

GRAPH = "graph.microsoft.com"
AUDITS = "/v1.0/auditLogs/directoryAudits"


async def test_only_what_lies_between_the_two_times_is_told(reader: Bench) -> None:
    """To the second, both ends included, so that two windows leave no gap."""
    before = changed_outside(reader)
    reader.clock.advance(0.4)
    moment = reader.clock.now()
    within = changed_outside(reader)
    changed_outside(reader)
    hour = timedelta(hours=1)
    assert await others(reader, since=moment, until=moment) == {within.id}
    assert await others(reader, since=moment - hour, until=moment) == {before.id, within.id}


async def test_times_of_another_zone_are_the_same_times(reader: Bench) -> None:
    """The caller's zone never reaches Graph."""
    person = changed_outside(reader)
    zone = ZoneInfo("Europe/Stockholm")
    since, until = reader.clock.now() - timedelta(hours=1), reader.clock.now()
    assert await others(reader, since=since.astimezone(zone), until=until.astimezone(zone)) == {person.id}


async def test_trap_21_the_server_filters_by_the_time_of_the_activity_alone(reader: Bench) -> None:
    """`createdDateTime` belongs to sign-ins and fails here; by service it was seen to find nothing."""
    reader.control.switch(audit_service_filter=False)
    person = changed_outside(reader)
    assert await others(reader) == {person.id}
    (call,) = [call for call in reader.calls(GRAPH) if call["path"] == AUDITS]
    asked = unquote(call["query"])
    window = "activityDateTime ge 2026-11-24T05:20:00Z and activityDateTime le 2026-11-24T06:20:00Z"
    assert f"$filter={window}" in asked
    assert not any(name in asked for name in ("createdDateTime", "loggedByService", "initiatedBy"))


async def test_without_the_permission_it_is_said(reader: Bench) -> None:
    """Not an error: the caller then looks at everybody, and says so."""
    reader.control.switch(grants=["User.Read.All", "UserAuthenticationMethod.ReadWrite.All"])
    assert await others(reader) is None


async def test_without_the_role_it_is_said(bench: Bench) -> None:
    """The role that writes phones does not read the log."""
    bench.control.switch(signed_in_roles=["Privileged Authentication Administrator"])
    assert await others(bench) is None


async def test_without_the_licence_it_is_said(reader: Bench) -> None:
    """Also where Graph says so in the midst of the pages."""
    reader.control.fault(
        status=403, path=AUDITS, code="Authentication_RequestFromNonPremiumTenantOrB2CTenant", times=1
    )
    assert await others(reader) is None


async def test_another_refusal_is_no_missing_right(reader: Bench) -> None:
    """Full sweeps for ever would hide a fault of ours."""
    reader.control.fault(status=400, path=AUDITS, code="BadRequest")
    with pytest.raises(PermanentError) as stopped:
        await others(reader)
    assert stopped.value.code is Problem.GRAPH_REFUSED


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_log_that_cannot_be_read_is_not_an_empty_one(reader: Bench, status: int) -> None:
    """Silence is never taken for "nobody"."""
    changed_outside(reader)
    reader.control.fault(status=status, path=AUDITS, times=1000, headers={"Retry-After": "25"})
    with pytest.raises(TransientError):
        await others(reader)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_log_that_is_busy_is_waited_for(reader: Bench, status: int) -> None:
    """Other readers of reports share its limit."""
    person = changed_outside(reader)
    reader.control.fault(status=status, path=AUDITS, times=3, headers={"Retry-After": "4"})
    assert await others(reader) == {person.id}


async def test_many_pages_are_read_to_the_end_within_the_limit(reader: Bench) -> None:
    """Five calls in ten seconds are all that the log takes: nobody is missed, and no call is refused."""
    admin, state = Actor("someone", "Somebody", "somebody@contoso.com"), reader.tenant.state
    for number in range(7000):
        target = Actor(f"user{number}", "", "x@contoso.com")
        state.audit.add(state.clock(), admin, target, "mobile", (ONE, TWO), "c")
    reader.clock.advance(LATER)
    found = await others(reader)
    calls = [call for call in reader.calls(GRAPH) if call["path"] == AUDITS]
    assert found == {f"user{number}" for number in range(7000)}
    assert [call["status"] for call in calls] == [200] * 8


async def test_a_next_page_elsewhere_never_gets_our_bearer(reader: Bench) -> None:
    """As everywhere."""
    wire = twisting(reader)
    own = await own_names(reader)
    wire.twist = lambda body: body.update({"@odata.nextLink": "https://evil.example/v1.0/auditLogs"})
    with pytest.raises(PermanentError, match="another address"):
        await others(reader, own=own)
    assert [url.host for url in wire.asked] == [GRAPH]


async def test_numbers_in_the_log_stay_there(reader: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """`modifiedProperties` may hold the old and the new number in full."""
    caplog.set_level(logging.DEBUG)
    reader.control.switch(audit_numbers="full")
    person = changed_outside(reader)
    found = await others(reader)
    assert found == {person.id}
    assert not any(number[-6:] in caplog.text for number in (ONE, TWO))
