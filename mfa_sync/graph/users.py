"""Users on the wire: how a key becomes a path, an answer a User, and everybody a row of pages.

Source: Graph's "Get a user" and "List users" pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote

from mfa_sync.graph.batch import batch
from mfa_sync.graph.client import GraphClient, Page, Request
from mfa_sync.graph.reply import GraphFault, unknown_shape
from shared.clock import Deadline
from shared.tenant import Absent, User

# Without $select the extension attributes are not in the answer.
SELECT = (
    "id,userPrincipalName,accountEnabled,userType,usageLocation,"
    "onPremisesSyncEnabled,onPremisesLastSyncDateTime,onPremisesExtensionAttributes"
)
# 999 is the most that Graph lists at once.
_EVERYBODY = f"/users?$top=999&$select={SELECT}"
# What decides who is ours; and how many ids one filter may name (Graph's "$filter" page).
_SCOPE_SELECT = "id,userPrincipalName,accountEnabled,userType,onPremisesSyncEnabled"
_MOST_IDS = 15
# Whose change matters to us. The time of the last synchronisation is none: it would be changed each time.
DELTA_SELECT = (
    "id,accountEnabled,userType,usageLocation,"
    "onPremisesSyncEnabled,onPremisesExtensionAttributes,userPrincipalName"
)


def user_path(key: str) -> str:
    """Return `/users/…` for a UPN or object id, escaped.

    A UPN that begins with `$` needs the quoted form; in it an apostrophe is doubled first. Everything else
    goes as one percent-encoded segment: `#EXT#` would cut the URL short.
    """
    if key.startswith("$"):
        doubled = key.replace("'", "''")
        return f"/users('{quote(doubled, safe='@')}')"
    return f"/users/{quote(key, safe='@')}"


async def users_page(client: GraphClient, link: str | None, deadline: Deadline) -> Page[User]:
    """Return one page of everybody in the directory, so that a run can stop between two pages.

    Args:
        client: Where to ask.
        link: The former page's `next_link`; None for the first page.
        deadline: By when the answer is needed.

    Raises:
        PermanentError: We may not list users, Graph does not know the link (any more), or it leads elsewhere.
        TransientError: Graph cannot be reached, or answers in an unknown shape.
    """
    try:
        page = await client.page(link or _EVERYBODY, deadline)
    except GraphFault as fault:
        raise fault.refusal("the list of users", "User.Read.All", is_sweeps=True) from fault
    users = [user for entry in page.value if (user := user_of(entry))]
    if len(users) < len(page.value):
        raise unknown_shape()
    return Page(users, page.next_link)


async def users_by_id(client: GraphClient, ids: Sequence[str], deadline: Deadline) -> list[User]:
    """Return those of the people who are there, without their attributes: three hundred a call.

    Args:
        client: Where to ask.
        ids: Object ids.
        deadline: By when the answer is needed.

    Raises:
        PermanentError: We may not list users.
        TransientError: Graph cannot be reached, or answers in an unknown shape.
    """
    starts = range(0, len(ids), _MOST_IDS)
    paths = [_named(ids[start : start + _MOST_IDS]) for start in starts]
    users: list[User] = []
    for reply in await batch(client, [Request("GET", path) for path in paths], deadline):
        entries = reply.objects()
        if entries is None:
            raise GraphFault(reply).refusal("the list of users", "User.Read.All", is_sweeps=True)
        found = [user for entry in entries if (user := user_of(entry))]
        if len(found) < len(entries):
            raise unknown_shape()
        users += found
    return users


def _named(ids: Sequence[str]) -> str:
    listed = quote(",".join(f"'{one}'" for one in ids), safe="',-")
    return f"/users?$filter=id%20in%20({listed})&$select={_SCOPE_SELECT}"


def user_of(body: Any) -> User | None:
    """Return the user that a Graph object describes; None where it describes none."""
    if not (isinstance(body, dict) and isinstance(body.get("id"), str)):
        return None
    return User(
        id=body["id"],
        user_principal_name=body.get("userPrincipalName") or "",
        is_guest=body.get("userType") == "Guest",
        is_synced=body.get("onPremisesSyncEnabled") is True,
        account_enabled=body.get("accountEnabled"),
        usage_location=body.get("usageLocation"),
        synced_at=body.get("onPremisesLastSyncDateTime"),
        attribute=_attribute(body),
    )


def _attribute(body: dict[str, Any]) -> str | Literal[Absent.NOT_RETURNED] | None:
    attributes = body.get("onPremisesExtensionAttributes")
    if not isinstance(attributes, dict) or "extensionAttribute15" not in attributes:
        return Absent.NOT_RETURNED
    value = attributes["extensionAttribute15"]
    # Anything else than text or null is none of the shapes that mean "empty".
    return value if value is None or isinstance(value, str) else Absent.NOT_RETURNED
