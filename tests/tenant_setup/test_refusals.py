"""Where the work stops before anything is changed: input, account, unit and rights."""

from __future__ import annotations

from typing import Any

import pytest

from dev.tenant import sample
from dev.tenant.access import AdministrativeUnit
from ops.tenant_setup.graph import permissions
from ops.tenant_setup.wanted import UNIT
from tests.tenant_setup.conftest import ALL, ANNA, EGRESS, SIGN_IN, Operator


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
    assert why in operator.stopped("--user", ANNA, "--egress", egress)


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
    assert "Mend first what is wrong above (1)" in operator.stopped(*ALL)
    assert why in operator.run("plan", *ALL).out


def test_a_federated_domain_and_security_defaults_stop_the_work(operator: Operator) -> None:
    """Neither lets a password alone through."""
    operator.tenant.control.patch_account(sample.SERVICE_ACCOUNT, federated=True)
    operator.access.security_defaults = True
    assert "Mend first what is wrong above (2)" in operator.stopped(*ALL)


def test_nobody_of_the_name(operator: Operator) -> None:
    """A misspelt account or member."""
    assert "There is no user nobody@contoso.com" in operator.stopped("--user", "nobody@contoso.com")
    gone = operator.raw("apply", *SIGN_IN, "--service-account", "gone@contoso.com", *ALL)
    assert (gone.code, operator.writes()) == (1, [])
    assert "There is no user gone@contoso.com" in gone.err


def test_a_unit_needs_somebody_to_be_in_it(operator: Operator) -> None:
    """An empty one would be a role over nobody."""
    assert "--rule, --group or --user" in operator.stopped("--egress", EGRESS)


def test_somebody_elses_unit_is_used_and_never_filled(operator: Operator) -> None:
    """Whoever is added comes into reach of everybody with a role over it."""
    unit = AdministrativeUnit("aaaaaaaa-0000-0000-0000-000000000001", UNIT, "Helpdesk north")
    operator.access.units[unit.id] = unit
    assert "was not made here" in operator.stopped("--user", ANNA)
    operator.tenant.control.patch_person(ANNA, administrative_units=[unit.id])
    assert operator.run("apply", "--user", ANNA).code == 0
    assert {held.unit_id for held in operator.access.scoped_roles.values()} == {unit.id}


def test_two_of_a_name_are_not_guessed_between(operator: Operator) -> None:
    """Display names are not unique in Entra."""
    for number in (1, 2):
        unit = AdministrativeUnit(f"aaaaaaaa-0000-0000-0000-00000000000{number}", UNIT)
        operator.access.units[unit.id] = unit
    assert "There are 2 administrative units" in operator.stopped(*ALL)
    operator.access.units.clear()
    assert operator.run("apply", *ALL).code == 0
    (policy,) = operator.access.policies.values()
    operator.access.policies["copy"] = policy | {"id": "copy"}
    assert "There are 2 policies" in operator.stopped(*ALL)


def test_another_rule_is_not_written_over(operator: Operator) -> None:
    """It might put more people in reach."""
    operator.run("apply", "--rule", '(user.city -eq "Lund")')
    assert "has another rule" in operator.stopped("--rule", '(user.country -eq "Sweden")')
    assert "is dynamic" in operator.stopped("--user", ANNA)
    both = operator.stopped("--user", ANNA, "--rule", '(user.city -eq "Lund")')
    assert "leave out --group and --user" in both


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
