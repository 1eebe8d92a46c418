"""Who may do what and from where: administrative units, scoped roles, Conditional Access, consent."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

WHOLE_TENANT = "/"
UNIT_SCOPE = "/administrativeUnits/"


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
