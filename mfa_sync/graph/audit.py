"""Whose phones others have changed: what Entra's audit log shows, minutes later.

Source: Graph's "List directoryAudits" and Entra's "Audit log activity reference". The server filters by time
alone: a filter by service was seen to find nothing. Entries hold old and new numbers; none is looked at.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mfa_sync.graph.reply import GraphFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mfa_sync.graph.client import GraphClient
    from shared.clock import Deadline

_SERVICE = "authentication methods"
# The kind of method stands in free text alone. So a change of another method counts as well: it costs one
# read, where a phone that was missed would stay changed until the next full sweep.
_CHANGES = frozenset(
    f"{who} {did} security info" for who in ("admin", "user") for did in ("registered", "updated", "deleted")
)
_NOT_DONE = "failure"


async def changed_by_others(
    client: GraphClient, since: datetime, until: datetime, own: frozenset[str], deadline: Deadline
) -> frozenset[str] | None:
    """Return whose authentication methods somebody else has changed.

    Args:
        client: Where to ask.
        since: From when on. Entries come late, so windows of two sweeps must overlap.
        until: Until when. Both are included, to the second.
        own: What we are called: object ids, UPNs and app ids, case folded. The app's own writes are logged
            too.
        deadline: By when the answer is needed.

    Returns:
        Object ids, case folded; None where a right, a role or the licence is missing.

    Raises:
        PermanentError: Graph refuses the question as such.
        TransientError: Graph cannot be reached, or the log of this time is too long for the deadline.
    """
    found: set[str] = set()
    first, last = math.floor(since.timestamp()), math.ceil(until.timestamp())
    path = (
        f"/auditLogs/directoryAudits?$top=999&$filter="
        f"activityDateTime%20ge%20{_time(first)}%20and%20activityDateTime%20le%20{_time(last)}"
    )
    try:
        async for page in client.pages(path, deadline):
            for entry in page:
                if _is_change(entry) and own.isdisjoint(_initiators(entry)):
                    found.update(_targets(entry))
    except GraphFault as fault:
        if fault.reply.status == HTTPStatus.FORBIDDEN:
            return None
        raise fault.refusal("the audit log", "AuditLog.Read.All", is_sweeps=True) from fault
    return frozenset(found)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_change(entry: dict[str, Any]) -> bool:
    """Return whether a method was changed. Only "failure" says no: a time-out may have taken effect."""
    service = _text(entry, "loggedByService")
    return (
        _text(entry, "activityDisplayName") in _CHANGES
        and service in {"", _SERVICE}
        and _text(entry, "result") != _NOT_DONE
    )


def _initiators(entry: dict[str, Any]) -> set[str]:
    """Return what the one who did it is called; empty where the log does not say.

    A signed-in person goes before the app that they used: others may sign in to ours.
    """
    by = _object(entry, "initiatedBy")
    user, app = _object(by, "user"), _object(by, "app")
    names = {_text(user, "id"), _text(user, "userPrincipalName")} - {""}
    return names or {_text(app, "appId"), _text(app, "servicePrincipalId")} - {""}


def _targets(entry: dict[str, Any]) -> Iterator[str]:
    resources = entry.get("targetResources")
    for target in resources if isinstance(resources, list) else []:
        if isinstance(target, dict) and _text(target, "type") in {"", "user"} and _text(target, "id"):
            yield _text(target, "id")


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    member = holder.get(name)
    return member if isinstance(member, dict) else {}


def _text(holder: dict[str, Any], name: str) -> str:
    member = holder.get(name)
    return member.casefold() if isinstance(member, str) else ""
