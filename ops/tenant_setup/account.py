"""The service account: whether it can sign in with a password alone, and what other policies make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.tenant_setup.change import Remark, fine, look, wrong
from ops.tenant_setup.unit import user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.tenant_setup.graph import Graph
    from ops.tenant_setup.known import Known
    from ops.tenant_setup.wanted import Wanted

SELECT = "id,userPrincipalName,displayName,accountEnabled,userType,onPremisesSyncEnabled,passwordPolicies"
# What a sign-in with user name and password, and nobody at the screen, can never satisfy.
_IMPOSSIBLE = {
    "mfa",
    "compliantDevice",
    "domainJoinedDevice",
    "approvedApplication",
    "compliantApplication",
} | {"passwordChange"}
_APPLY = {"enabled": "applies", "enabledForReportingButNotEnforced": "would apply (report-only)"}


def read(graph: Graph, name: str) -> dict[str, Any]:
    """Return the account.

    Raises:
        StoppedError: There is none of the name.
    """
    return user(graph, name, SELECT)


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
    asked = [name for name in controls.get("builtInControls") or [] if name in {*_IMPOSSIBLE, "block"}]
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
