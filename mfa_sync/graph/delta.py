"""Who changed in the directory since a link was given out (Graph's "user: delta" and "Delta query" pages).

Phones are not in it: authentication methods are no part of the user. For them there is the audit log. Nor is
it complete: users who were restored can be missing, which the next full sweep makes good.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from mfa_sync.graph.client import Page
from mfa_sync.graph.reply import GraphFault, id_of, unknown_shape
from mfa_sync.graph.users import DELTA_SELECT

if TYPE_CHECKING:
    from mfa_sync.graph.client import GraphClient
    from mfa_sync.graph.reply import Reply
    from shared.clock import Deadline

_LATEST = f"/users/delta?$select={DELTA_SELECT}&$deltatoken=latest"
# A token lives for seven days. The first name is that of 400; the second is one of those named for 410.
_EXPIRED = frozenset({"syncstatenotfound", "resyncrequired"})


class TokenGoneError(Exception):
    """Graph no longer knows the link: who changed since then is unknown, so everybody is to be looked at."""


async def latest(client: GraphClient, deadline: Deadline) -> str:
    """Return where a round begins that lists what changes from now on.

    Raises:
        PermanentError: We may not read changes.
        TransientError: Graph cannot be reached, or answers in an unknown shape.
    """
    link, found = _LATEST, None
    # It is promised at once; but each page of a delta query may be an empty one that goes on.
    while found is None:
        page = await changes_page(client, link, deadline)
        link, found = page.next_link or link, page.delta_link
    return found


async def changes_page(client: GraphClient, link: str, deadline: Deadline) -> Page[str]:
    """Return one page of who changed. Exactly one of its links is set.

    Args:
        client: Where to ask.
        link: A link that `latest` or an earlier page gave.
        deadline: By when the answer is needed.

    Returns:
        Object ids, case folded, each once on this page; the next pages and rounds may repeat them. The
        `delta_link` is to be kept only once the work of this round is done.

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
        raise fault.refusal("who changed", "User.Read.All", is_sweeps=True) from fault
    if (page.next_link is None) == (page.delta_link is None):
        raise unknown_shape()
    # Only for who is still there is there something to sync. The last word on each counts.
    is_there = {id_of(entry): "@removed" not in entry for entry in page.value}
    return Page([user_id for user_id, there in is_there.items() if there], page.next_link, page.delta_link)


def _is_expired(reply: Reply) -> bool:
    if reply.status == HTTPStatus.BAD_REQUEST:
        return not _EXPIRED.isdisjoint(code.casefold() for code in reply.error_codes())
    return reply.status == HTTPStatus.GONE
