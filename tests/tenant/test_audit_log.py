"""The audit log: who changed whose phone, told minutes later, to those who may read it."""

from typing import Any

import pytest

from dev.tenant import sample
from dev.tenant.audit_log import Actor, AuditLog
from dev.tenant.outside import change_from_outside
from dev.tenant.people import PHONE_METHOD_IDS
from dev.tenant.state import TenantState
from dev.tenant.state_json import NotUnderstoodError
from tests.clocks import FakeClock
from tests.tenant.audits import entries, time_text
from tests.tenant.graph_client import GraphClient

MOBILE = PHONE_METHOD_IDS["mobile"]
ANNA, BO, CARL = "anna.new@contoso.com", "bo.same@contoso.com", "carl.changed@contoso.com"
NUMBER, OTHER = "+46701740699", "+46701740698"
DAY = 24 * 3600
pytestmark = pytest.mark.usefixtures("unhurried_audits")


def acts(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What was done and to whom."""
    return [(row["activityDisplayName"], row["targetResources"][0]["userPrincipalName"]) for row in rows]


async def test_our_own_changes_are_in_it_as_the_administrators(
    graph: GraphClient, app_only: GraphClient, state: TenantState
) -> None:
    """Delegated calls are the service account's, app-only ones the app's."""
    await graph.post_phone(ANNA, NUMBER)
    await graph.patch_phone(ANNA, MOBILE, phoneNumber=OTHER)
    await app_only.delete_phone(ANNA, MOBILE)
    deleted, updated, registered = await entries(graph)
    assert acts([registered, updated, deleted]) == [
        ("Admin registered security info", ANNA),
        ("Admin updated security info", ANNA),
        ("Admin deleted security info", ANNA),
    ]
    service = state.person(sample.SERVICE_ACCOUNT)
    assert registered["initiatedBy"]["app"] is None
    assert registered["initiatedBy"]["user"]["id"] == service.id
    assert registered["initiatedBy"]["user"]["userPrincipalName"] == sample.SERVICE_ACCOUNT
    assert deleted["initiatedBy"]["user"] is None
    assert deleted["initiatedBy"]["app"]["appId"] == sample.CLIENT_ID
    assert {row["targetResources"][0]["id"] for row in (deleted, updated)} == {sample.guid(ANNA)}
    assert updated["resultReason"] == "Admin changed phone method for user"
    assert (updated["category"], updated["loggedByService"]) == ("UserManagement", "Authentication Methods")
    assert updated["id"].startswith("Authentication Methods_")


async def test_refused_changes_are_not_in_it(graph: GraphClient, state: TenantState) -> None:
    """Nothing was done to anybody."""
    await graph.post_phone(BO, NUMBER)
    await graph.delete_phone(ANNA, MOBILE)
    state.switches.grants = ["UserAuthenticationMethod.Read.All", "AuditLog.Read.All"]
    await graph.post_phone(ANNA, NUMBER)
    assert await entries(graph) == []


@pytest.mark.parametrize("written", [True, False])
async def test_a_conflict_is_in_it_if_the_number_was_written(
    graph: GraphClient, state: TenantState, *, written: bool
) -> None:
    """409 phoneNumberNotUnique usually writes all the same."""
    state.switches.conflict_writes_number = written
    taken = state.person("sms.taken@contoso.com")
    assert (await graph.post_phone(taken.upn, taken.attribute)).status_code == 409
    assert len(await entries(graph)) == written


async def test_what_users_do_themselves_is_in_it(graph: GraphClient, state: TenantState) -> None:
    """And what another administrator or another app does."""
    person = state.person(BO)
    change_from_outside(state, person, {"phones": {"mobile": NUMBER}})
    change_from_outside(state, person, {"phones": {"mobile": None}})
    change_from_outside(state, person, {"phones": {"mobile": NUMBER, "office": OTHER}}, CARL)
    change_from_outside(state, person, {"phones": {"office": None}}, sample.CLIENT_ID)
    rows = await entries(graph, "$orderby=activityDateTime")
    assert [row["activityDisplayName"] for row in rows] == [
        "User updated security info",
        "User deleted security info",
        "Admin registered security info",
        "Admin registered security info",
        "Admin deleted security info",
    ]
    users = [(row["initiatedBy"]["user"] or {}).get("userPrincipalName") for row in rows]
    assert users == [BO, BO, CARL, CARL, None]
    assert rows[4]["initiatedBy"]["app"]["displayName"] == "MFA phone sync"


async def test_a_change_of_something_else_or_by_nobody_known_is_not(
    graph: GraphClient, state: TenantState
) -> None:
    """The attribute is no phone; a misspelt name must not pass for the user."""
    person = state.person(BO)
    same = person.phones["mobile"].number
    change_from_outside(state, person, {"attribute": NUMBER, "phones": {"mobile": same}})
    with pytest.raises(NotUnderstoodError, match="nobody"):
        change_from_outside(state, person, {"phones": {"mobile": NUMBER}}, "nobody@contoso.com")
    assert await entries(graph) == []
    assert person.phones["mobile"].number != NUMBER


@pytest.mark.parametrize(
    ("switch", "shown"),
    [("masked", '"+XX XXXXXXX99"'), ("full", '"+46 701740699"'), ("absent", '""')],
)
async def test_numbers_in_it_are_masked_by_default(
    graph: GraphClient, state: TenantState, switch: str, shown: str
) -> None:
    """Whether they are is unknown; a public rule finds the number at place 2."""
    state.switches.audit_numbers = switch
    await graph.post_phone(ANNA, NUMBER)
    (row,) = await entries(graph)
    assert row["targetResources"][0]["modifiedProperties"][2] == {
        "displayName": "PhoneAuthenticationMethod.PhoneNumber",
        "oldValue": '""',
        "newValue": shown,
    }


async def test_entries_are_seen_minutes_later_with_the_time_of_the_change(
    graph: GraphClient, state: TenantState, clock: FakeClock
) -> None:
    """So a window that begins where the last one ended misses some: windows must overlap."""
    state.switches.audit_latency = 180
    changed = clock.epoch()
    await graph.post_phone(ANNA, NUMBER)
    clock.advance(179)
    assert await entries(graph) == []
    clock.advance(1)
    (row,) = await entries(graph)
    assert row["activityDateTime"] == time_text(changed)


@pytest.mark.parametrize("days", [7, 30])
async def test_old_entries_are_gone(
    graph: GraphClient, app_only: GraphClient, state: TenantState, clock: FakeClock, days: int
) -> None:
    """30 days with a licence, 7 without."""
    state.switches.audit_retention_days = days
    await graph.post_phone(ANNA, NUMBER)
    for token in list(state.tokens):
        object.__setattr__(state.tokens[token], "expires_at", clock.epoch() + 60 * DAY)
    clock.advance(days * DAY)
    assert len(await entries(app_only)) == 1
    clock.advance(1)
    assert await entries(app_only) == []


def test_the_log_forgets_what_nobody_may_see() -> None:
    """It stays small however long a tenant runs; the numbers of the others stay."""
    log, actor = AuditLog(), Actor("id", "Somebody", "somebody@contoso.com")
    for day in range(100):
        log.add(day * DAY, actor, actor, "mobile", (NUMBER, OTHER), "")
    kept = log.between(0, 200 * DAY)
    assert [entry.number for entry in kept] == list(range(69, 100))
    assert (log.get(68), log.get(69)) == (None, kept[0])
