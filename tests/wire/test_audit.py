"""Whose phones others changed, as the audit log tells it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from dev.tenant import sample
from dev.tenant.audit_log import Actor
from dev.tenant.people import Person
from mfa_sync.graph.audit import changed_by_others
from shared.clock import Deadline
from shared.errors import PermanentError, Problem, TransientError
from tests.wire.conftest import Bench
from tests.wire.twisting import twisting

if TYPE_CHECKING:
    from datetime import datetime

ONE, TWO = "+46701740611", "+46701740622"
GRAPH = "graph.microsoft.com"
AUDITS = "/v1.0/auditLogs/directoryAudits"
ADMIN = "admin.privileged@contoso.com"
# Longer than the log is late.
LATER = 20 * 60


@pytest.fixture
def reader(bench: Bench) -> Bench:
    """A service account that may read the audit log too."""
    bench.control.switch(signed_in_roles=["Privileged Authentication Administrator", "Reports Reader"])
    return bench


async def own_names(bench: Bench) -> frozenset[str]:
    """Return what this program is called in the tenant."""
    return (await bench.worker.tenant(Deadline.after(bench.clock, 90)).scope_sets()).own


async def others(
    bench: Bench,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    own: frozenset[str] | None = None,
) -> set[str] | None:
    """Return whose phones others changed, from the last hour until now unless told otherwise."""
    since = since or bench.clock.now() - timedelta(hours=1)
    own = await own_names(bench) if own is None else own
    deadline = Deadline.after(bench.clock, 240)
    found = await changed_by_others(bench.worker.graph, since, until or bench.clock.now(), own, deadline)
    return None if found is None else set(found)


async def others_if(bench: Bench, own: frozenset[str] | None = None, **news: Any) -> set[str] | None:
    """Return whose phones others changed if each entry of the log had these members."""
    wire = twisting(bench)
    own = await own_names(bench) if own is None else own

    def twist(body: dict[str, Any]) -> None:
        for entry in body["value"]:
            entry.update(news)

    wire.twist = twist
    return await others(bench, own=own)


def changed_outside(bench: Bench, by: str | None = ADMIN) -> Person:
    """Return somebody whose phone was just changed; None: by themself."""
    person = bench.person(ONE, ONE)
    bench.control.patch_person(person.id, phones={"mobile": TWO}, **({"by": by} if by else {}))
    bench.clock.advance(LATER)
    return person


@pytest.mark.parametrize("by", [ADMIN, None, sample.CLIENT_ID])
@pytest.mark.parametrize("phones", [{"mobile": TWO}, {"mobile": None}])
async def test_trap_20_a_phone_that_somebody_else_changed_is_told(
    reader: Bench, by: str | None, phones: dict[str, str | None]
) -> None:
    """Nothing else tells. By an administrator, by the user, by an app alone; deletions as well."""
    person = reader.person(ONE, ONE)
    reader.control.patch_person(person.id, phones=phones, **({"by": by} if by else {}))
    reader.clock.advance(LATER)
    assert await others(reader) == {person.id}


async def test_a_phone_that_somebody_else_registered_is_told(reader: Bench) -> None:
    """The very thing this program is there to prevent."""
    person = reader.person(None)
    reader.control.patch_person(person.id, phones={"mobile": TWO})
    reader.clock.advance(LATER)
    assert await others(reader) == {person.id}


async def test_trap_21_our_own_changes_are_not_told(reader: Bench) -> None:
    """They are logged like all others; taking them for drift would read everybody again whom we wrote."""
    created, updated, deleted = reader.person(ONE), reader.person(ONE, TWO), reader.person(None, ONE)
    await reader.push([{"Id": person.id} for person in (created, updated, deleted)])
    reader.clock.advance(LATER)
    assert len(reader.writes()) == 3
    assert await others(reader) == set()
    assert await others(reader, own=frozenset()) == {created.id, updated.id, deleted.id}


async def test_our_own_changes_as_an_app_alone_are_not_told(reader: Bench) -> None:
    """Without a service account it is the app that the log names."""
    person = changed_outside(reader, by=sample.CLIENT_ID)
    assert await others(reader, own=frozenset({sample.CLIENT_ID})) == set()
    assert await others(reader, own=frozenset({"another-app"})) == {person.id}


@pytest.mark.parametrize("name", ["appId", "servicePrincipalId"])
async def test_an_app_is_known_by_either_of_its_ids_in_any_case(reader: Bench, name: str) -> None:
    """Managed identities are named by their service principal."""
    person = changed_outside(reader)
    by = {"user": None, "app": {"appId": None, name: "0AF1"}}
    assert await others_if(reader, frozenset({"0af1"}), initiatedBy=by) == set()
    assert await others_if(reader, frozenset({"0af2"}), initiatedBy=by) == {person.id}


@pytest.mark.parametrize("name", ["id", "userPrincipalName"])
async def test_a_person_is_known_by_either_name_in_any_case(reader: Bench, name: str) -> None:
    """The log may lack one of them."""
    person = changed_outside(reader)
    by = {"user": {name: "SVC@X"}}
    assert await others_if(reader, frozenset({"svc@x"}), initiatedBy=by) == set()
    assert await others_if(reader, frozenset({"svc@y"}), initiatedBy=by) == {person.id}


async def test_somebody_else_through_our_own_app_is_somebody_else(reader: Bench) -> None:
    """A person goes before the app: whoever got hold of our registration must not be invisible."""
    person = changed_outside(reader)
    by = {"user": {"id": "somebody"}, "app": {"appId": sample.CLIENT_ID}}
    assert await others_if(reader, frozenset({sample.CLIENT_ID}), initiatedBy=by) == {person.id}


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


@pytest.mark.parametrize(
    "change",
    [
        {"result": "failure"},
        {"loggedByService": "Core Directory"},
        {"activityDisplayName": "User reviewed security info"},
        {"activityDisplayName": "User started security info registration"},
        {"activityDisplayName": "Admin started password reset"},
        {"activityDisplayName": "Update user"},
        {"activityDisplayName": None},
    ],
)
async def test_what_changed_no_method_is_not_told(reader: Bench, change: dict[str, Any]) -> None:
    """The log holds everything that happens in the directory; most of it is none of ours."""
    changed_outside(reader)
    assert await others_if(reader, **change) == set()


@pytest.mark.parametrize(
    "change",
    [
        {"result": "timeout"},
        {"result": None},
        {"loggedByService": None},
        {"activityDisplayName": "ADMIN updated Security Info"},
        {"initiatedBy": None},
        {"initiatedBy": {"user": None, "app": None}},
        {"initiatedBy": {"user": {"id": None, "userPrincipalName": ""}, "app": "none"}},
        {"resultReason": None},
    ],
)
async def test_what_the_log_leaves_unsaid_counts_as_a_change(reader: Bench, change: dict[str, Any]) -> None:
    """Reading one user too many costs a twentieth of a call; a hidden change stays for a week."""
    person = changed_outside(reader)
    assert await others_if(reader, **change) == {person.id}


@pytest.mark.parametrize(
    "targets",
    [None, "text", [], [None], [{}], [{"id": None, "type": "User"}], [{"id": "ab", "type": "Group"}]],
)
async def test_an_entry_that_names_no_user_harms_nobody(reader: Bench, targets: Any) -> None:
    """Missing members never stop the sweep."""
    changed_outside(reader)
    assert await others_if(reader, targetResources=targets) == set()


async def test_all_users_of_an_entry_are_told(reader: Bench) -> None:
    """An entry may have several targets; ids are folded, as ids of other sources are."""
    changed_outside(reader)
    targets = [{"id": "AA", "type": "User"}, {"id": "bb"}]
    found = await others_if(reader, targetResources=targets)
    assert found == {"aa", "bb"}


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
