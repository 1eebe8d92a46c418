"""The service account: whether it can sign in with a password alone, and the directory roles that it holds.

It gets one role over the unit, and where that was chosen one to read the audit log and one to read roles.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from ops.tenant_setup.change import MAKE, Change, Known, Remark, fine, look, wrong
from ops.tenant_setup.graph import Graph, deletion, quoted
from ops.tenant_setup.unit import user
from ops.tenant_setup.wanted import ROLE_IDS, WRITER_ROLES, Wanted

_ASSIGNMENTS = "/roleManagement/directory/roleAssignments"
_TENANT = "/"
_ROLE_NAMES = {role_id: name for name, role_id in ROLE_IDS.items()}
_SELECT = "id,userPrincipalName,displayName,accountEnabled,userType,onPremisesSyncEnabled,passwordPolicies"
# What a sign-in with user name and password, and nobody at the screen, can never satisfy.
_IMPOSSIBLE = {
    *("mfa", "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication"),
    *("passwordChange", "block"),
}
_APPLY = {"enabled": "applies", "enabledForReportingButNotEnforced": "would apply (report-only)"}


def read(graph: Graph, name: str) -> Known:
    """Return what is known at first: the account, and which roles it holds over what.

    Raises:
        StoppedError: There is no account of the name.
    """
    account = user(graph, name, _SELECT)
    roles = graph.list(_ASSIGNMENTS, filter=f"principalId eq {quoted(str(account['id']))}")
    return Known(account, roles)


def remarks(graph: Graph, known: Known) -> Iterator[Remark]:
    """Yield what is to be said about the account itself."""
    account, domain = known.account, known.upn.rpartition("@")[2]
    faults = list(_faults(graph, account, domain))
    yield from faults or [fine("it is cloud-only, enabled, a member, and of a domain that is not federated")]
    if "DisablePasswordExpiration" in (account.get("passwordPolicies") or ""):
        yield fine("its password does not expire: rotate it by hand")
    else:
        yield look(
            "its password may expire (then AADSTS50055): rotate it before, or set DisablePasswordExpiration"
        )
    if graph.get("/policies/identitySecurityDefaultsEnforcementPolicy")["isEnabled"]:
        yield wrong(
            "security defaults are on: they demand MFA of it, and no policy can be enforced beside them"
        )
    yield look("per-user MFA cannot be read by Graph v1.0: see that it is disabled for the account")


def _faults(graph: Graph, account: dict[str, Any], domain: str) -> Iterator[Remark]:
    if not account["accountEnabled"]:
        yield wrong("it is disabled: enable it")
    if account["userType"] != "Member":
        yield wrong("it is a guest: its password is kept elsewhere. Make a member of this tenant")
    if account["onPremisesSyncEnabled"]:
        yield wrong("it is synced from Active Directory: make a cloud-only account, on which no sync can act")
    managed = graph.get(f"/domains/{domain}")["authenticationType"] == "Managed"
    if not managed:
        yield wrong(
            f"the domain {domain} is federated: ROPC does not work there. Use the onmicrosoft.com domain"
        )


def other_policies(
    graph: Graph, wanted: Wanted, known: Known, policies: list[dict[str, Any]]
) -> Iterator[Remark]:
    """Yield each other Conditional Access policy that would stop the account's sign-in."""
    path = f"/users/{known.account_id}/transitiveMemberOf/microsoft.graph.group"
    groups = {row["id"] for row in graph.list(path, select="id")}
    roles = {row["roleDefinitionId"] for row in known.roles}
    for policy in policies:
        verb = _APPLY.get(policy["state"])
        demand = _demand(policy)
        if verb is None or demand is None or policy["displayName"] == wanted.policy:
            continue
        if _hits(policy["conditions"]["users"], known.account_id, groups, roles):
            yield look(
                f'Conditional Access policy "{policy["displayName"]}" {verb} to it and asks for {demand}: '
                "exclude the account, or see that its other conditions spare it"
            )


def _demand(policy: dict[str, Any]) -> str | None:
    controls = policy.get("grantControls") or {}
    asked = [name for name in controls.get("builtInControls") or [] if name in _IMPOSSIBLE]
    if controls.get("authenticationStrength"):
        asked.append("an authentication strength")
    if controls.get("termsOfUse"):
        asked.append("terms of use")
    return ", ".join(asked) or None


