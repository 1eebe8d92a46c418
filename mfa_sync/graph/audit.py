"""Whose phones others have changed, and who: what Entra's audit log shows, minutes later.

Source: Graph's "List directoryAudits" and Entra's "Audit log activity reference"; that some registrations
stand in Core Directory's "Update user" alone: Azure-Sentinel#4786. Entries hold old and new numbers; none is
looked at.

The log of a busy tenant is long, and may be read five times in ten seconds: it is read page by page. The
server's filter spares most of it, but was seen to find nothing, which looks like "nobody". So a filter is
believed only where it has just found its witness: an entry that was seen without it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec

from mfa_sync.graph.client import GraphClient
from mfa_sync.graph.reply import GraphFault
from shared.clock import Deadline
from shared.errors import PermanentError, TransientError

_LOG = "/auditLogs/directoryAudits?$top=999&$filter="
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

FILTERS: Mapping[str, str] = {
    "methods": "category eq 'UserManagement' and loggedByService eq 'Authentication Methods'",
    "updates": "activityDisplayName eq 'Update user'",
}
"""What together finds every change, each in a reading of its own. Shown with output in Entra PowerShell's
"Get-EntraAuditDirectoryLog"."""


class Told(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an entry tells of one user: no number.

    Attributes:
        user: Object id, case folded.
        by: Who changed it: "user", "admin", "app" or "unknown"; None: we.
        may_be_phone: Whether it does not say that it was another method.
        is_update: Whether Core Directory tells it, in the name of whoever wrote there for somebody.
        at: When, in seconds since 1970; None where it does not say.
        change: What entries of one change have in common.
    """

    user: str
    by: str | None
    may_be_phone: bool
    is_update: bool
    at: float | None
    change: str

    def is_of(self, other: Told) -> bool:
        """Return whether both tell the same change."""
        is_near = None not in {self.at, other.at} and abs((self.at or 0) - (other.at or 0)) <= _SAME_SECONDS
        return is_near or (bool(self.change) and self.change == other.change)


class Witness(msgspec.Struct, frozen=True):
    """An entry that was seen, and when it happened, in seconds since 1970: a filter that works finds it."""

    id: str
    at: float


class AuditPage(msgspec.Struct, frozen=True):
    """One page of the log.

    Attributes:
        told: What its entries tell.
        witnesses: For a filter's name, an entry that it must find.
        next_link: Where the log goes on; None at its end.
    """

    told: list[Told]
    witnesses: dict[str, Witness]
    next_link: str | None


def reading(since: datetime, until: datetime, only: str = "") -> str:
    """Return the link of the first page of a reading of the log.

    Args:
        since: From when on. Entries come late, so windows of two sweeps must overlap.
        until: Until when. Both are included, to the second.
        only: The name of a filter; without one, all that happened.
    """
    first, last = math.floor(since.timestamp()), math.ceil(until.timestamp())
    window = f"activityDateTime ge {_time(first)} and activityDateTime le {_time(last)}"
    return _LOG + quote(f"{window} and {FILTERS[only]}" if only else window, safe="':")


async def page(client: GraphClient, link: str, own: frozenset[str], deadline: Deadline) -> AuditPage | None:
    """Return one page of the log; None where a right, a role or the licence is missing.

    Args:
        client: Where to ask.
        link: What `reading`, or a page before this one, gave.
        own: What we are called: object ids, UPNs and app ids, case folded. The app's own writes are logged
            too.
        deadline: By when the answer is needed.

    Raises:
        PermanentError: Graph refuses the question as such.
        TransientError: Graph cannot be reached in this time.
    """
    try:
        found = await client.page(link, deadline)
    except GraphFault as fault:
        if fault.reply.status == HTTPStatus.FORBIDDEN:
            return None
        raise _refusal(fault) from fault
    told: list[Told] = []
    witnesses: dict[str, Witness] = {}
    for entry in found.value:
        told += _told(entry, own)
        witnesses = newest(witnesses, _witnesses(entry))
    return AuditPage(told, witnesses, found.next_link)


async def finds(client: GraphClient, witnesses: Mapping[str, Witness], deadline: Deadline) -> bool:
    """Return whether every filter finds its witness now: one call for each.

    Raises:
        TransientError: Graph cannot be reached in this time.
    """
    for name in FILTERS:
        witness = witnesses.get(name)
        if witness is None:
            return False
        at = datetime.fromtimestamp(witness.at, UTC)
        try:
            found = await client.page(reading(at, at, name), deadline)
        except GraphFault as fault:
            if fault.reply.is_for_later:
                raise _refusal(fault) from fault
            return False
        if witness.id not in {entry.get("id") for entry in found.value}:
            return False
    return True


def newest(some: Mapping[str, Witness], more: Mapping[str, Witness]) -> dict[str, Witness]:
    """Return of two entries for a filter the newer one: the log forgets what is old."""
    return {**some, **{name: one for name, one in more.items() if name not in some or one.at > some[name].at}}


def changed_by_others(told: Iterable[Told]) -> Mapping[str, Sequence[str]]:
    """Return whose authentication methods somebody else has changed.

    Args:
        told: What all entries of a time tell, in any order.

    Returns:
        By object id, case folded, who changed the phone: "user", "admin", "app", "unknown"; nobody where it
        was another method.
    """
    # What the methods' own service tells too, it tells better: there it stands who did it, we among them.
    better: defaultdict[str, list[Told]] = defaultdict(list)
    updates: list[Told] = []
    found: defaultdict[str, set[str]] = defaultdict(set)

    def take(one: Told) -> None:
        if one.by:
            found[one.user].update([one.by] if one.may_be_phone else [])

    for one in told:
        if one.is_update:
            updates.append(one)
        else:
            better[one.user].append(one)
            take(one)
    for one in updates:
        if not any(map(one.is_of, better.get(one.user, ()))):
            take(one)
    return {user: sorted(by) for user, by in found.items()}


def _refusal(fault: GraphFault) -> PermanentError | TransientError:
    return fault.refusal("the audit log", "AuditLog.Read.All", is_sweeps=True)


def _witnesses(entry: dict[str, Any]) -> dict[str, Witness]:
    """Return an entry for each filter that must find it, where it can be told from others."""
    name, moment = entry.get("id"), _moment(entry)
    if not isinstance(name, str) or moment is None:
        return {}
    found = {
        "methods": _text(entry, "loggedByService") == _SERVICE
        and _text(entry, "category") == "usermanagement",
        "updates": _text(entry, "activityDisplayName") == _UPDATE,
    }
    return {filter_: Witness(name, moment) for filter_, must in found.items() if must}


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
    around = timedelta(seconds=_AROUND)
    path = reading(at - around, at + around, "methods" if by_service else "")
    told: list[Told] = []
    async for entries in client.pages(path, deadline):
        for entry in entries:
            told += [one for one in _told(entry, own) if one.user == user_id.casefold() and not one.is_update]
    return any(one.by is None for one in told) if told else None


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _told(entry: dict[str, Any], own: frozenset[str]) -> Iterator[Told]:
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
        yield Told(_text(target, "id"), by, may_be_phone, is_update, _moment(entry), change)


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


def _moment(entry: dict[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(str(entry.get("activityDateTime"))).timestamp()
    except ValueError:
        return None


def _dicts(found: object) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    member = holder.get(name)
    return member if isinstance(member, dict) else {}


def _text(holder: dict[str, Any], name: str) -> str:
    member = holder.get(name)
    return member.casefold() if isinstance(member, str) else ""
