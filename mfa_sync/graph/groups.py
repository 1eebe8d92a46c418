"""Sets of people: the members of groups, and who is privileged. Read whole and kept for some minutes."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from mfa_sync.graph.reply import GraphFault, id_of
from mfa_sync.telemetry.events import Event, record
from shared.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mfa_sync.graph.client import GraphClient
    from shared.clock import Clock, Deadline

_KEEP_SECONDS = 600
_MEMBERS = "transitiveMembers/microsoft.graph.user?$select=id&$top=999"


class Groups:
    """Knows who is in a group and who is privileged, from memory where it is young enough."""

    def __init__(self, client: GraphClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[str, tuple[float, frozenset[str] | None]] = {}

    async def members(self, setting: str, group_id: str | None, deadline: Deadline) -> frozenset[str] | None:
        """Return the object ids of all users in a group, at any depth, case folded; None: none is set.

        Raises:
            SettingsError: There is no such group; `setting` names it.
            PermanentError: We lack the right to read it: without it nobody's scope is known.
            TransientError: Graph cannot be reached.
        """
        if not group_id:
            return None

        async def read() -> frozenset[str]:
            try:
                return await self._ids(f"/groups/{group_id}/{_MEMBERS}", deadline)
            except GraphFault as fault:
                if fault.reply.status == HTTPStatus.NOT_FOUND:
                    raise SettingsError((f"{setting}: there is no such group",)) from fault
                raise fault.refusal(f"the members of {setting}", "GroupMember.Read.All") from fault

        return await self._once(setting, read)

    async def privileged(self, deadline: Deadline) -> frozenset[str] | None:
        """Return who holds a directory role, or is in or over a role-assignable group; None: no right.

        Raises:
            PermanentError, TransientError: Graph cannot be reached or refuses a fresh token.
        """

        async def read() -> frozenset[str] | None:
            try:
                return await self._read_privileged(deadline)
            except GraphFault as fault:
                if fault.reply.status != HTTPStatus.FORBIDDEN:
                    raise fault.refusal("the directory roles", "RoleManagement.Read.Directory") from fault
                record(Event.PRIVILEGED_UNREADABLE, reply=fault.reply.describe())
                return None

        return await self._once("privileged", read)

    async def _read_privileged(self, deadline: Deadline) -> frozenset[str]:
        roles = "/roleManagement/directory/roleAssignments?$select=principalId"
        holders, assignable = await asyncio.gather(
            self._ids(roles, deadline, "principalId"),
            self._ids("/groups?$filter=isAssignableToRole%20eq%20true&$select=id", deadline),
        )
        whom = (_MEMBERS, "owners?$select=id")
        paths = [f"/groups/{group}/{part}" for group in assignable for part in whom]
        return holders.union(*await asyncio.gather(*(self._ids(path, deadline) for path in paths)))

    async def _ids(self, path: str, deadline: Deadline, name: str = "id") -> frozenset[str]:
        found: set[str] = set()
        async for page in self._client.pages(path, deadline):
            found.update(id_of(entry, name) for entry in page)
        return frozenset(found)

    async def _once(
        self, name: str, read: Callable[[], Awaitable[frozenset[str] | None]]
    ) -> frozenset[str] | None:
        kept = self._kept.get(name)
        if kept and kept[0] > self._clock.monotonic():
            return kept[1]
        found = await read()
        self._kept[name] = (self._clock.monotonic() + _KEEP_SECONDS, found)
        return found
