"""The audit log: who changed whose phone, told minutes later, to those who may read it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dev.tenant import sample
from dev.tenant.audit_log import Actor, AuditLog
from dev.tenant.outside import change_from_outside
from dev.tenant.people import PHONE_METHOD_IDS
from dev.tenant.server import EmulatedTenant
from dev.tenant.state import TenantState
from dev.tenant.state_json import NotUnderstoodError
from tests.clocks import FakeClock
from tests.tenant.graph_client import GraphClient, code

AUDITS = "/auditLogs/directoryAudits"
MOBILE = PHONE_METHOD_IDS["mobile"]
ANNA, BO, CARL = "anna.new@contoso.com", "bo.same@contoso.com", "carl.changed@contoso.com"
NUMBER, OTHER = "+46701740699", "+46701740698"
DAY = 24 * 3600


@pytest.fixture(autouse=True)
def _unhurried(state: TenantState) -> None:
    """The limit, the latency and the roles have tests of their own."""
    state.switches.reports_limit, state.switches.audit_latency = None, 0.0
    state.switches.signed_in_roles = ["Privileged Authentication Administrator", "Reports Reader"]


async def entries(graph: GraphClient, query: str = "") -> list[dict[str, Any]]:
    """The value of one page."""
    answer = await graph.get(AUDITS + (f"?{query}" if query else ""))
    assert answer.status_code == 200, answer.text
    value: list[dict[str, Any]] = answer.json()["value"]
    return value


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
    assert row["activityDateTime"] == _time(changed)


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


async def test_a_window_of_time_includes_its_ends(
    graph: GraphClient, state: TenantState, clock: FakeClock
) -> None:
    """And the time that an entry tells finds that entry."""
    clock.advance(0.123457)
    start = clock.epoch()
    for number in range(5):
        change_from_outside(state, state.person(BO), {"phones": {"mobile": f"+4670174060{number}"}})
        clock.advance(10)
    await graph.get(AUDITS)
    window = f"activityDateTime ge {_time(start + 10)} and activityDateTime le {_time(start + 30)}"
    rows = await entries(graph, f"$filter={window}&$orderby=activityDateTime asc")
    assert [row["activityDateTime"] for row in rows] == [_time(start + 10 * n) for n in (1, 2, 3)]
    newest = await entries(graph, f"$filter={window}&$orderby=activityDateTime desc")
    assert newest == rows[::-1]
    exact = await entries(graph, f"$filter=activityDateTime eq {_time(start + 20)}")
    assert exact == [rows[1]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("loggedByService eq 'Authentication Methods'", 3),
        ("loggedByService eq 'Core Directory'", 0),
        ("category eq 'UserManagement' and result eq 'success'", 3),
        ("activityDisplayName eq 'User updated security info'", 1),
        ("startswith(activityDisplayName, 'Admin')", 2),
        ("initiatedBy/user/userPrincipalName eq 'carl.changed@contoso.com'", 1),
        (f"initiatedBy/app/appId eq '{sample.CLIENT_ID}'", 1),
        (f"targetResources/any(t: t/id eq '{sample.guid(ANNA)}')", 1),
        (f"targetResources/any(t:t/userPrincipalName eq '{BO}')", 2),
        ("activityDisplayName eq 'x' or startswith(activityDisplayName,'User')", 1),
        ("(activityDisplayName eq 'x' or result eq 'success') and startswith(activityDisplayName,'User')", 1),
        ("activityDateTime ge 2100-01-01T00:00:00Z or category eq 'UserManagement'", 3),
    ],
)
async def test_the_filters_that_are_documented(
    graph: GraphClient, state: TenantState, text: str, found: int
) -> None:
    """By time, activity, service, initiator and target; and, or, brackets."""
    change_from_outside(state, state.person(BO), {"phones": {"mobile": NUMBER}})
    change_from_outside(state, state.person(BO), {"phones": {"mobile": OTHER}}, CARL)
    change_from_outside(state, state.person(ANNA), {"phones": {"mobile": OTHER}}, sample.CLIENT_ID)
    assert len(await entries(graph, f"$filter={text}")) == found


@pytest.mark.parametrize(
    "query",
    [
        "$filter=createdDateTime ge 2026-11-24T00:00:00Z",
        "$filter=activityDateTime gt 2026-11-24T00:00:00Z",
        "$filter=activityDateTime ge 2026-11-24T00:00:00",
        "$filter=activityDateTime ge yesterday",
        "$filter=activityDisplayName ne 'x'",
        "$filter=startswith(category, 'User')",
        "$filter=category eq 'x' and",
        "$filter=(category eq 'x'",
        "$orderby=category",
        "$select=createdDateTime",
        "$top=1001",
        "$skip=1",
    ],
)
async def test_what_it_does_not_take_is_a_400(graph: GraphClient, query: str) -> None:
    """CreatedDateTime above all, which belongs to sign-ins."""
    answer = await graph._http.get(f"https://graph.microsoft.com/v1.0{AUDITS}?{query}")
    assert answer.status_code == 400


async def test_a_filter_by_service_once_found_nothing(graph: GraphClient, state: TenantState) -> None:
    """A switch, because one report of 2018 says so."""
    await graph.post_phone(ANNA, NUMBER)
    state.switches.audit_service_filter = False
    assert await entries(graph, "$filter=loggedByService eq 'Authentication Methods'") == []
    assert len(await entries(graph)) == 1


async def test_it_is_read_by_following_links(graph: GraphClient, state: TenantState) -> None:
    """At most 1000 entries a page; what is written meanwhile is in the next listing."""
    for number in range(1003):
        change_from_outside(state, state.person(BO), {"phones": {"mobile": (NUMBER, OTHER)[number % 2]}})
    first = (await graph.get(f"{AUDITS}?$select=id,activityDateTime")).json()
    await graph.post_phone(ANNA, NUMBER)
    second = (await graph.get(first["@odata.nextLink"])).json()
    ids = [row["id"] for row in first["value"] + second["value"]]
    assert (len(first["value"]), len(ids), len(set(ids))) == (1000, 1003, 1003)
    assert set(second["value"][0]) == {"id", "activityDateTime"}
    assert "@odata.nextLink" not in second
    assert len(await entries(graph, "$top=2")) == 2


async def test_it_advises_to_select(graph: GraphClient) -> None:
    """Answers without $select carry a tip, which is no entry."""
    assert "@microsoft.graph.tips" in (await graph.get(AUDITS)).json()
    assert "@microsoft.graph.tips" not in (await graph.get(f"{AUDITS}?$select=id")).json()


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("Reports Reader", 200),
        ("Security Reader", 200),
        ("Security Administrator", 200),
        ("Global Reader", 200),
        ("Privileged Authentication Administrator", 403),
        ("Authentication Administrator", 403),
    ],
)
async def test_a_signed_in_reader_needs_a_role(
    graph: GraphClient, app_only: GraphClient, state: TenantState, role: str, status: int
) -> None:
    """The role that writes phones does not read the log; an app alone needs none."""
    state.switches.signed_in_roles = [role]
    answer = await graph.get(AUDITS)
    assert answer.status_code == status
    if status == 403:
        assert code(answer)[1] == "Authentication_RequestFromUnsupportedUserRole"
    assert (await app_only.get(AUDITS)).status_code == 200


async def test_everybody_needs_the_permission(
    graph: GraphClient, app_only: GraphClient, state: TenantState
) -> None:
    """The refusal names it."""
    state.switches.grants = ["User.Read.All"]
    for client in (graph, app_only):
        answer = await client.get(AUDITS)
        assert code(answer) == (403, "Authentication_MSGraphPermissionMissing")
        assert "AuditLog.Read.All" in answer.json()["error"]["message"]


async def test_five_calls_in_ten_seconds_are_the_limit(
    graph: GraphClient, tenant: EmulatedTenant, clock: FakeClock
) -> None:
    """On by default, told with Retry-After, and apart from the directory's limit."""
    switches = tenant.state.switches
    switches.reports_limit = 5
    answers = [await graph.get(AUDITS) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert not any("x-ms-throttle-limit-percentage" in answer.headers for answer in answers)
    refused = await graph.get(AUDITS)
    assert code(refused) == (429, "TooManyRequests")
    assert (await graph.get("/users?$top=1")).status_code == 200
    clock.advance(int(refused.headers["Retry-After"]))
    assert (await graph.get(AUDITS)).status_code == 200
    switches.reports_limit = None
    assert [(await graph.get(AUDITS)).status_code for _ in range(6)] == [200] * 6


def test_the_limit_is_on_by_default(clock: FakeClock) -> None:
    """As it is documented."""
    assert EmulatedTenant(clock=clock.epoch).state.switches.reports_limit == 5


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
