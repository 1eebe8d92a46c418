"""Who has registered which methods: Graph's report, page by page.

Source: Graph's "List userRegistrationDetails" (v1.0). Disabled accounts are not in it, nor is any number; how
old its rows are is not published. It takes a P1 licence: without one 403 was seen
(microsoft-graph-docs-contrib#8777), at times also in tenants that have one (#3808).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from mfa_sync.graph.client import GraphClient, Page
from mfa_sync.graph.reply import GraphFault, id_of, unknown_shape
from shared.clock import Deadline
from shared.errors import PermanentError, Problem
from shared.readiness import Readiness, readiness_of

# The page names no `$top`; public tools ask so, and are given pages of that size.
_REPORT = "/reports/authenticationMethods/userRegistrationDetails?$top=999"
_WORD = re.compile(r"[A-Za-z0-9]{1,40}")
_REMEDY = (
    "Consent to AuditLog.Read.All; with GRAPH_AUTH=ropc the service account needs Reports Reader too. The "
    "tenant needs Entra ID P1. After a change, or if all of this is so, begin the run again."
)


@dataclass(frozen=True, slots=True)
class Registration:
    """What the report says of one person.

    Attributes:
        user_id: Object id, case folded.
        methods: What is registered, in Graph's words.
        is_admin: Whether the person holds a directory role.
        readiness: What that comes to.
    """

    user_id: str
    methods: tuple[str, ...]
    is_admin: bool
    readiness: Readiness


async def registrations_page(client: GraphClient, link: str | None, deadline: Deadline) -> Page[Registration]:
    """Return one page of the report.

    Args:
        client: Where to ask.
        link: The former page's `next_link`; None for the first page.
        deadline: By when the answer is needed.

    Raises:
        PermanentError: A right, a role or the licence is missing, or Graph does not know the link (any more).
        TransientError: Graph cannot be reached, or answers in an unknown shape.
    """
    try:
        page = await client.page(link or _REPORT, deadline)
    except GraphFault as fault:
        what = "who has registered which methods"
        if fault.reply.status != HTTPStatus.FORBIDDEN:
            raise fault.refusal(what, "AuditLog.Read.All", is_sweeps=True) from fault
        detail = f"Graph does not let us read {what}: {fault.reply.describe()}."
        raise PermanentError(Problem.GRAPH_REFUSED, detail, remedy=_REMEDY) from fault
    return Page([_registration(entry) for entry in page.value], page.next_link)


def _registration(entry: dict[str, Any]) -> Registration:
    methods, capable = entry.get("methodsRegistered"), entry.get("isMfaCapable")
    if not isinstance(methods, list) or not isinstance(capable, bool):
        raise unknown_shape()  # who cannot be judged must not pass for somebody with nothing
    words = tuple(word for word in methods if isinstance(word, str) and _WORD.fullmatch(word))
    readiness = readiness_of(
        words,
        is_mfa_capable=capable,
        is_passwordless_capable=entry.get("isPasswordlessCapable") is True,
    )
    return Registration(id_of(entry), words, entry.get("isAdmin") is True, readiness)
