"""The core's Tenant, spoken to through Microsoft Graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa_sync.graph.batch import Item, batch, raise_if_dead
from mfa_sync.graph.phone_methods import (
    fate_of,
    other_factors_of,
    phone_methods_of,
    phone_methods_path,
    write_item,
)
from mfa_sync.graph.reply import Reply, fault_of
from mfa_sync.graph.users import SELECT, user_of, user_path
from shared.codes import Code
from shared.errors import PermanentError, Problem
from shared.tenant import Absent, Change, Observation, ScopeSets, Unreadable, User, WriteAnswer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mfa_sync.graph.client import GraphClient
    from mfa_sync.graph.groups import Groups
    from mfa_sync.sign_in.token import AccessToken
    from shared.clock import Deadline

_OK, _FORBIDDEN, _NOT_FOUND, _THROTTLED = 200, 403, 404, 429
_FIRST_ANSWERS = 3
_METHODS = "UserAuthMethod-Phone.ReadWrite.All or UserAuthenticationMethod.ReadWrite.All"
_CONSENT = (
    f"Consent to {_METHODS} and give the service account the role Authentication Administrator or Privileged "
    "Authentication Administrator."
)
_GRANT = (
    f"Assign the app the application permission {_METHODS}. A token that is out already keeps its rights "
    "until it ends: a managed identity's for up to a day."
)


@dataclass(frozen=True, slots=True)
class GroupIds:
    """The groups that bound the scope; None where not configured."""

    scope: str | None
    exclude: str | None


class Reach:
    """Remembers what a token has ever been shown: then a refusal is that user's, and not a right of ours."""

    def __init__(self, *, app_only: bool = False) -> None:
        self._remedy = _GRANT if app_only else _CONSENT
        self._read_methods: AccessToken | None = None
        self._read_attributes: AccessToken | None = None

    def judge_methods(self, token: AccessToken, replies: Sequence[Reply]) -> None:
        """Take note of answers to reads of methods.

        Raises:
            PermanentError: Three or more first answers are all 403: the right is missing on our side.
        """
        if any(reply.status == _OK for reply in replies):
            self._read_methods = token
        refused = [reply for reply in replies if reply.status == _FORBIDDEN]
        if self._read_methods is token or len(refused) < max(_FIRST_ANSWERS, len(replies)):
            return
        raise PermanentError(
            Problem.GRAPH_REFUSED,
            f"Graph lets us read nobody's authentication methods: {fault_of(refused[0])}.",
            remedy=self._remedy,
        )

    def judge_attributes(self, token: AccessToken, users: Sequence[User]) -> None:
        """Take note of users that were read.

        Raises:
            PermanentError: Three or more first users all come without the attribute: absent is not empty.
        """
        if any(user.attribute is not Absent.NOT_RETURNED for user in users):
            self._read_attributes = token
        if self._read_attributes is token or len(users) < _FIRST_ANSWERS:
            return
        raise PermanentError(
            Problem.GRAPH_REFUSED,
            "Graph returns nobody's extension attributes; absent is not empty.",
            remedy="Consent to User.Read.All; User.ReadBasic.All does not show them.",
        )


