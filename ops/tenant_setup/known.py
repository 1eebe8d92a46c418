"""What has been found in the tenant so far: each part of the work adds its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Known:
    """The service account as Graph shows it, and what is there already; None: not made yet."""

    account: dict[str, Any]
    roles: list[dict[str, Any]] = field(default_factory=list)
    unit_id: str | None = None
    location_id: str | None = None

    @property
    def account_id(self) -> str:
        """The object id of the service account."""
        return str(self.account["id"])

    @property
    def upn(self) -> str:
        """Its user principal name."""
        return str(self.account["userPrincipalName"])
