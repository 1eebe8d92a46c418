"""Sets of people: the members of groups, and who is privileged. Read whole and kept for some minutes."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from mfa_sync.graph.batch import raise_if_dead
from mfa_sync.graph.client import unreachable
from mfa_sync.graph.reply import GraphFault, fault_of
from mfa_sync.telemetry.events import Event, record
from shared.errors import PermanentError, Problem, SettingsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mfa_sync.graph.client import GraphClient
    from shared.clock import Clock, Deadline

_LOG = logging.getLogger(__name__)
_KEEP_SECONDS = 600
_FORBIDDEN, _NOT_FOUND = 403, 404


class Groups:
    """Answers who is in a group and who is privileged, from memory where it is young enough."""

    def __init__(self, client: GraphClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[str, tuple[float, frozenset[str] | None]] = {}

    async def members(self, setting: str, group_id: str, deadline: Deadline) -> frozenset[str]:
        """Return the object ids of all users in a group, at any depth, case folded.

        Raises:
            SettingsError: There is no such group; `setting` names it.
            PermanentError: We lack the right to read it: without it nobody's scope is known.
            TransientError: Graph cannot be reached.
        """

        async def read() -> frozenset[str]:
            path = f"/groups/{group_id}/transitiveMembers/microsoft.graph.user?$select=id&$top=999"
            try:
                return await self._ids(path, deadline)
            except GraphFault as fault:
                if fault.reply.status == _NOT_FOUND:
                    raise SettingsError((f"{setting}: there is no such group",)) from fault
                raise _refused(fault, f"the members of {setting}", "GroupMember.Read.All") from fault

        found = await self._once(setting, read)
        return found if found is not None else frozenset()

    async def privileged(self, deadline: Deadline) -> frozenset[str] | None:
        """Return who holds a directory role, or is in or over a role-assignable group; None: no right.

        Raises:
            PermanentError, TransientError: Graph cannot be reached or refuses a fresh token.
        """

        async def read() -> frozenset[str] | None:
            try:
                return await self._read_privileged(deadline)
            except GraphFault as fault:
                if fault.reply.status != _FORBIDDEN:
                    raise _refused(fault, "the directory roles", "RoleManagement.Read.Directory") from fault
                record(_LOG, logging.WARNING, Event.PRIVILEGED_UNREADABLE, reply=fault_of(fault.reply))
                return None

        return await self._once("privileged", read)

    async def _read_privileged(self, deadline: Deadline) -> frozenset[str]:
        holders, assignable = await asyncio.gather(
            self._ids(
                "/roleManagement/directory/roleAssignments?$select=principalId", deadline, "principalId"
            ),
            self._ids("/groups?$filter=isAssignableToRole%20eq%20true&$select=id", deadline),
        )
        people = await asyncio.gather(
            *(
                self._ids(f"/groups/{group}/{whom}", deadline)
                for group in assignable
                for whom in (
                    "transitiveMembers/microsoft.graph.user?$select=id&$top=999",
                    "owners?$select=id",
                )
            )
        )
        return holders.union(*people)

    async def _ids(self, path: str, deadline: Deadline, name: str = "id") -> frozenset[str]:
        found: set[str] = set()
        async for page in self._client.pages(path, deadline):
            found |= {_id(entry, name) for entry in page}
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


def _id(entry: dict[str, Any], name: str) -> str:
    return str(entry[name]).casefold()


def _refused(fault: GraphFault, what: str, permission: str) -> PermanentError:
    if fault.reply.status is None:  # our own deadline included: no right is missing
        raise unreachable(fault.reply)
    raise_if_dead([fault.reply])
    return PermanentError(
        Problem.GRAPH_REFUSED,
        f"Graph does not let us read {what}: {fault_of(fault.reply)}.",
        remedy=f"Consent to {permission}.",
    )