class GraphTenant:
    """A tenant's users and phone methods, within the deadline of one call."""

    def __init__(
        self, client: GraphClient, groups: Groups, reach: Reach, bounds: GroupIds, deadline: Deadline
    ) -> None:
        self._client = client
        self._groups = groups
        self._reach = reach
        self._bounds = bounds
        self._deadline = deadline

    async def scope_sets(self) -> ScopeSets:
        """Return the members of the configured groups and our own identity. Errors as `Groups.members`."""
        scope, exclude = self._bounds.scope, self._bounds.exclude
        token = await self._client.token(self._deadline)
        return ScopeSets(
            await self._groups.members("SYNC_SCOPE_GROUP_ID", scope, self._deadline) if scope else None,
            await self._groups.members("EXCLUDE_GROUP_ID", exclude, self._deadline)
            if exclude
            else frozenset(),
            token.principals,
        )

    async def observe(self, keys: Collection[str]) -> Mapping[str, Observation | Unreadable]:
        """Return each user with phone methods: two reads a user, ten users a call."""
        order = list(keys)
        items = [
            Item("GET", path)
            for key in order
            for path in (f"{user_path(key)}?$select={SELECT}", phone_methods_path(key))
        ]
        token = await self._client.token(self._deadline)
        replies = await batch(self._client, items, self._deadline)
        raise_if_dead(replies)
        users, methods = replies[::2], replies[1::2]
        _refuse_if_no_user_readable(users)
        found = [reply for user, reply in zip(users, methods, strict=True) if user.status == _OK]
        self._reach.judge_methods(token, found)
        seen = {key: _sighting(user, method) for key, user, method in zip(order, users, methods, strict=True)}
        self._reach.judge_attributes(token, [one.user for one in seen.values() if one.user])
        return seen

    async def observe_listed(self, users: Sequence[User]) -> Mapping[str, Observation | Unreadable]:
        """Return, by object id, users whom a listing has just shown, with phone methods.

        One read a user, twenty a call: the listing carries the rest. Errors as `observe`.
        """
        token = await self._client.token(self._deadline)
        items = [Item("GET", phone_methods_path(user.id)) for user in users]
        replies = await batch(self._client, items, self._deadline)
        raise_if_dead(replies)
        self._reach.judge_methods(token, replies)
        self._reach.judge_attributes(token, users)
        return {user.id: _with_phones(user, reply) for user, reply in zip(users, replies, strict=True)}

    async def privileged_principals(self) -> frozenset[str] | None:
        """Return everybody with a directory role or the way to one. Errors as `Groups.privileged`."""
        return await self._groups.privileged(self._deadline)

    async def other_factors(self, user_ids: Collection[str]) -> Mapping[str, int | Unreadable]:
        """Return how many usable factors each user has besides the mobile phone: one read a user."""
        order = list(user_ids)
        items = [Item("GET", f"{user_path(user_id)}/authentication/methods") for user_id in order]
        replies = await batch(self._client, items, self._deadline)
        return {user_id: _factors(reply) for user_id, reply in zip(order, replies, strict=True)}

    async def pause(self, seconds: float) -> bool:
        """Let some time pass, and return True; return False at once if the call's time would not last."""
        if seconds >= self._deadline.remaining():
            return False
        await self._deadline.clock.sleep(seconds)
        return True

    async def write(self, changes: Sequence[Change]) -> Mapping[str, WriteAnswer]:
        """Carry out the changes, twenty a call.

        Raises:
            PermanentError, TransientError: Sign-in failed before anything was sent.
        """
        replies = await batch(self._client, [write_item(change) for change in changes], self._deadline)
        return {change.user_id: fate_of(reply) for change, reply in zip(changes, replies, strict=True)}


def _refuse_if_no_user_readable(replies: Sequence[Reply]) -> None:
    """Raise if every read of the directory is forbidden: a right of ours is missing, no user's fault."""
    if replies and all(reply.status == _FORBIDDEN for reply in replies):
        raise PermanentError(
            Problem.GRAPH_REFUSED,
            f"Graph lets us read nobody's directory entry: {fault_of(replies[0])}.",
            remedy="Consent to User.Read.All.",
        )


def _sighting(user_reply: Reply, methods_reply: Reply) -> Observation | Unreadable:
    if user_reply.status != _OK:
        return _unreadable(user_reply)
    if not _has(user_reply, "id"):
        return _shapeless(user_reply)
    return _with_phones(user_of(user_reply.body), methods_reply)


def _with_phones(user: User, methods_reply: Reply) -> Observation | Unreadable:
    if methods_reply.status != _OK:
        return _unreadable(methods_reply, user)
    if not _has(methods_reply, "value"):
        return _shapeless(methods_reply, user)
    return Observation(user, phone_methods_of(methods_reply.body))


def _factors(reply: Reply) -> int | Unreadable:
    if reply.status == _FORBIDDEN:
        return Unreadable(
            Code.TARGET_OUT_OF_REACH,
            "All methods are listed before a delete, and Graph does not let us: the right to read them "
            "(UserAuthenticationMethod.Read.All) is missing, or this user is out of reach. "
            f"LAST_FACTOR_GUARD=off does without. Graph: {reply.reference()}.",
        )
    if reply.status != _OK:
        return _unreadable(reply)
    return other_factors_of(reply.body) if _has(reply, "value") else _shapeless(reply)


def _has(reply: Reply, member: str) -> bool:
    kind = list if member == "value" else str
    return isinstance(reply.body, dict) and isinstance(reply.body.get(member), kind)


def _shapeless(reply: Reply, user: User | None = None) -> Unreadable:
    """Return that a success without the expected body tells nothing: it must not pass for "no phone"."""
    return Unreadable(Code.UNAVAILABLE, f"Graph: an answer of unknown shape ({reply.reference()}).", user)


def _unreadable(reply: Reply, user: User | None = None) -> Unreadable:
    if reply.status is None:
        return Unreadable(Code.TIMEOUT if reply.was_sent else Code.NOT_ATTEMPTED, reply.lack, user)
    codes = {
        _NOT_FOUND: Code.USER_NOT_FOUND,
        _FORBIDDEN: Code.TARGET_OUT_OF_REACH,
        _THROTTLED: Code.THROTTLED,
        400: Code.USER_NOT_FOUND,  # a key that Graph cannot even read names nobody
    }
    return Unreadable(codes.get(reply.status, Code.UNAVAILABLE), f"Graph: {reply.reference()}.", user)
