"""Whose phones others have changed, and who: what Entra's audit log shows, minutes later.

Source: Graph's "List directoryAudits" and Entra's "Audit log activity reference"; that some registrations
stand in Core Directory's "Update user" alone: Azure-Sentinel#4786. The server filters by time alone: a filter
by service was seen to find nothing. Entries hold old and new numbers; none is looked at.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from mfa_sync.graph.client import GraphClient
from mfa_sync.graph.reply import GraphFault
from shared.clock import Deadline

_SERVICE, _DIRECTORY = "authentication methods", "core directory"
# The kind of method stands in free text alone. So a change of another method counts as well: it costs one
# read, where a phone that was missed would stay changed until the next full sweep.
_CHANGES = frozenset(
    f"{who} {did} security info" for who in ("admin", "user") for did in ("registered", "updated", "deleted")
)
_UPDATE, _STRONG, _APP_OF_PHONE = "update user", "strongauthentication", "phoneapp"
_OF_OTHER_METHODS = ("authenticator", "office phone", "alternate")
_NOT_DONE = "failure"
# Two services tell one change within so many seconds of each other.
_SAME_SECONDS = 5.0
# The log's time of a write may differ from ours by as much.
_AROUND = 30.0


@dataclass(frozen=True, slots=True)
class _Told:
    """What an entry tells of one user.

    Attributes:
        user: Object id, case folded.
        by: Who changed it: "user", "admin", "app" or "unknown"; None: we.
        may_be_phone: Whether it does not say that it was another method.
        is_update: Whether Core Directory tells it, in the name of whoever wrote there for somebody.
        at: When, in seconds since 1970; NaN where it does not say.
        change: What entries of one change have in common.
    """

    user: str
    by: str | None
    may_be_phone: bool
    is_update: bool
    at: float
    change: str

    def is_of(self, other: _Told) -> bool:
        """Return whether both tell the same change."""
        return abs(self.at - other.at) <= _SAME_SECONDS or (bool(self.change) and self.change == other.change)


async def changed_by_others(
    client: GraphClient, since: datetime, until: datetime, own: frozenset[str], deadline: Deadline
) -> Mapping[str, Sequence[str]] | None:
    """Return whose authentication methods somebody else has changed.

    Args:
        client: Where to ask.
        since: From when on. Entries come late, so windows of two sweeps must overlap.
        until: Until when. Both are included, to the second.
        own: What we are called: object ids, UPNs and app ids, case folded. The app's own writes are logged
            too.
        deadline: By when the answer is needed.

    Returns:
        By object id, case folded, who changed the phone: "user", "admin", "app", "unknown"; nobody where it
        was another method. None where a right, a role or the licence is missing.

    Raises:
        PermanentError: Graph refuses the question as such.
        TransientError: Graph cannot be reached, or the log of this time is too long for the deadline.
    """
    told: list[_Told] = []
    first, last = math.floor(since.timestamp()), math.ceil(until.timestamp())
    path = (
        f"/auditLogs/directoryAudits?$top=999&$filter="
        f"activityDateTime%20ge%20{_time(first)}%20and%20activityDateTime%20le%20{_time(last)}"
    )
    try:
        async for page in client.pages(path, deadline):
            for entry in page:
                told += _told(entry, own)
    except GraphFault as fault:
        if fault.reply.status == HTTPStatus.FORBIDDEN:
            return None
        raise fault.refusal("the audit log", "AuditLog.Read.All", is_sweeps=True) from fault
    # What the methods' own service tells too, it tells better: there it stands who did it, we among them.
    better: defaultdict[str, list[_Told]] = defaultdict(list)
    for one in told:
        if not one.is_update:
            better[one.user].append(one)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one in told:
        if one.by and not (one.is_update and any(map(one.is_of, better[one.user]))):
            found[one.user].update([one.by] if one.may_be_phone else [])
    return {user: sorted(by) for user, by in found.items()}


# A filter by category and service, as Entra PowerShell's Get-EntraAuditDirectoryLog shows it with output: for
# whoever knows that it works here (`Facts.audit_filter`); Core Directory's entries are outside of it.
BY_SERVICE = "category%20eq%20'UserManagement'%20and%20loggedByService%20eq%20'Authentication%20Methods'"


async def write_seen(
    client: GraphClient,
    user_id: str,
    at: datetime,
    own: frozenset[str],
    deadline: Deadline,
    *,
    by_service: bool,
) -> bool | None:
    """Return whether the log tells a write of ours, made about then to one user, as ours; None: not at all.

    Args:
        client: Where to ask.
        user_id: Whose phone was written.
        at: When.
        own: What we are called, case folded.
        deadline: By when the answer is needed.
        by_service: Whether the server filters by service too.

    Raises:
        GraphFault: The log may not be read, or the filter is refused.
        SyncError: Graph cannot be reached.
    """
    first, last = math.floor(at.timestamp() - _AROUND), math.ceil(at.timestamp() + _AROUND)
    path = (
        f"/auditLogs/directoryAudits?$top=999&$filter="
        f"activityDateTime%20ge%20{_time(first)}%20and%20activityDateTime%20le%20{_time(last)}"
        f"{f'%20and%20{BY_SERVICE}' if by_service else ''}"
    )
    told: list[_Told] = []
    async for page in client.pages(path, deadline):
        for entry in page:
            told += [one for one in _told(entry, own) if one.user == user_id.casefold() and not one.is_update]
    return any(one.by is None for one in told) if told else None


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _told(entry: dict[str, Any], own: frozenset[str]) -> Iterator[_Told]:
    """Yield what an entry tells. Only "failure" says that nothing was done: a time-out may have done it."""
    activity, service = _text(entry, "activityDisplayName"), _text(entry, "loggedByService")
    is_update = activity == _UPDATE and service in {"", _DIRECTORY}
    is_change = is_update or (activity in _CHANGES and service in {"", _SERVICE})
    if not is_change or _text(entry, "result") == _NOT_DONE:
        return
    reason, names, change = _text(entry, "resultReason"), _initiators(entry), _text(entry, "correlationId")
    may_be_phone = not reason or ("phone" in reason and not any(one in reason for one in _OF_OTHER_METHODS))
    for target in _targets(entry):
        if is_update:
            changed = _changed_properties(target)
            if not any(_STRONG in name for name in changed):
                continue
            may_be_phone = any(_STRONG in name and _APP_OF_PHONE not in name for name in changed)
        by = _kind(entry, names, target) if own.isdisjoint(names) else None
        yield _Told(_text(target, "id"), by, may_be_phone, is_update, _moment(entry), change)


def _kind(entry: dict[str, Any], names: set[str], target: dict[str, Any]) -> str:
    by = _object(entry, "initiatedBy")
    if names & {_text(target, "id"), _text(target, "userPrincipalName")}:
        return "user"
    if names:
        return "admin" if names & _names(_object(by, "user"), "id", "userPrincipalName") else "app"
    first = _text(entry, "activityDisplayName").partition(" ")[0]
    return first if first in {"user", "admin"} else "unknown"


def _initiators(entry: dict[str, Any]) -> set[str]:
    """Return what the one who did it is called; empty where the log does not say.

    A signed-in person goes before the app that they used: others may sign in to ours.
    """
    by = _object(entry, "initiatedBy")
    return _names(_object(by, "user"), "id", "userPrincipalName") or _names(
        _object(by, "app"), "appId", "servicePrincipalId"
    )


def _names(holder: dict[str, Any], *names: str) -> set[str]:
    return {_text(holder, name) for name in names} - {""}


def _targets(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for target in _dicts(entry.get("targetResources")):
        if _text(target, "type") in {"", "user"} and _text(target, "id"):
            yield target


def _changed_properties(target: dict[str, Any]) -> list[str]:
    """Return the names of a user's changed properties; one row of them may list those of several."""
    rows = _dicts(target.get("modifiedProperties"))
    listed = [_text(row, "newValue") for row in rows if "included" in _text(row, "displayName")]
    return [_text(row, "displayName") for row in rows] + [name for text in listed for name in text.split(",")]


def _moment(entry: dict[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(entry.get("activityDateTime"))).timestamp()
    except ValueError:
        return math.nan


def _dicts(found: object) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    member = holder.get(name)
    return member if isinstance(member, dict) else {}


def _text(holder: dict[str, Any], name: str) -> str:
    member = holder.get(name)
    return member.casefold() if isinstance(member, str) else ""
