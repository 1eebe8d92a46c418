"""What docs/identity.md prints is what the commands print."""

from __future__ import annotations

from pathlib import Path

from dev.tenant import sample
from dev.tenant.access import PermissionGrant
from ops.tenant_setup.graph import RIGHTS, permissions
from tests.tenant_setup.conftest import Operator

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "identity.md").read_text(encoding="utf-8")
RULE = '(user.extensionAttribute15 -ne null) and (user.userType -eq "Member")'
ROLES = ("--audit-log", "--privileged-guard")
WHAT = ("--rule", RULE, "--egress", "203.0.113.8/30", *ROLES, "--client-id", sample.CLIENT_ID)
GRANTED = (
    "openid profile offline_access AuditLog.Read.All GroupMember.Read.All "
    "PrivilegedEligibilitySchedule.Read.AzureADGroup RoleEligibilitySchedule.Read.Directory "
    "RoleManagement.Read.Directory"
)
MFA = {
    "id": "p",
    "displayName": "Require MFA for all users",
    "state": "enabled",
    "conditions": {"users": {"includeUsers": ["All"]}, "applications": {}, "locations": None},
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
}


def test_the_page_shows_what_is_printed(operator: Operator) -> None:
    """Line by line: what an operator reads there is what they will see."""
    scopes = f"{GRANTED} User.Read.All UserAuthenticationMethod.ReadWrite.All"
    account = sample.guid(sample.SERVICE_ACCOUNT)
    operator.access.grants["g"] = PermissionGrant("g", sample.CLIENT_ID, scopes, account)
    operator.access.policies["p"] = MFA
    printed = [operator.run("plan", *WHAT)]
    operator.run("apply", *WHAT)
    printed += [
        operator.run("apply", *WHAT, "--enforce"),
        operator.run("remove", *ROLES),
    ]
    for ran in printed:
        assert ran.code == 0, ran.err
        assert [line for line in ran.out.splitlines() if line not in PAGE] == []


def test_the_page_names_the_rights_that_are_asked_for() -> None:
    """The least for looking, and those for changing; and the roles beside them."""
    (reading,) = (line for line in PAGE.splitlines() if line.startswith("| `tenant_setup plan`"))
    (writing,) = (line for line in PAGE.splitlines() if line.startswith("| `tenant_setup apply`"))
    assert {name for name in permissions(writing=False) if f"`{name}`" not in reading} == set()
    more = set(permissions(writing=True)) - set(permissions(writing=False))
    assert {name for name in more if f"`{name}`" not in writing} == set()
    assert all(rights.role in writing for rights in RIGHTS.values() if rights.write)
