"""How the audit log is asked: windows, filters and links, by those who may read it, within its limit."""

import pytest

from dev.tenant import sample
from dev.tenant.outside import change_from_outside
from dev.tenant.server import EmulatedTenant
from dev.tenant.state import TenantState
from tests.clocks import FakeClock
from tests.tenant.audits import AUDITS, entries, time_text
from tests.tenant.graph_client import GraphClient, code

ANNA, BO, CARL = "anna.new@contoso.com", "bo.same@contoso.com", "carl.changed@contoso.com"
NUMBER, OTHER = "+46701740699", "+46701740698"
pytestmark = pytest.mark.usefixtures("unhurried_audits")


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
    window = f"activityDateTime ge {time_text(start + 10)} and activityDateTime le {time_text(start + 30)}"
    rows = await entries(graph, f"$filter={window}&$orderby=activityDateTime asc")
    assert [row["activityDateTime"] for row in rows] == [time_text(start + 10 * n) for n in (1, 2, 3)]
    newest = await entries(graph, f"$filter={window}&$orderby=activityDateTime desc")
    assert newest == rows[::-1]
    exact = await entries(graph, f"$filter=activityDateTime eq {time_text(start + 20)}")
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
