"""What one call to Graph tells of itself: how long it was held back and took, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa_sync.telemetry import measures
from mfa_sync.telemetry.measures import Metric

if TYPE_CHECKING:
    from mfa_sync.graph.pace import Ticket
    from mfa_sync.graph.reply import Reply

_REFUSED = 400


def tell(host: str, ticket: Ticket, reply: Reply, between: tuple[float, float]) -> None:
    """Tell of one call.

    Args:
        host: Graph's.
        ticket: What it was sent with.
        reply: What it came back with.
        between: When it was asked for and when it was over, on the clock of its deadline.
    """
    began, ended = between
    left = max((sent.at for sent in ticket.left.values()), default=began)
    has_left = left >= began and bool(ticket.left)
    wait = (left if has_left else ended) - began
    service = ticket.services[0].value if len(ticket.services) == 1 else "batch"
    failed = reply.status is None or reply.status >= _REFUSED
    error = (str(reply.status) if reply.status else reply.lack) if failed else None
    measures.measure(Metric.WAIT, wait, service=service)
    if has_left:
        status = reply.status or "none"
        measures.measure(Metric.CALLS, ended - left, service=service, status=status)
    measures.note(host=host, service=service, status=reply.status, wait=round(wait, 3), error=error)
