"""The core's Tenant, spoken to through Microsoft Graph, within the deadline of one call.

1. `scope_sets`: who is in scope by group, and who we are.
2. `observe`: each user with phone methods.
3. `privileged_principals`: whom nobody but their like may touch.
4. `other_factors`: what a delete would leave.
5. `write`: the changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import NamedTuple

from mfa_sync.graph.batch import batch
from mfa_sync.graph.client import GraphClient, Request
from mfa_sync.graph.groups import Groups
from mfa_sync.graph.pace import Service
from mfa_sync.graph.phone_methods import (
    all_methods_path,
    fate_of,
    is_not_there_yet,
    other_factors_of,
    phone_methods_path,
    with_phones,
    write_request,
)
from mfa_sync.graph.reach import Reach, raise_if_nobody_readable
from mfa_sync.graph.reply import Reply, raise_if_dead, unreadable
from mfa_sync.graph.users import SELECT, user_of, user_path
from shared.clock import Deadline
from shared.errors import SyncError
from shared.facts import Facts, FactSource
from shared.phone_delivery import PhoneDelivery
from shared.tenant import Change, Observation, Privileged, ScopeSets, Unreadable, User, WriteAnswer


class Decided(NamedTuple):
    """What the settings say of the tenant.

    Attributes:
        scope: The group whose members are in scope; None: everybody is.
        exclude: The group whose members are not; None: nobody.
        delivery: By whom texts and calls are delivered.
    """

    scope: str | None
    exclude: str | None
    delivery: PhoneDelivery


# Seconds before each further look at somebody whose methods are not there yet. No figure is published.
_NEW_USERS_WAITS = (1.0, 2.0, 4.0, 8.0)


class GraphTenant:
    """A tenant's users and phone methods."""

    def __init__(
        self,
        client: GraphClient,
        groups: Groups,
        reach: Reach,
        deadline: Deadline,
        decided: Decided,
        facts: FactSource,
    ) -> None:
        self._client = client
        self._groups = groups
        self._reach = reach
        self._deadline = deadline
        self._scope, self._exclude, self._delivery = decided
        self._facts = facts

    async def scope_sets(self) -> ScopeSets:
        """Return the members of the configured groups and our own identity.

        Raises:
            SettingsError: A configured group does not exist.
            PermanentError: We lack the right to read its members.
            TransientError: Graph cannot be reached.
        """
        token = await self._client.token(self._deadline)
        members = await self._groups.members("SYNC_SCOPE_GROUP_ID", self._scope, self._deadline)
        excluded = await self._groups.members("EXCLUDE_GROUP_ID", self._exclude, self._deadline)
        return ScopeSets(members, excluded or frozenset(), token.principals)

    async def observe(self, keys: Collection[str]) -> Mapping[str, Observation | Unreadable]:
        """Return, by key, each user with phone methods: two reads a user, ten users a call.

        Raises:
            PermanentError: We lack a right, so that nobody can be read.
            TransientError: No answer came from a working Graph.
        """
        keys = list(keys)
        token = await self._client.token(self._deadline)
        await self._known()
        users, methods = await self._pairs(keys)
        raise_if_dead([*users, *methods])
        raise_if_nobody_readable(users)
        seen = {key: _seen(*pair) for key, *pair in zip(keys, users, methods, strict=True)}
        answered = [found for user, found in zip(users, methods, strict=True) if user.status == HTTPStatus.OK]
        self._reach.judge(token, answered, [one.user for one in seen.values() if one.user])
        return seen | await self._look_again(_not_there_yet(keys, users, methods))

    async def observe_listed(self, users: Sequence[User]) -> Mapping[str, Observation | Unreadable]:
        """Return, by object id, users whom a listing has just shown, with phone methods.

        One read a user, twenty a call: the listing carries the rest.

        Raises:
            PermanentError: We lack a right, so that nobody can be read.
            TransientError: No answer came from a working Graph.
        """
        token = await self._client.token(self._deadline)
        await self._known()
        replies = await self._read([phone_methods_path(user.id) for user in users])
        raise_if_dead(replies)
        self._reach.judge(token, replies, users)
        seen = {user.id: with_phones(user, reply) for user, reply in zip(users, replies, strict=True)}
        absent = [user.id for user, reply in zip(users, replies, strict=True) if is_not_there_yet(reply)]
        again = await self._look_again(absent)
        for user in users:  # the row has a name, whatever became of the user
            if isinstance(gone := again.get(user.id), Unreadable) and gone.user is None:
                again[user.id] = replace(gone, user=user)
        return seen | again

    async def privileged_principals(self) -> Privileged:
        """Return who is privileged; all of them are known too where Entra keeps us from whoever is not.

        Raises:
            PermanentError, TransientError: Graph cannot be reached or refuses a fresh token.
        """
        read = await self._groups.privileged(self._deadline)
        token = await self._client.token(self._deadline)
        return replace(read, are_all=read.are_all or token.stops_at_administrators)

    async def other_factors(self, user_ids: Collection[str]) -> Mapping[str, int | Unreadable]:
        """Return how many usable factors each user has besides the mobile phone: one read a user."""
        user_ids = list(user_ids)
        replies = await self._read([all_methods_path(user_id) for user_id in user_ids])
        phones = self._delivery.reaches_phones(self._deadline.clock.now())
        return {
            user_id: other_factors_of(reply, phones=phones)
            for user_id, reply in zip(user_ids, replies, strict=True)
        }

    async def write(self, changes: Sequence[Change]) -> Mapping[str, WriteAnswer]:
        """Carry out the changes, twenty a call.

        Raises:
            PermanentError, TransientError: Sign-in failed before anything was sent.
        """
        facts = await self._known()
        replies = await batch(self._client, [write_request(change) for change in changes], self._deadline)
        return {change.user_id: fate_of(reply, facts) for change, reply in zip(changes, replies, strict=True)}

    async def patience(self) -> Sequence[float]:
        """Return the seconds before each look at what a doubtful write did."""
        return (await self._known()).patience

    async def pause(self, seconds: float) -> bool:
        """Let some time pass, and return True; return False at once if the call's time would not last."""
        if seconds >= self._deadline.remaining():
            return False
        await self._deadline.clock.sleep(seconds)
        return True

    async def _known(self) -> Facts:
        """Return what was found out about the tenant, its pace taken note of."""
        facts = await self._facts.known()
        self._client.pace.expect(Service.METHODS, facts.methods_limit)
        return facts

    async def _look_again(self, keys: list[str]) -> dict[str, Observation | Unreadable]:
        """Return what is seen of users whose methods were not there yet, as far as the call's time allows."""
        seen: dict[str, Observation | Unreadable] = {}
        for wait in _NEW_USERS_WAITS:
            if not keys or not await self.pause(wait):
                break
            try:
                users, methods = await self._pairs(keys)
            except SyncError:
                break  # what was seen of the others stands
            seen |= {key: _seen(*pair) for key, *pair in zip(keys, users, methods, strict=True)}
            keys = _not_there_yet(keys, users, methods)
        return seen

    async def _pairs(self, keys: Sequence[str]) -> tuple[list[Reply], list[Reply]]:
        """Return the replies about users, and about their phone methods."""
        paths = [
            path for key in keys for path in (f"{user_path(key)}?$select={SELECT}", phone_methods_path(key))
        ]
        replies = await self._read(paths)
        return replies[::2], replies[1::2]

    async def _read(self, paths: Sequence[str]) -> list[Reply]:
        return await batch(self._client, [Request("GET", path) for path in paths], self._deadline)


def _not_there_yet(keys: Sequence[str], users: Sequence[Reply], methods: Sequence[Reply]) -> list[str]:
    return [
        key
        for key, user, found in zip(keys, users, methods, strict=True)
        if user.status == HTTPStatus.OK and is_not_there_yet(found)
    ]


def _seen(user_reply: Reply, methods_reply: Reply) -> Observation | Unreadable:
    user = user_of(user_reply.body) if user_reply.status == HTTPStatus.OK else None
    return with_phones(user, methods_reply) if user else unreadable(user_reply)
