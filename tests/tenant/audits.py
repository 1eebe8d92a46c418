"""Short ways to the audit log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.tenant.graph_client import GraphClient

AUDITS = "/auditLogs/directoryAudits"


async def entries(graph: GraphClient, query: str = "") -> list[dict[str, Any]]:
    """The value of one page."""
    answer = await graph.get(AUDITS + (f"?{query}" if query else ""))
    assert answer.status_code == 200, answer.text
    value: list[dict[str, Any]] = answer.json()["value"]
    return value


def time_text(seconds: float) -> str:
    """Return epoch seconds as an entry's time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
