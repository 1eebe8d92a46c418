"""Where the work stops before anything is changed, and what is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dev.tenant import sample
from dev.tenant.access import AdministrativeUnit, PermissionGrant, ScopedRole
from ops.tenant_setup.rights import permissions
from ops.tenant_setup.wanted import UNIT
from tests.tenant_setup.conftest import ALL, ANNA, EGRESS, SIGN_IN

if TYPE_CHECKING:
    from tests.tenant_setup.conftest import Operator

ACCOUNT = sample.guid(sample.SERVICE_ACCOUNT)


def stopped(operator: Operator, *arguments: str) -> str:
    """Apply, see it stop without a single write, and return why."""
    operator.tenant.control.clear_log()
    ran = operator.run("apply", *arguments)
    assert ran.code == 1, ran.out
    assert operator.writes() == []
    return ran.err


@pytest.mark.parametrize(
    ("egress", "why"),
    [
        ("10.0.0.0/28", "not a public range"),
        ("100.64.3.0/28", "not a public range"),
        ("fd00::/124", "not a public range"),
        ("0.0.0.0/0", "not a public range"),
        ("203.0.0.0/16", "wider than /24"),
        ("2001:db8::/64", "wider than /120"),
        ("203.0.113.9/30", "has host bits set"),
        ("somewhere", "does not appear to be"),
    ],
)
def test_only_a_small_public_prefix_is_an_egress(operator: Operator, egress: str, why: str) -> None:
    """Anybody with the password could sign in from whatever else is in it."""
    assert why in stopped(operator, "--user", ANNA, "--egress", egress)


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ({"enabled": False}, "it is disabled"),
        ({"user_type": "Guest"}, "it is a guest"),
        ({"on_premises_sync_enabled": True}, "it is synced from Active Directory"),
    ],
)
def test_an_account_that_cannot_do_it_stops_the_work(
    operator: Operator, person: dict[str, Any], why: str
) -> None:
    """No password sign-in, or a sync that could change it."""
    operator.tenant.control.patch_person(sample.SERVICE_ACCOUNT, **person)
    assert "Mend first what is wrong above (1)" in stopped(operator, *ALL)
    assert why in operator.run("plan", *ALL).out


def test_a_federated_domain_and_security_defaults_stop_the_work(operator: Operator) -> None:
    """Neither lets a password alone through."""
    operator.tenant.control.patch_account(sample.SERVICE_ACCOUNT, federated=True)
    operator.access.security_defaults = True
    assert "Mend first what is wrong above (2)" in stopped(operator, *ALL)


def test_nobody_of_the_name(operator: Operator) -> None:
    """A misspelt account or member."""
    assert "There is no user nobody@contoso.com" in stopped(operator, "--user", "nobody@contoso.com")
    gone = operator.raw("apply", *SIGN_IN, "--service-account", "gone@contoso.com", *ALL)
    assert (gone.code, operator.writes()) == (1, [])
    assert "There is no user gone@contoso.com" in gone.err


def test_a_unit_needs_somebody_to_be_in_it(operator: Operator) -> None:
    """An empty one would be a role over nobody."""
    assert "--rule, --group or --user" in stopped(operator, "--egress", EGRESS)


def test_somebody_elses_unit_is_used_and_never_filled(operator: Operator) -> None:
    """Whoever is added comes into reach of everybody with a role over it."""
    unit = AdministrativeUnit("aaaaaaaa-0000-0000-0000-000000000001", UNIT, "Helpdesk north")
    operator.access.units[unit.id] = unit
    assert "was not made here" in stopped(operator, "--user", ANNA)
    operator.tenant.control.patch_person(ANNA, administrative_units=[unit.id])
    assert operator.run("apply", "--user", ANNA).code == 0
    assert {held.unit_id for held in operator.access.scoped_roles.values()} == {unit.id}


def test_two_of_a_name_are_not_guessed_between(operator: Operator) -> None:
    """Display names are not unique in Entra."""
    for number in (1, 2):
        unit = AdministrativeUnit(f"aaaaaaaa-0000-0000-0000-00000000000{number}", UNIT)
        operator.access.units[unit.id] = unit
    assert "There are 2 administrative units" in stopped(operator, *ALL)
    operator.access.units.clear()
    assert operator.run("apply", *ALL).code == 0
    (policy,) = operator.access.policies.values()
    operator.access.policies["copy"] = policy | {"id": "copy"}
    assert "There are 2 policies" in stopped(operator, *ALL)


def test_another_rule_is_not_written_over(operator: Operator) -> None:
    """It might put more people in reach."""
    operator.run("apply", "--rule", '(user.city -eq "Lund")')
    assert "has another rule" in stopped(operator, "--rule", '(user.country -eq "Sweden")')
    assert "is dynamic" in stopped(operator, "--user", ANNA)
    both = stopped(operator, "--user", ANNA, "--rule", '(user.city -eq "Lund")')
    assert "leave out --group and --user" in both


def test_other_ranges_are_replaced_by_a_flag_alone(operator: Operator) -> None:
    """The location may be somebody else's, or the app's addresses may have changed: a person knows."""
    operator.run("apply", *ALL)
    moved = ("--user", ANNA, "--egress", "198.51.100.4/31")
    assert "say --replace-ranges" in stopped(operator, *moved)
    assert operator.run("apply", *moved, "--replace-ranges").code == 0
    (location,) = operator.access.locations.values()
    assert [row["cidrAddress"] for row in location["ipRanges"]] == ["198.51.100.4/31"]


def test_a_trusted_location_is_not_used(operator: Operator) -> None:
    """Policies that spare trusted locations would spare the app's addresses for everybody."""
    operator.run("apply", *ALL)
    (location,) = operator.access.locations.values()
    location["isTrusted"] = True
    assert "marked as trusted" in stopped(operator, *ALL)


