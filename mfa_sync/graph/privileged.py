"""Who is privileged, in parts that fail apart: what one does not show never hides what another does.

Source: Graph's "List unifiedRoleAssignments", "List roleEligibilityScheduleInstances" and, of groups, "List
eligibilityScheduleInstances". Without P2 the last two are refused: 400 `AadPremiumLicenseRequired` was seen.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from mfa_sync.graph.client import GraphClient
from mfa_sync.graph.reply import GraphFault, Reply, id_of
from mfa_sync.telemetry.events import Event, record
from shared.clock import Deadline
from shared.tenant import Privileged

_ROLES, _ELIGIBLE, _GROUPS = "roles", "eligible roles", "role-assignable groups"
_POSSIBLE = "eligible members of groups"
_NO_ADMINISTRATOR = "no Global Administrator"
_GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
_OF_ROLES = "/roleManagement/directory/{}?$select=principalId,roleDefinitionId"
_MEMBERS = "transitiveMembers/microsoft.graph.user?$select=id&$top=999"
# A group may vanish between the listing and the look into it.
_LOOKS = 3


async def read_privileged(client: GraphClient, deadline: Deadline) -> Privileged:
    """Return who holds a directory role or may take one, and who is in, may join, or owns a group for roles.

    Raises:
        PermanentError, TransientError: Graph cannot be reached or refuses a fresh token.
    """
    look = _Look(client, deadline)
    for _ in range(_LOOKS):
        look = _Look(client, deadline)
        await look.at_everybody()
        if HTTPStatus.NOT_FOUND not in {reply and reply.status for reply in look.unread.values()}:
            break
    for part, reply in look.without_pim.items():
        record(Event.PIM_ABSENT, part=part, reply=reply.describe())
    for part, lack in look.unread.items():
        record(Event.PRIVILEGED_UNREADABLE, part=part, reply=lack.describe() if lack else None)
    return Privileged(frozenset(look.found), are_all=not look.unread)


class _Look:
    """One look at all parts.

    Attributes:
        found: The object ids of whoever is privileged, groups among them.
        unread: What could not be read, with Graph's answer; None where the answers are not to be believed.
        without_pim: What there is not, since the tenant has no Privileged Identity Management.
    """

    def __init__(self, client: GraphClient, deadline: Deadline) -> None:
        self.found: set[str] = set()
        self.unread: dict[str, Reply | None] = {}
        self.without_pim: dict[str, Reply] = {}
        self._client = client
        self._deadline = deadline

    async def at_everybody(self) -> None:
        active, eligible, _ = await asyncio.gather(
            self._part(_ROLES, _OF_ROLES.format("roleAssignments"), "principalId"),
            self._part(_ELIGIBLE, _OF_ROLES.format("roleEligibilityScheduleInstances"), "principalId"),
            self._of_groups(),
        )
        # No tenant is without one: Entra does not let the last one go.
        roles = {str(row.get("roleDefinitionId")).casefold() for row in (*active, *eligible)}
        if _ROLES not in self.unread and _GLOBAL_ADMINISTRATOR not in roles:
            self.unread[_NO_ADMINISTRATOR] = None

    async def _of_groups(self) -> None:
        groups = await self._part(_GROUPS, "/groups?$filter=isAssignableToRole%20eq%20true&$select=id", "id")
        possible = (
            "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances?$select=principalId"
        )
        parts = [
            one
            for group in groups
            for one in (
                (_GROUPS, f"/groups/{group['id']}/{_MEMBERS}", "id"),
                (_GROUPS, f"/groups/{group['id']}/owners?$select=id", "id"),
                (_POSSIBLE, f"{possible}&$filter=groupId%20eq%20'{group['id']}'", "principalId"),
            )
        ]
        await asyncio.gather(*(self._part(*one) for one in parts))

    async def _part(self, part: str, path: str, name: str) -> list[dict[str, Any]]:
        """Return the rows of a list, having taken note of whose object ids stand under `name`."""
        rows: list[dict[str, Any]] = []
        try:
            async for page in self._client.pages(path, self._deadline):
                self.found.update(id_of(row, name) for row in page)
                rows += page
        except GraphFault as fault:
            if fault.reply.is_for_later:
                raise fault.refusal("who is privileged", "RoleManagement.Read.Directory") from fault
            if part in {_ELIGIBLE, _POSSIBLE} and _says_no_pim(fault.reply):
                self.without_pim[part] = fault.reply
            else:
                self.unread[part] = fault.reply
        return rows


def _says_no_pim(reply: Reply) -> bool:
    """Return whether a refusal is of the tenant's licence, and not of a right or role that we lack.

    400 is documented for it, whatever its code; anything else that names no licence leaves the part unread.
    """
    codes = " ".join(reply.error_codes()).casefold()
    return reply.status == HTTPStatus.BAD_REQUEST or "license" in codes or "premium" in codes
