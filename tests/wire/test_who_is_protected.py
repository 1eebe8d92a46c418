"""Who is privileged, as far as it can be read; and what is refused where it cannot."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from dev.tenant import sample
from dev.tenant.access import AdministrativeUnit
from dev.tenant.people import Group, Person
from mfa_sync.telemetry.events import Event
from shared.errors import PermanentError
from tests.identity.entra_template import granted
from tests.wire.bench import Bench
from tests.wire.stopping import stopped

ONE, TWO = "+46701740611", "+46701740622"
ELIGIBLE = "/roleManagement/directory/roleEligibilityScheduleInstances"
GROUP = "bbbbbbbb-0000-4000-8000-000000000001"
FULL, LIMITED = "Privileged Authentication Administrator", "Authentication Administrator"
AT_ALL = ["User.Read.All", "UserAuthenticationMethod.ReadWrite.All", "GroupMember.Read.All"]
ROLES, ELIGIBLES = "RoleManagement.Read.Directory", "RoleEligibilitySchedule.Read.Directory"
OF_GROUPS = "PrivilegedEligibilitySchedule.Read.AzureADGroup"


def assignable(bench: Bench, **facts: Any) -> Group:
    """Return a new role-assignable group."""
    group = Group(GROUP, "Tier one", is_assignable_to_role=True, **facts)
    bench.tenant.state.groups[GROUP] = group
    return group


async def code_of(bench: Bench, person: Person) -> str | None:
    """Return the code of a push of somebody whose phone is to change; None: it was written."""
    line = await bench.one(person)
    assert line["outcome"] == ("refused" if line["code"] else "updated")
    assert bench.mobile(person) == (TWO if line["code"] else ONE)
    code: str | None = line["code"]
    return code


def told(caplog: pytest.LogCaptureFixture, event: Event) -> list[dict[str, Any]]:
    """Return the facts of each line of an event."""
    return [record.facts for record in caplog.records if getattr(record, "event", "") == event]  # type: ignore[attr-defined]


async def test_who_is_eligible_for_a_role_is_privileged(bench: Bench) -> None:
    """One click makes them administrators: their phone is an administrator's."""
    person = bench.person(ONE, TWO, eligible_roles=["Global Administrator"])
    assert await code_of(bench, person) == "privilegedTarget"


async def test_who_is_in_a_group_that_is_eligible_is_privileged(bench: Bench) -> None:
    """Groups take roles too; and who may take a place in one is one click from them."""
    member, possible = bench.person(ONE, TWO), bench.person(ONE, TWO)
    assignable(
        bench, members=[member.id], eligible_members=[possible.id], eligible_roles=["User Administrator"]
    )
    assert await code_of(bench, member) == "privilegedTarget"
    assert await code_of(bench, possible) == "privilegedTarget"