def test_an_empty_location_is_not_enforced(operator: Operator) -> None:
    """The account would be locked out everywhere."""
    operator.run("apply", *ALL)
    (location,) = operator.access.locations.values()
    location["ipRanges"] = []
    assert "is empty" in stopped(operator, "--user", ANNA, "--enforce")


@pytest.mark.parametrize(
    ("part", "change", "why"),
    [
        ("users", {"includeUsers": [ACCOUNT, "another"]}, "not for the service account alone"),
        ("users", {"includeUsers": ["All"]}, "not for the service account alone"),
        ("users", {"includeGroups": ["a group"]}, "not for the service account alone"),
        ("users", {"includeRoles": ["a role"]}, "not for the service account alone"),
        ("users", {"includeGuestsOrExternalUsers": {"x": 1}}, "not for the service account alone"),
        ("users", {"excludeUsers": [ACCOUNT]}, "not for the service account alone"),
        ("applications", {"includeApplications": ["one"]}, "not for all apps"),
        ("applications", {"excludeApplications": ["one"]}, "not for all apps"),
        ("locations", {"excludeLocations": ["AllTrusted"]}, "does not spare the app's named location alone"),
        ("locations", {"includeLocations": ["AllTrusted"]}, "does not spare the app's named location alone"),
        ("platforms", {"includePlatforms": ["iOS"]}, "further conditions"),
    ],
)  # fmt: skip
def test_a_policy_that_is_not_ours_is_neither_enforced_nor_removed(
    operator: Operator, part: str, change: dict[str, Any], why: str
) -> None:
    """It might hit more than the one account, or spare more than the one location."""
    operator.run("apply", *ALL)
    (policy,) = operator.access.policies.values()
    policy["conditions"][part] = (policy["conditions"][part] or {}) | change
    assert why in stopped(operator, *ALL, "--enforce")
    removed = operator.run("remove", "--yes")
    assert removed.code == 1
    assert why in removed.err
    assert operator.writes() == []


def test_a_policy_that_grants_is_not_ours(operator: Operator) -> None:
    """MFA in place of a block would let through whoever has a phone of theirs registered."""
    operator.run("apply", *ALL)
    (policy,) = operator.access.policies.values()
    policy["grantControls"]["builtInControls"] = ["mfa"]
    assert "does not block" in stopped(operator, *ALL, "--enforce")


def test_a_missing_right_is_named(operator: Operator) -> None:
    """With the role that a person needs, and the trap of the Azure CLI's token."""
    operator.tenant.control.switch(
        grants=[name for name in permissions(writing=False) if "Policy" not in name]
    )
    ran = operator.raw("plan", *SIGN_IN, "--service-account", sample.SERVICE_ACCOUNT, *ALL)
    assert ran.code == 1
    for word in ("AccessDenied", "Policy.Read.All", "Conditional Access Administrator", "--sign-in browser"):
        assert word in ran.err


def test_nobody_signed_in(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret does not stand in the reason."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong-secret-value")
    ran = operator.run("plan", *ALL)
    assert ran.code == 1
    assert "Nobody could sign in" in ran.err
    assert "wrong-secret-value" not in ran.out + ran.err