def _hits(users: dict[str, Any], account_id: str, groups: set[str], roles: set[str]) -> bool:
    def named(kind: str) -> bool:
        people = set(users.get(f"{kind}Users") or [])
        return bool(
            people & {account_id, "All"}
            or groups & set(users.get(f"{kind}Groups") or [])
            or roles & set(users.get(f"{kind}Roles") or [])
        )

    return named("include") and not named("exclude")


def consent(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Remark]:
    """Yield what the app was granted: it should be for this account, and for nobody else."""
    if wanted.client_id is None:
        return
    found = graph.list("/servicePrincipals", filter=f"appId eq '{wanted.client_id}'")
    if not found:
        yield wrong(f"the app {wanted.client_id} has no service principal here: deploy infra/identity first")
        return
    grants = graph.list("/oauth2PermissionGrants", filter=f"clientId eq '{found[0]['id']}'")
    own = [grant for grant in grants if grant["principalId"] == known.account_id]
    if own:
        names = sorted({name for grant in own for name in grant["scope"].split()})
        yield fine(f'the app "{found[0]["displayName"]}" may act for it: {" ".join(names)}')
    else:
        yield wrong(
            f'the app "{found[0]["displayName"]}" has no consent to act for it: deploy infra/identity'
        )
    for grant in grants:
        if grant["consentType"] == "AllPrincipals":
            yield look(
                f'the app "{found[0]["displayName"]}" may act for every user: narrow oauth2PermissionGrants/'
                f"{grant['id']} to the account"
            )


def role_remarks(wanted: Wanted, known: Known) -> Iterator[Remark]:
    """Yield what the account holds beyond what is wanted: it is said, and never taken away."""
    for row in known.roles:
        name = _ROLE_NAMES.get(row["roleDefinitionId"], f"the role {row['roleDefinitionId']}")
        if row["directoryScopeId"] == _TENANT and name not in wanted.reader_roles:
            yield look(
                f"it holds {name} over the whole tenant, so that no administrative unit limits it: "
                f"take roleAssignments/{row['id']} away by hand"
            )
    if wanted.role != WRITER_ROLES[0]:
        yield look(
            f"{wanted.role} sees whole numbers, and can reset everything by which the unit's people sign in, "
            "passwords too: whoever has the account's password can be each of them"
        )


def plan_roles(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Change]:
    """Yield the assignments that are missing."""
    scope = f'administrative unit "{wanted.unit}"'
    if not _held(known, wanted.role, _unit_scope(known)):
        yield Change(
            MAKE,
            f"role {wanted.role} for {known.upn} over {scope}",
            lambda: _assign(graph, known, wanted.role, _unit_scope(known)),
        )
    for role in wanted.reader_roles:
        if not _held(known, role, _TENANT):
            yield Change(
                MAKE,
                f"role {role} for {known.upn} over the tenant",
                partial(_assign, graph, known, role, _TENANT),
            )


def remove_roles(graph: Graph, wanted: Wanted, known: Known) -> Iterator[Change]:
    """Yield the end of the account's roles over the unit, and of the readers' roles that were chosen."""
    for row in known.roles:
        name, scope = _ROLE_NAMES.get(row["roleDefinitionId"]), row["directoryScopeId"]
        over_unit = known.unit_id is not None and scope == _unit_scope(known) and name in WRITER_ROLES
        if over_unit or (name in wanted.reader_roles and scope == _TENANT):
            where = f'administrative unit "{wanted.unit}"' if over_unit else "the tenant"
            yield deletion(graph, f"role {name} of {known.upn} over {where}", f"{_ASSIGNMENTS}/{row['id']}")


def _unit_scope(known: Known) -> str:
    return f"/administrativeUnits/{known.unit_id}"


def _held(known: Known, role: str, scope: str) -> bool:
    return any(
        row["roleDefinitionId"] == ROLE_IDS[role] and row["directoryScopeId"] == scope for row in known.roles
    )


def _assign(graph: Graph, known: Known, role: str, scope: str) -> None:
    body = {
        "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
        "roleDefinitionId": ROLE_IDS[role],
        "principalId": known.account_id,
        "directoryScopeId": scope,
    }
    graph.write("POST", _ASSIGNMENTS, body)
