"""Who changed in the directory since a link was given out (Graph's "user: delta" and "Delta query" pages).

It never tells of a phone: authentication methods are no part of the user. For them there is the audit log.
Nor is it complete: users who were restored can be missing, which the next full sweep makes good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mfa_sync.graph.client import refusal, unknown_shape
from mfa_sync.graph.reply import GraphFault
from mfa_sync.graph.users import DELTA_SELECT

if TYPE_CHECKING:
    from mfa_sync.graph.client import GraphClient, Page
    from mfa_sync.graph.reply import Reply
    from shared.clock import Deadline

_LATEST = f"/users/delta?$select={DELTA_SELECT}&$deltatoken=latest"
_BAD_REQUEST, _GONE = 400, 410
# A token lives for seven days. The first name is that of 400; the second is one of those named for 410.
_EXPIRED = frozenset({"syncstatenotfound", "resyncrequired"})


class TokenGoneError(Exception):
    """Graph no longer knows the link: who changed since then is unknown, so everybody is to be looked at."""


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Some of those who changed. Exactly one of the links is set.

    Attributes:
        ids: Object ids, case folded, each once on this page; the next pages and rounds may repeat them.
        next_link: What `changes_page` takes for the page that follows.
        delta_link: Where the next round begins. To be kept only once the work of this round is.
    """

    ids: list[str]
    next_link: str | None
    delta_link: str | None


async def latest(client: GraphClient, deadline: Deadline) -> str:
    """Return where a round begins that tells what changes from now on.

    Raises:
        PermanentError, TransientError: As `changes_page`.
    """
    link, found = _LATEST, None
    # It is promised at once; but each page of a delta query may be an empty one that goes on.
    while found is None:
        page = await changes_page(client, link, deadline)
        link, found = page.next_link or link, page.delta_link
    return found


async def changes_page(client: GraphClient, link: str, deadline: Deadline) -> ChangesPage:
    """Return one page of who changed.

    Args:
        client: Where to ask.
        link: A link that `latest` or an earlier page gave.
        deadline: By when the answer is needed.

    Raises:
        TokenGoneError: The link is too old.
        PermanentError: We may not read changes, or the link leads elsewhere than to GRAPH_URL.
        TransientError: Graph cannot be reached, or answers in an unknown shape.
    """
    try:
        page = await client.page(link, deadline)
    except GraphFault as fault:
        if _is_expired(fault.reply):
            raise TokenGoneError(str(fault)) from fault
        raise refusal(fault, "who changed", "Consent to User.Read.All.") from fault
    if (page.next_link is None) == (page.delta_link is None):
        raise unknown_shape()
    return ChangesPage(_ids(page), page.next_link, page.delta_link)


def _ids(page: Page) -> list[str]:
    """Return whom there is something to sync for. The last word on each counts."""
    there: dict[str, bool] = {}
    for entry in page.value:
        user_id = entry.get("id")
        if not isinstance(user_id, str):
            raise unknown_shape()
        there[user_id.casefold()] = "@removed" not in entry
    return [user_id for user_id, is_there in there.items() if is_there]


def _is_expired(reply: Reply) -> bool:
    return reply.status == _GONE or (reply.status == _BAD_REQUEST and not _EXPIRED.isdisjoint(_codes(reply)))


def _codes(reply: Reply) -> set[str]:
    """Return the codes of an error and of what it names as its inner one, case folded."""
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    codes = set()
    while isinstance(error, dict):
        codes.add(str(error.get("code")).casefold())
        error = _inner(error)
    return codes


def _inner(error: dict[str, Any]) -> Any:
    return error.get("innerError") or error.get("innererror")