def test_what_would_stop_the_sign_in_is_said(operator: Operator) -> None:
    """Other policies that reach the account by any way; those that spare it are not named."""
    group = operator.tenant.state.groups[sample.NESTED_GROUP_ID]
    group.members.append(ACCOUNT)
    operator.run("apply", *ALL)
    everybody, nobody = {"includeUsers": ["All"]}, {"includeUsers": ["All"], "excludeUsers": [ACCOUNT]}
    role = {"includeRoles": ["c4e39bd9-1100-46d3-8c65-fb160da0071f"]}
    nested = {"includeGroups": [sample.SCOPE_GROUP_ID]}
    mfa, block = ["mfa"], ["block"]
    for name, users, controls, state in (
        ("for all", everybody, mfa, "enabled"),
        ("by role", role, mfa, "enabled"),
        ("by group", nested, block, "enabledForReportingButNotEnforced"),
        ("spared", nobody, mfa, "enabled"),
        ("off", everybody, mfa, "disabled"),
        ("harmless", everybody, [], "enabled"),
    ):
        operator.access.policies[name] = {
            "id": name,
            "displayName": name,
            "state": state,
            "conditions": {"users": users, "applications": {}, "locations": None},
            "grantControls": {"operator": "OR", "builtInControls": controls},
        }
    out = operator.run("plan", *ALL).out
    named = [line for line in out.splitlines() if "applies to it" in line or "would apply" in line]
    assert [line.split('"')[1] for line in named] == ["for all", "by role", "by group"]


def test_roles_beyond_the_unit_are_said_and_left(operator: Operator) -> None:
    """They make the unit's border meaningless; who gave them knows why."""
    operator.tenant.control.patch_person(
        sample.SERVICE_ACCOUNT, roles=["Privileged Authentication Administrator"]
    )
    ran = operator.run("apply", *ALL)
    assert "holds Privileged Authentication Administrator over the whole tenant" in ran.out
    held = operator.tenant.state.person(sample.SERVICE_ACCOUNT).roles
    assert held == ["Privileged Authentication Administrator", "Reports Reader"]


def test_the_stronger_role_comes_with_a_warning(operator: Operator) -> None:
    """And over the unit all the same."""
    ran = operator.run("apply", *ALL, "--role", "Privileged Authentication Administrator")
    assert "whoever has the account's password can be each of them" in ran.out
    assert {row.role for row in operator.access.scoped_roles.values()} == {
        "Privileged Authentication Administrator"
    }


@pytest.mark.parametrize(
    ("principal", "said"),
    [(ACCOUNT, "may act for it: User.Read.All"), (None, "may act for every user"), ("x", "has no consent")],
)
def test_consent_is_looked_at(operator: Operator, principal: str | None, said: str) -> None:
    """For the one account it is fine; for everybody it is too much; for somebody else it is none."""
    operator.access.grants["g"] = PermissionGrant("g", sample.CLIENT_ID, "User.Read.All", principal)
    assert said in operator.run("plan", *ALL, "--client-id", sample.CLIENT_ID).out


def test_remove_shows_first_and_takes_power_before_its_limits(operator: Operator) -> None:
    """Nothing of ours is left, and everybody's own things are."""
    operator.run("apply", *ALL)
    operator.access.policies["other"] = {"id": "other", "displayName": "other", "state": "enabled",
                                         "conditions": {"users": {}, "locations": None}}  # fmt: skip
    operator.tenant.control.clear_log()
    shown = operator.run("remove", "--audit-log")
    assert operator.writes() == []
    lines = [line.strip() for line in shown.out.splitlines() if line.startswith("  - ")]
    assert [line.partition('"')[0] for line in lines] == [
        f"- role Reports Reader of {sample.SERVICE_ACCOUNT} over the tenant",
        f"- role Authentication Administrator of {sample.SERVICE_ACCOUNT} over administrative unit ",
        "- Conditional Access policy ",
        "- named location ",
        "- administrative unit ",
    ]
    removed = operator.run("remove", "--audit-log", "--yes")
    assert removed.code == 0, removed.err
    assert list(operator.access.policies) == ["other"]
    access = operator.access
    assert (access.units, access.locations, access.scoped_roles) == ({}, {}, {})
    assert "Nothing to change." in operator.run("remove", "--audit-log").out


def test_remove_leaves_what_others_use(operator: Operator) -> None:
    """Somebody else's role over the unit, and somebody else's unit."""
    operator.run("apply", *ALL)
    (unit,) = operator.access.units.values()
    other = ScopedRole(operator.tenant.state.person(ANNA).id, "User Administrator", unit.id)
    operator.access.scoped_roles[other.id] = other
    operator.tenant.control.clear_log()
    removed = operator.run("remove", "--yes")
    assert removed.code == 1
    assert "Others hold roles over" in removed.err
    assert operator.writes() == []
    unit.description = "now the helpdesk's"
    assert operator.run("remove", "--yes").code == 0
    assert list(operator.access.units) == [unit.id]
    assert list(operator.access.scoped_roles) == [other.id]
    assert operator.access.locations == {}
