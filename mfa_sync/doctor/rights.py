"""What the token allows, held against what each switched-on feature needs (docs/graph.md). Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mfa_sync.doctor.verdict import State, Verdict, fault, ok, unknown, warning

_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")


@dataclass(frozen=True, slots=True)
class Features:
    """What settings switch on that needs rights.

    Attributes:
        last_factor: All methods are listed before a delete.
        groups: A scope or exclude group is named.
        protects: Privileged targets are refused.
        sweeps: Sweeps are begun.
        app_only: Nobody signs in but the app.
    """

    last_factor: bool
    groups: bool
    protects: bool
    sweeps: bool
    app_only: bool


@dataclass(frozen=True, slots=True)
class Right:
    """A permission that a feature needs.

    Attributes:
        name: Of its check, behind `right.`.
        feature: What it serves.
        any_of: Each of these will do; the first is the narrowest.
        without: What happens without it.
        needed_by: The features that need it; none: all do.
        lacking: How bad that is.
    """

    name: str
    feature: str
    any_of: tuple[str, ...]
    without: str
    needed_by: tuple[str, ...] = ()
    lacking: State = State.FAULT


_NOTHING_WRITTEN = "nothing is written, unless the token proves that Entra limits us"
RIGHTS = (
    Right(
        "users",
        "read users and their attributes",
        ("User.Read.All", "User.ReadWrite.All", *_DIRECTORY),
        "every call is answered 502 graphRefused",
    ),
    Right(
        "phones",
        "read and write mobile phones",
        ("UserAuthMethod-Phone.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"),
        "no phone is written",
    ),
    Right(
        "allMethods",
        "list all methods before a delete",
        ("UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"),
        "deletes are refused targetOutOfReach",
        ("last_factor",),
    ),
    Right(
        "groups",
        "read the members of groups",
        ("GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", *_DIRECTORY),
        "nobody's scope is known, nor who is in groups for roles",
        ("groups", "protects"),
    ),
    Right(
        "roles",
        "read who holds a role",
        ("RoleManagement.Read.Directory", "RoleManagement.Read.All", *_DIRECTORY),
        _NOTHING_WRITTEN,
        ("protects",),
    ),
    Right(
        "eligibleRoles",
        "read who may take a role (PIM)",
        ("RoleEligibilitySchedule.Read.Directory", "RoleEligibilitySchedule.ReadWrite.Directory"),
        _NOTHING_WRITTEN,
        ("protects",),
    ),
    Right(
        "eligibleMembers",
        "read who may join a group for roles (PIM for Groups)",
        (
            "PrivilegedEligibilitySchedule.Read.AzureADGroup",
            "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
        ),
        _NOTHING_WRITTEN,
        ("protects",),
    ),
    Right(
        "auditLog",
        "read whose phone others changed",
        ("AuditLog.Read.All",),
        "each sweep looks at everybody, and changes outside are found by full sweeps alone",
        ("sweeps",),
        State.WARNING,
    ),
)


def judge_rights(held: Collection[str], features: Features) -> dict[str, Verdict]:
    """Return the verdict on each right that is needed, by its check's name; what is not needed has none.

    Args:
        held: The permissions in the token (`scp` or `roles`).
        features: What settings switch on.
    """
    needed = [
        right
        for right in RIGHTS
        if not right.needed_by or any(getattr(features, name) for name in right.needed_by)
    ]
    if not held:
        nothing = unknown("the token cannot be read", "its rights show only when they are used")
        return {f"right.{right.name}": nothing for right in needed}
    kind = "application" if features.app_only else "delegated"
    return {f"right.{right.name}": _of_one(right, held, kind) for right in needed}


def _of_one(right: Right, held: Collection[str], kind: str) -> Verdict:
    if has := [one for one in right.any_of if one in held]:
        return ok(f"the token has {has[0]}")
    remedy = f"Grant the {kind} permission {right.any_of[0]}, with an administrator's consent."
    return Verdict(right.lacking, f"the token has no {right.any_of[0]}", right.without, remedy)


# Entra "Microsoft Entra built-in roles".
_LIMITED = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
_UNLIMITED = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
_GLOBAL = "62e90394-69f5-4237-9190-012177145e10"
_NAMES = {
    _LIMITED: "Authentication Administrator",
    _UNLIMITED: "Privileged Authentication Administrator",
    _GLOBAL: "Global Administrator",
    "88d8e3e3-8f55-4a1e-953a-9b9898b8876b": "Directory Readers",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451": "Global Reader",
    "4a5d8f65-41da-4de4-8968-e035b65339cf": "Reports Reader",
    "5d6b6bb7-de71-4623-b4af-96380a352509": "Security Reader",
}
# Roles of people that turn up on service accounts; they write nobody's methods, or not enough of them.
_OTHERS = {
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
    "966707d0-3269-4727-9be2-8c3a10f19b9d": "Password Administrator",
    "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
}
_WRITERS = (_LIMITED, _UNLIMITED, _GLOBAL)
# In every member's token; it is no role.
_EVERY_MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
_ROLE_REMEDY = (
    "Give the service account Privileged Authentication Administrator (whole numbers) or Authentication "
    "Administrator (masked), over the tenant or over an administrative unit, and no role beside the readers' "
    "of docs/graph.md."
)


def judge_roles(wids: Collection[str], *, app_only: bool) -> Verdict:
    """Return what the roles in the token (template ids, small letters) mean.

    Source: Entra "Privileged roles and permissions": who may change whose methods. A role over a unit is not
    in the token.
    """
    if app_only:
        return ok("an app alone", "no role limits it: this app alone spares administrators")
    held = [one for one in wids if one != _EVERY_MEMBER]
    names = (
        ", ".join(sorted(({**_NAMES, **_OTHERS}).get(one, f"role {one}") for one in held))
        or "no role over the tenant"
    )
    others = [one for one in held if one not in _NAMES]
    if not any(one in _WRITERS for one in held):
        if others:
            return fault(names, "none of these roles writes phones", _ROLE_REMEDY)
        means = "a role over an administrative unit does not stand in the token; else no phone can be written"
        return unknown(names, means, _ROLE_REMEDY)
    if others or _GLOBAL in held:
        return warning(names, "the account may do more than this app needs", _ROLE_REMEDY)
    if _UNLIMITED in held:
        return ok(names, "numbers are shown whole; this app alone spares administrators")
    return ok(names, "Entra itself keeps the account from administrators; numbers are masked")
