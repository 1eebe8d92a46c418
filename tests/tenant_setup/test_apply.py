"""What `apply` makes is what `plan` said, once; and it has the effect that it is made for."""

from __future__ import annotations

import httpx
import pytest

from dev.tenant import sample, tokens
from dev.tenant.people import PHONE_METHOD_IDS
from dev.tenant.secrets_and_accounts import Token
from ops.tenant_setup.graph import TRIES, WAIT_SECONDS
from ops.tenant_setup.wanted import LOCATION, POLICY, UNIT
from tests.tenant_setup.conftest import ALL, ANNA, BO, EGRESS, Operator

MOBILE = PHONE_METHOD_IDS["mobile"]


def changes(out: str) -> list[str]:
    """The lines that name a change."""
    return [line.strip() for line in out.splitlines() if line.startswith(("  + ", "  ~ ", "  - "))]


def test_plan_only_looks(operator: Operator) -> None:
    """It names every object, sends no write, and signs in with rights that could not change anything."""
    planned = operator.run("plan", *ALL)
    assert planned.code == 0, planned.err
    assert changes(planned.out) == [
        f'+ administrative unit "{UNIT}"',
        f'+ member {ANNA} of "{UNIT}"',
        f'+ member {BO} of "{UNIT}"',
        f'+ role Authentication Administrator for {sample.SERVICE_ACCOUNT} over administrative unit "{UNIT}"',
        f"+ role Reports Reader for {sample.SERVICE_ACCOUNT} over the tenant",
        f'+ named location "{LOCATION}": {EGRESS}',
        (
            f'+ Conditional Access policy "{POLICY}" for {sample.SERVICE_ACCOUNT} alone: '
            f'block all but "{LOCATION}"; report-only'
        ),
    ]
    assert "Nothing was changed." in planned.out
    assert operator.writes() == []


def test_apply_does_what_plan_says_and_a_second_run_nothing(operator: Operator) -> None:
    """Everything is there as asked, and the second run sends no write."""
    planned, applied = operator.run("plan", *ALL), operator.run("apply", *ALL)
    assert applied.code == 0, applied.err
    assert changes(applied.out) == changes(planned.out) * 2  # said before the first, and again one by one
    (unit,), (location,), (policy,) = (
        operator.access.units.values(),
        operator.access.locations.values(),
        operator.access.policies.values(),
    )
    account = operator.tenant.state.person(sample.SERVICE_ACCOUNT)
    assert [row["cidrAddress"] for row in location["ipRanges"]] == [EGRESS]
    assert location["isTrusted"] is False
    assert policy["state"] == "enabledForReportingButNotEnforced"
    assert policy["conditions"]["users"]["includeUsers"] == [account.id]
    assert policy["conditions"]["locations"]["excludeLocations"] == [location["id"]]
    assert policy["grantControls"]["builtInControls"] == ["block"]
    held = {(row.role, row.unit_id) for row in operator.access.scoped_roles.values()}
    assert held == {("Authentication Administrator", unit.id)}
    assert account.roles == ["Reports Reader"]
    operator.tenant.control.clear_log()
    again = operator.run("apply", *ALL)
    assert (again.code, changes(again.out)) == (0, [])
    assert "Nothing to change." in again.out
    assert operator.writes() == []


def test_the_role_reaches_the_units_people_alone(operator: Operator) -> None:
    """The point of it all: phones of the unit's people are written, nobody else's, and no admin's in it."""
    admin = "admin.privileged@contoso.com"
    operator.run("apply", *ALL, "--user", admin)
    operator.tenant.control.switch(grants=["UserAuthenticationMethod.ReadWrite.All"])
    state = operator.tenant.state
    account = state.person(sample.SERVICE_ACCOUNT)
    token = tokens.issue(
        state, Token(tokens.GRAPH_AUDIENCE, sample.CLIENT_ID, state.clock() + 3600, account.id)
    )
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as http:
        statuses = {}
        for upn in (BO, "carl.changed@contoso.com", admin):
            url = f"https://graph.microsoft.com/v1.0/users/{upn}/authentication/phoneMethods/{MOBILE}"
            statuses[upn] = http.patch(url, json={"phoneNumber": "+46 701740699"}).status_code
    assert list(statuses.values()) == [204, 403, 403]


def test_people_of_a_group_are_added_one_by_one(operator: Operator) -> None:
    """A group in a unit would put the group in reach and not its people; the account itself is left out."""
    group = operator.tenant.state.groups[sample.SCOPE_GROUP_ID]
    group.members.append(operator.tenant.state.person(sample.SERVICE_ACCOUNT).id)
    applied = operator.run("apply", "--group", sample.SCOPE_GROUP_ID)
    assert applied.code == 0, applied.err
    (unit,) = operator.access.units.values()
    people = {
        person.upn
        for person in operator.tenant.state.people.stored()
        if unit.id in person.administrative_units
    }
    everybody = {person.upn for person in operator.tenant.state.people.values()}
    assert people == everybody - {sample.SERVICE_ACCOUNT}
    assert unit.groups == []


def test_a_dynamic_unit_follows_its_rule(operator: Operator) -> None:
    """One object in place of ten thousand members."""
    rule = '(user.extensionAttribute15 -ne null) and (user.userType -eq "Member")'
    assert operator.run("apply", "--rule", rule).code == 0
    (unit,) = operator.access.units.values()
    assert (unit.membership_type, unit.membership_rule) == ("Dynamic", rule)
    assert changes(operator.run("plan", "--rule", rule).out) == []


def test_enforcing_comes_second(operator: Operator) -> None:
    """Never at once; then by a flag; and a later run without the flag does not weaken it."""
    refused = operator.run("apply", *ALL, "--enforce")
    assert refused.code == 1
    assert "there is no policy" in refused.err
    assert operator.writes() == []
    operator.run("apply", *ALL)
    enforced = operator.run("apply", *ALL, "--enforce")
    assert enforced.code == 0, enforced.err
    (policy,) = operator.access.policies.values()
    assert policy["state"] == "enabled"
    assert changes(operator.run("apply", *ALL).out) == []
    assert policy["state"] == "enabled"


@pytest.mark.parametrize("path", ["members", "roleAssignments"])
def test_what_is_not_known_everywhere_yet_is_tried_again(operator: Operator, path: str) -> None:
    """Entra answers 404 about an object it has just made."""
    operator.tenant.control.fault(
        status=404, code="Request_ResourceNotFound", method="POST", path=path, times=2
    )
    assert operator.run("apply", *ALL).code == 0
    assert operator.waited == [WAIT_SECONDS] * 2


def test_patience_ends(operator: Operator) -> None:
    """And the reason is Graph's own; what was made stands there, and the same command goes on."""
    message = "1040: NamedLocation with id x does not exist in the directory."
    operator.tenant.control.fault(
        status=400, code="BadRequest", message=message, method="POST", path="policies$", times=TRIES
    )
    stopped = operator.run("apply", *ALL)
    assert stopped.code == 1
    assert "1040" in stopped.err
    assert "Made before this: 6. The same command goes on." in stopped.err
    gone_on = operator.run("apply", *ALL)
    assert gone_on.code == 0
    assert len(set(changes(gone_on.out))) == 1


def test_a_busy_graph_is_waited_for_as_long_as_it_says(operator: Operator) -> None:
    """For reads and writes alike: 429 says that nothing was done."""
    operator.tenant.control.fault(
        status=429, headers={"Retry-After": "7"}, times=1, host="graph.microsoft.com"
    )
    assert operator.run("plan", *ALL).code == 0
    assert operator.waited == [7.0]
