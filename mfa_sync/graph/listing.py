"""Everybody in the directory, page by page, so that a run can stop between two pages.

Source: Graph's "List users" and "Paging" pages. A nextLink is opaque and followed as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa_sync.graph.client import refusal, unknown_shape
from mfa_sync.graph.reply import GraphFault
from mfa_sync.graph.users import SELECT, user_of

if TYPE_CHECKING:
    from mfa_sync.graph.client import GraphClient
    from shared.clock import Deadline
    from shared.tenant import User

# 999 is the most that Graph takes.
_FIRST = f"/users?$top=999&$select={SELECT}"


@dataclass(frozen=True, slots=True)
class UsersPage:
    """Some users.

    Attributes:
        users: As the directory describes them; perhaps nobody, though pages follow.
        next_link: What `users_page` takes for the page that follows; None at the end.
    """

    users: list[User]
    next_link: str | None


async def users_page(client: GraphClient, link: str | None, deadline: Deadline) -> UsersPage:
    """Return one page of everybody.

    Args:
        client: Where to ask.
        link: The former page's `next_link`; None for the first page.
        deadline: By when the answer is needed.

    Raises:
        PermanentError: We may not list users, Graph does not know the link (any more), or it leads elsewhere.
        TransientError: Graph cannot be reached, or answers in an unknown shape.
    """
    try:
        page = await client.page(link or _FIRST, deadline)
    except GraphFault as fault:
        raise refusal(fault, "the list of users", "Consent to User.Read.All.") from fault
    if not all(isinstance(user.get("id"), str) for user in page.value):
        raise unknown_shape()
    return UsersPage([user_of(user) for user in page.value], page.next_link)
