"""Single looks at a tenant, for the doctor: each asks little, writes nothing, and fails alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import NamedTuple

from mfa_sync.graph import audit, delta
from mfa_sync.graph.batch import SIZE, batch
from mfa_sync.graph.client import GraphClient, Request
from mfa_sync.graph.groups import Groups
from mfa_sync.graph.phone_methods import phone_methods_path, with_phones
from mfa_sync.graph.reply import GraphFault, unreachable
from mfa_sync.graph.users import users_page
from mfa_sync.sign_in.token import AccessToken
from shared.clock import Deadline
from shared.tenant import Observation, Privileged, User

_ANYTHING = "/users?$top=1&$select=id"
_NEWEST = "/auditLogs/directoryAudits?$top=1&$orderby=activityDateTime%20desc"
_POLICY = "/policies/authenticationMethodsPolicy"


class PhonesShown(NamedTuple):
    """How Graph answered for the phones of some people.

    Attributes:
        read: Of whom it told the methods.
        refused: Of whom it did not let us read them.
        whole: Who has a mobile phone that is shown whole.
        masked: Who has one that is not.
        seconds: How long the call took.
    """

    read: int
    refused: int
    whole: int
    masked: int
    seconds: float


class Looks:
    """Looks at the tenant, within one call's deadline. Each may raise a SyncError."""

    def __init__(self, client: GraphClient, groups: Groups, deadline: Deadline) -> None:
        self._client = client
        self._groups = groups
        self._deadline = deadline

    async def token(self) -> AccessToken:
        """Return the token that we work with."""
        return await self._client.token(self._deadline)

    async def clock_offset(self) -> float | None:
        """Return by how many seconds our clock is before Graph's; None where its answer names no time.

        Graph tells whole seconds, and half the call's duration is taken off.
        """
        clock = self._deadline.clock
        before = clock.monotonic()
        reply = await self._client.send(Request("GET", _ANYTHING), self._deadline)
        took = clock.monotonic() - before
        if reply.status is None:
            raise unreachable(reply)
        try:
            told = parsedate_to_datetime(reply.headers["date"])
        except (KeyError, ValueError):
            return None
        return (clock.now() - told).total_seconds() - took / 2

    async def first_users(self) -> tuple[list[User], bool]:
        """Return the first page of users, and whether there are more."""
        page = await users_page(self._client, None, self._deadline)
        return list(page.value), page.next_link is not None

    async def phones_of(self, users: Sequence[User]) -> PhonesShown | None:
        """Return how Graph shows the phones of the first twenty of these; None for nobody."""
        some = users[:SIZE]
        if not some:
            return None
        clock = self._deadline.clock
        before = clock.monotonic()
        asked = [Request("GET", phone_methods_path(user.id)) for user in some]
        replies = await batch(self._client, asked, self._deadline)
        seconds = clock.monotonic() - before
        seen = [with_phones(user, reply) for user, reply in zip(some, replies, strict=True)]
        mobiles = [one.phones.mobile for one in seen if isinstance(one, Observation)]
        masked = [mobile.is_masked for mobile in mobiles if mobile]
        refused = sum(reply.status == HTTPStatus.FORBIDDEN for reply in replies)
        return PhonesShown(len(mobiles), refused, masked.count(False), masked.count(True), seconds)

    async def group(self, setting: str, group_id: str) -> frozenset[str]:
        """Return who is in a configured group."""
        return await self._groups.members(setting, group_id, self._deadline) or frozenset()

    async def privileged(self) -> Privileged:
        """Return who is privileged, as far as it could be read."""
        return await self._groups.privileged(self._deadline)

    async def newest_entry(self) -> tuple[bool, datetime | None]:
        """Return whether we may read the audit log, and when its newest entry was made."""
        try:
            page = await self._client.page(_NEWEST, self._deadline)
        except GraphFault as fault:
            if fault.reply.status == HTTPStatus.FORBIDDEN:
                return False, None
            raise fault.refusal("the audit log", "AuditLog.Read.All", is_sweeps=True) from fault
        at = page.value[0].get("activityDateTime") if page.value else None
        try:
            return True, datetime.fromisoformat(str(at)) if at else None
        except ValueError:
            return True, None

    async def write_seen(
        self, user_id: str, at: datetime, own: frozenset[str], *, by_service: bool
    ) -> bool | None:
        """Return whether the audit log tells our write as ours; None: not at all, or no such filter."""
        try:
            return await audit.write_seen(
                self._client, user_id, at, own, self._deadline, by_service=by_service
            )
        except GraphFault as fault:
            if by_service and fault.reply.status == HTTPStatus.BAD_REQUEST:
                return None
            raise fault.refusal("the audit log", "AuditLog.Read.All", is_sweeps=True) from fault

    async def changes(self) -> None:
        """Ask for where changes are told from now on."""
        await delta.latest(self._client, self._deadline)

    async def methods_policy(self) -> Mapping[str, bool] | None:
        """Return which methods the tenant's policy lets people use, by id; None where we may not read it.

        Source: Graph "Get authenticationMethodsPolicy".
        """
        reply = await self._client.send(Request("GET", _POLICY), self._deadline)
        if reply.is_for_later:
            raise unreachable(reply)
        listed = (
            reply.body.get("authenticationMethodConfigurations") if isinstance(reply.body, dict) else None
        )
        if reply.status != HTTPStatus.OK or not isinstance(listed, list):
            return None
        return {str(one.get("id")): one.get("state") == "enabled" for one in listed if isinstance(one, dict)}
