"""Who is ours: the users whose phone this program may manage."""

from __future__ import annotations

from dataclasses import dataclass

from shared.codes import Code
from shared.tenant import ScopeSets, User


@dataclass(frozen=True, slots=True)
class ScopePolicy:
    """What the organisation decided about kinds of users.

    Attributes:
        include_guests: Whether guests' phones are managed here and not in their home tenant.
        allow_cloud_only: Whether users without Active Directory as source are managed.
        allow_privileged: Whether holders of directory roles are managed.
        skip_disabled: Whether disabled accounts are left alone: by sweeps; a push names new joiners.
    """

    include_guests: bool = False
    allow_cloud_only: bool = False
    allow_privileged: bool = False
    skip_disabled: bool = False


def scope_refusal(user: User, policy: ScopePolicy, sets: ScopeSets) -> tuple[Code, str] | None:
    """Return why the user is not ours, with the setting that says so; None if the user is.

    Privileged targets are not judged here: the set of them is read only when something would be written.
    """
    inside = sets.members is None or user.id.casefold() in sets.members
    is_own = bool({user.id.casefold(), user.user_principal_name.casefold()} & sets.own)
    rules = (
        (is_own, Code.EXCLUDED, "the service account never manages itself"),
        (user.id.casefold() in sets.excluded, Code.EXCLUDED, "EXCLUDE_GROUP_ID"),
        (not inside, Code.OUT_OF_SCOPE, "SYNC_SCOPE_GROUP_ID"),
        (
            policy.skip_disabled and user.account_enabled is False,
            Code.ACCOUNT_DISABLED,
            "sweeps leave disabled accounts alone",
        ),
        (user.is_guest and not policy.include_guests, Code.GUEST_EXCLUDED, "INCLUDE_GUESTS=false"),
        # A guest has no Active Directory of ours behind it: whoever admits guests admits that.
        (
            not (user.is_synced or user.is_guest or policy.allow_cloud_only),
            Code.SOURCE_NOT_ON_PREMISES,
            "CLOUD_ONLY_USERS=refuse",
        ),
    )
    return next(((code, rule) for holds, code, rule in rules if holds), None)
