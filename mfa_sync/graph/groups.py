"""Sets of people: the members of groups, and who is privileged. Read whole and kept for some minutes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from mfa_sync.graph.batch import batch
from mfa_sync.graph.client import GraphClient, Request
from mfa_sync.graph.privileged import read_privileged
from mfa_sync.graph.reply import GraphFault, id_of
from shared.clock import Clock, Deadline
from shared.errors import SettingsError
from shared.tenant import Privileged

_KEEP_SECONDS = 600
_SEES_HIDDEN = "Member.Read.Hidden"
_MEMBERS = "transitiveMembers/microsoft.graph.user?$select=id&$top=999"


class Groups:
    """Knows who is in a group and who is privileged, from memory where it is young enough."""

    def __init__(self, client: GraphClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[str, tuple[float, float, object]] = {}

    def forget(self, before: float) -> None:
        """Forget what was read before a moment, in seconds since 1970: what begins then begins afresh."""
        self._kept = {name: one for name, one in self._kept.items() if one[1] >= before}

    async def members(self, setting: str, group_id: str | None, deadline: Deadline) -> frozenset[str] | None:
        """Return the object ids of all users in a group, at any depth, case folded; None: none is set.

        Raises:
            SettingsError: There is no such group, or it hides its members; `setting` names it.
            PermanentError: We lack the right to read it: without it nobody's scope is known.
            TransientError: Graph cannot be reached.
        """
        if not group_id:
            return None

        async def read() -> frozenset[str]:
            try:
                await self._refuse_hidden(setting, group_id, deadline)
                return await self._ids(f"/groups/{group_id}/{_MEMBERS}", deadline)
            except GraphFault as fault:
                if fault.reply.status == HTTPStatus.NOT_FOUND:
                    raise SettingsError((f"{setting}: there is no such group",)) from fault
                raise fault.refusal(f"the members of {setting}", "GroupMember.Read.All") from fault

        return await self._once(setting, read)

    async def privileged(self, deadline: Deadline) -> Privileged:
        """Return who is privileged, as far as it could be read.

        Raises:
            PermanentError, TransientError: Graph cannot be reached or refuses a fresh token.
        """
        return await self._once("privileged", lambda: read_privileged(self._client, deadline))

    async def _refuse_hidden(self, setting: str, group_id: str, deadline: Deadline) -> None:
        """Refuse a group that hides its members from us, or holds one that does: Graph just leaves them out.

        Source: Graph's "List group transitive members".
        """
        if _SEES_HIDDEN in (await self._client.token(deadline)).rights:
            return
        nested = f"/groups/{group_id}/transitiveMembers/microsoft.graph.group?$select=id,visibility&$top=999"
        asked = [Request("GET", path) for path in (f"/groups/{group_id}?$select=id,visibility", nested)]
        itself, inside = await batch(self._client, asked, deadline)
        for reply in (itself, inside):
            if reply.is_for_later or (reply is itself and reply.status != HTTPStatus.OK):
                raise GraphFault(reply)
        if any(
            one.get("visibility") == "HiddenMembership" for one in (itself.body, *(inside.objects() or ()))
        ):
            hint = f"grant {_SEES_HIDDEN}, or name another group"
            raise SettingsError((f"{setting}: it, or a group in it, hides its members: {hint}",))

    async def _ids(self, path: str, deadline: Deadline) -> frozenset[str]:
        found: set[str] = set()
        async for page in self._client.pages(path, deadline):
            found.update(id_of(entry) for entry in page)
        return frozenset(found)

    async def _once[T](self, name: str, read: Callable[[], Awaitable[T]]) -> T:
        kept = self._kept.get(name)
        if kept and kept[0] > self._clock.monotonic():
            return cast("T", kept[2])
        began = self._clock.now().timestamp()
        found = await read()
        self._kept[name] = (self._clock.monotonic() + _KEEP_SECONDS, began, found)
        return found