@pytest.mark.parametrize("status", [400, 403])
async def test_without_p2_nobody_is_eligible_and_that_is_said(
    bench: Bench, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """No failure: the active set counts, also for an app alone, whom nobody else limits."""
    caplog.set_level(logging.INFO)
    bench.control.switch(pim_licence=False, pim_refusal=status)
    bench.configure(GRAPH_AUTH="managed-identity")
    admin, person = bench.person(ONE, TWO, roles=["Helpdesk Administrator"]), bench.person(ONE, TWO)
    assert await code_of(bench, person) is None
    assert await code_of(bench, admin) == "privilegedTarget"
    assert told(caplog, Event.PRIVILEGED_UNREADABLE) == []
    assert [fact["part"] for fact in told(caplog, Event.PIM_ABSENT)] == [
        "eligible roles",
        "eligible members of groups",
    ]


@pytest.mark.parametrize("status", [403, 404, 405])
async def test_a_refusal_that_names_no_licence_is_no_want_of_one(bench: Bench, status: int) -> None:
    """Who may take a role is not known then, and nothing is written on the guess that nobody may."""
    bench.control.fault(status=status, path="roleEligibilityScheduleInstances", code="UnknownError", times=99)
    bench.configure(GRAPH_AUTH="managed-identity")
    assert await code_of(bench, bench.person(ONE, TWO)) == "privilegedUnknown"


@pytest.mark.parametrize("auth", ["ropc", "managed-identity"])
@pytest.mark.parametrize("lacking", [ROLES, ELIGIBLES, OF_GROUPS, "GroupMember.Read.All"])
async def test_what_one_right_hides_leaves_what_the_others_show(
    bench: Bench, caplog: pytest.LogCaptureFixture, auth: str, lacking: str
) -> None:
    """Who is known stays privileged; of all the others nothing is known, and nothing limits us."""
    everything = [*AT_ALL, ROLES, ELIGIBLES, OF_GROUPS]
    bench.control.switch(grants=[right for right in everything if right != lacking])
    bench.configure(GRAPH_AUTH=auth)
    holder, eligible = bench.person(ONE, TWO, roles=["Helpdesk Administrator"]), bench.person(ONE, TWO)
    eligible.eligible_roles, person = ["User Administrator"], bench.person(ONE, TWO)
    codes = [await code_of(bench, one) for one in (holder, eligible, person)]
    known = [lacking != ROLES, lacking != ELIGIBLES, False]
    assert codes == ["privilegedTarget" if one else "privilegedUnknown" for one in known]
    assert len(told(caplog, Event.PRIVILEGED_UNREADABLE)) == 1


@pytest.mark.parametrize(
    ("switches", "writes"),
    [
        ({"signed_in_roles": [LIMITED]}, True),
        ({"signed_in_roles": [LIMITED, "Reports Reader", "Security Reader"]}, True),
        ({"signed_in_roles": [FULL]}, False),
        ({"signed_in_roles": [LIMITED, FULL]}, False),
        ({"signed_in_roles": [LIMITED, "Global Administrator"]}, False),
        ({"signed_in_roles": [LIMITED], "token_wids": []}, False),
        ({"signed_in_roles": [LIMITED], "token_wids": ["b79fbf4d-3ef9-4689-8143-76b194e85509"]}, False),
        (
            {"token_wids": ["c4e39bd9-1100-46d3-8c65-fb160da0071f", "11111111-1111-4111-8111-111111111111"]},
            False,
        ),
    ],
)
async def test_trap_51_entra_limits_us_only_where_the_token_proves_it(
    bench: Bench, switches: dict[str, Any], *, writes: bool
) -> None:
    """Every role that we hold must be one that stops at administrators; a role that is not known may not."""
    bench.control.switch(grants=AT_ALL, **switches)
    person = bench.person(ONE, TWO)
    assert await code_of(bench, person) == (None if writes else "privilegedUnknown")


@pytest.mark.parametrize("auth", ["ropc", "managed-identity"])
async def test_a_tenant_without_an_administrator_is_not_believed(
    bench: Bench, caplog: pytest.LogCaptureFixture, auth: str
) -> None:
    """There is no such tenant: what came is not the whole list."""
    state = bench.tenant.state
    for person in state.people.values():
        person.roles = [role for role in person.roles if role != "Global Administrator"]
    for group in state.groups.values():
        group.roles = []
    bench.configure(GRAPH_AUTH=auth)
    assert await code_of(bench, bench.person(ONE, TWO)) == "privilegedUnknown"
    assert [fact["part"] for fact in told(caplog, Event.PRIVILEGED_UNREADABLE)] == ["no Global Administrator"]


async def test_roles_that_only_readers_may_read_are_read_by_the_role_that_is_set_up(bench: Bench) -> None:
    """Members usually may; where they may not, nothing is written until the account holds a reader's role."""
    bench.control.switch(role_reads_need_role=True, grants=granted(), signed_in_roles=[FULL])
    person = bench.person(ONE, TWO)
    assert await code_of(bench, person) == "privilegedUnknown"
    bench.control.switch(signed_in_roles=[FULL, "Global Reader"])
    bench.configure()
    assert await code_of(bench, person) is None


async def test_a_group_that_vanishes_between_two_reads_is_read_again(bench: Bench) -> None:
    """Deleted a moment ago, and the listing still named it: nobody's fault, and no 502."""
    member = bench.person(ONE, TWO)
    assignable(bench, members=[member.id])
    bench.control.fault(
        status=404, path=f"/groups/{GROUP}/transitiveMembers", code="Request_ResourceNotFound"
    )
    assert await code_of(bench, bench.person(ONE, TWO)) is None
    assert await code_of(bench, member) == "privilegedTarget"


async def test_a_group_that_is_listed_and_never_there_leaves_a_gap(bench: Bench) -> None:
    """Three looks are enough; its members are not known, so nobody is written past Entra's own limits."""
    assignable(bench)
    bench.control.fault(status=404, path=f"/groups/{GROUP}/owners", code="Request_ResourceNotFound", times=99)
    assert await code_of(bench, bench.person(ONE, TWO)) == "privilegedUnknown"


async def test_a_part_that_is_busy_is_503_and_asked_again_at_once(bench: Bench) -> None:
    """What passes is no missing right: nobody is told that a person must act."""
    bench.control.fault(status=500, path=ELIGIBLE, times=1)
    error = await stopped(bench)
    assert error.code == "graphUnavailable"
    assert await code_of(bench, bench.person(ONE, TWO)) is None


@pytest.mark.parametrize("setting", ["EXCLUDE_GROUP_ID", "SYNC_SCOPE_GROUP_ID"])
@pytest.mark.parametrize("nested", [True, False])
async def test_trap_49_a_group_of_hidden_membership_refuses_writes(
    bench: Bench, setting: str, *, nested: bool
) -> None:
    """Graph leaves its members out without a word: an empty answer is not "nobody"."""
    person = bench.person(ONE, TWO)
    hidden = Group(GROUP, "VIPs", [person.id], visibility="HiddenMembership")
    around = Group(GROUP.replace("1", "2"), "Excluded", [GROUP])
    for group in (hidden, around):
        bench.tenant.state.groups[group.id] = group
    bench.configure(**{setting: around.id if nested else hidden.id})
    error = await stopped(bench)
    assert (error.code, setting in error.detail) == ("misconfigured", True)
    assert "Member.Read.Hidden" in error.detail
    assert bench.writes() == []
    bench.control.switch(grants=[*granted(), "Member.Read.Hidden"])
    bench.configure(**{setting: around.id if nested else hidden.id})
    line = await bench.one(person)
    assert line["code"] == ("excluded" if setting == "EXCLUDE_GROUP_ID" else None)


async def test_an_exclude_group_that_may_not_be_read_refuses_writes(bench: Bench) -> None:
    """Without it nobody knows whom to leave alone."""
    bench.control.switch(grants=[right for right in granted() if right != "GroupMember.Read.All"])
    bench.configure(EXCLUDE_GROUP_ID=sample.SCOPE_GROUP_ID)
    with pytest.raises(PermanentError, match="EXCLUDE_GROUP_ID"):
        await bench.one(bench.person(ONE, TWO))
    assert bench.writes() == []


@pytest.mark.parametrize("auth", ["ropc", "managed-identity"])
async def test_a_restricted_unit_is_a_border_for_every_mode(bench: Bench, auth: str) -> None:
    """Neither a role over the tenant nor an application permission reaches its people."""
    unit = AdministrativeUnit("aaaaaaaa-0000-0000-0000-000000000002", "VIPs", restricted=True)
    bench.tenant.state.access.units[unit.id] = unit
    bench.configure(GRAPH_AUTH=auth)
    line = await bench.one(bench.person(ONE, TWO, administrative_units=[unit.id]))
    assert (line["outcome"], line["code"]) == ("refused", "targetOutOfReach")
