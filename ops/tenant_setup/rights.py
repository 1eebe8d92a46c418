"""Which rights each part of the work needs, and how to sign in with no more than those."""

from __future__ import annotations

from dataclasses import dataclass

_ROLE_MANAGER = "Privileged Role Administrator"
_POLICY_MANAGER = "Conditional Access Administrator"


@dataclass(frozen=True, slots=True)
class Rights:
    """Graph permissions to read and to change, and the directory role that a person needs as well."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    role: str


# By the beginning of Graph's path (Graph, "Permissions" of each operation).
RIGHTS: dict[str, Rights] = {
    "/directory/administrativeUnits": Rights(
        ("AdministrativeUnit.Read.All",), ("AdministrativeUnit.ReadWrite.All",), _ROLE_MANAGER
    ),
    "/roleManagement": Rights(
        ("RoleManagement.Read.Directory",), ("RoleManagement.ReadWrite.Directory",), _ROLE_MANAGER
    ),
    "/identity/conditionalAccess": Rights(
        ("Policy.Read.All",),
        ("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"),
        _POLICY_MANAGER,
    ),
    "/policies": Rights(("Policy.Read.All",), (), _POLICY_MANAGER),
    "/users": Rights(("User.Read.All", "GroupMember.Read.All"), (), "Directory Readers"),
    "/groups": Rights(("GroupMember.Read.All",), (), "Directory Readers"),
    "/domains": Rights(("Domain.Read.All",), (), "Directory Readers"),
    "/servicePrincipals": Rights(("Application.Read.All",), (), "Directory Readers"),
    "/oauth2PermissionGrants": Rights(("DelegatedPermissionGrant.Read.All",), (), "Directory Readers"),
}


def permissions(*, writing: bool) -> list[str]:
    """All Graph permissions of a command: `plan` asks for none that could change anything."""
    needed = {name for rights in RIGHTS.values() for name in rights.read}
    if writing:
        needed |= {name for rights in RIGHTS.values() for name in rights.write}
    return sorted(needed)


def needed_for(path: str, *, reading: bool) -> str:
    """What a refused call needs, for the operator."""
    for beginning, rights in RIGHTS.items():
        if path.startswith(beginning):
            names = ", ".join(rights.read if reading else rights.write)
            return (
                f"Needed: {names}, consented to by an administrator, and for a person the role {rights.role} "
                "or a higher one. The Azure CLI's own token never has the rights for Conditional Access: use "
                "--sign-in browser or device-code."
            )
    return "The token lacks a right."
