"""What is said about the account and left to a person: other policies, further roles, consent."""

from __future__ import annotations

import pytest

from dev.tenant import sample
from dev.tenant.access import PermissionGrant
from tests.tenant_setup.conftest import ALL, Operator

ACCOUNT = sample.guid(sample.SERVICE_ACCOUNT)


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
