"""Who may do what and from where: administrative units, scoped roles, Conditional Access, consent."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

WHOLE_TENANT = "/"
UNIT_SCOPE = "/administrativeUnits/"
# Template ids of the built-in roles (Entra "permissions reference"); they are the definition ids too.
ROLE_IDS = {
    "Authentication Administrator": "c4e39bd9-1100-46d3-8c65-fb160da0071f",
    "Directory Readers": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Global Reader": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "Groups Administrator": "fdd7a751-b60b-444a-984c-02652fe8fa1c",
    "Guest Inviter": "95e79109-95c0-4d8e-aee3-d01accf2d47b",
    "Helpdesk Administrator": "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "Message Center Reader": "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",
    "Password Administrator": "966707d0-3269-4727-9be2-8c3a10f19b9d",
    "Privileged Authentication Administrator": "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
    "Privileged Role Administrator": "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "Reports Reader": "4a5d8f65-41da-4de4-8968-e035b65339cf",
    "Security Administrator": "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "Security Reader": "5d6b6bb7-de71-4623-b4af-96380a352509",
    "Usage Summary Reports Reader": "75934031-6c7e-415a-99d7-48dbd49e875e",
    "User Administrator": "fe930be7-5e62-47db-91af-98c3a49a38b1",
    "User Experience Success Manager": "27460883-1df1-4691-b032-3b79643e5e63",
}


@dataclass(slots=True)
class AdministrativeUnit:
    """A unit. Its people are those whose `administrative_units` name it; groups are kept here.

    Who a dynamic unit's rule finds is not computed.
    """

    id: str
    display_name: str
    description: str | None = None
    visibility: str | None = None
    membership_type: str = "Assigned"
    membership_rule: str | None = None
    groups: list[str] = field(default_factory=list)
    # Nobody without a role over the unit itself changes its people: no app alone, no Global Administrator.
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class ScopedRole:
    """A built-in role, by display name, that somebody holds over one administrative unit only."""

    principal_id: str
    role: str
    unit_id: str

    @property
    def id(self) -> str:
        """The assignment's id, the same whenever it is made."""
        return assignment_id(self.principal_id, self.role, self.scope)

    @property
    def scope(self) -> str:
        """What Graph calls directoryScopeId."""
        return UNIT_SCOPE + self.unit_id


@dataclass(slots=True)
class PermissionGrant:
    """Consent to delegated permissions: for one person, or for all (`principal_id` is None)."""

    id: str
    client_id: str
    scope: str
    principal_id: str | None = None
    resource: str = "00000003-0000-0000-c000-000000000000"


@dataclass(slots=True)
class AccessControl:
    """All of it. Locations and policies are kept as Graph shows them, by id."""

    units: dict[str, AdministrativeUnit] = field(default_factory=dict)
    scoped_roles: dict[str, ScopedRole] = field(default_factory=dict)
    locations: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    grants: dict[str, PermissionGrant] = field(default_factory=dict)
    security_defaults: bool = False

    def roles_over(self, principal_id: str, unit_ids: list[str]) -> frozenset[str]:
        """The roles that somebody holds over any of these units."""
        return frozenset(
            held.role
            for held in self.scoped_roles.values()
            if held.principal_id == principal_id and held.unit_id in unit_ids
        )


def assignment_id(principal_id: str, role: str, scope: str = WHOLE_TENANT) -> str:
    """The id of a role assignment."""
    name = f"{principal_id}/{role}" if scope == WHOLE_TENANT else f"{principal_id}/{role}{scope}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))
