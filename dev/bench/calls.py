"""How many HTTP calls to Graph an unchanged pushed user costs."""

from __future__ import annotations

import sys
import uuid

from dev.bench.cloud import Cloud
from dev.bench.quality import Quality

_GOAL = 0.105
_PUSHES, _ROWS = 10, 100
_GRAPH = "graph.microsoft.com"


def measure() -> list[Quality]:
    """Return the calls of several pushes, divided by their users."""
    with Cloud() as cloud:
        ids = cloud.add_people(_PUSHES * _ROWS, agree=True)
        scope, excluded = str(uuid.uuid4()), str(uuid.uuid4())
        cloud.control.seed(
            groups=[
                {"id": scope, "display_name": "in scope", "members": ids},
                {"id": excluded, "display_name": "excluded"},
            ]
        )
        cloud.settings |= {"SYNC_SCOPE_GROUP_ID": scope, "EXCLUDE_GROUP_ID": excluded}
        pushes = [ids[start : start + _ROWS] for start in range(0, len(ids), _ROWS)]
        found = cloud.run([sys.executable, "-m", "dev.bench.product"], pushes=pushes)
        unchanged = sum(answer["summary"]["unchanged"] for answer in found)
        calls = sum(entry["host"] == _GRAPH for entry in cloud.control.log())
    ratio = calls / len(ids)
    return [
        Quality(
            "Graph HTTP calls per unchanged pushed user",
            f"≤ {_GOAL}",
            f"{ratio:.4f}",
            ratio <= _GOAL and unchanged == len(ids),
            f"{calls} calls for {_PUSHES} pushes of {_ROWS} users to a fresh worker, {unchanged} of them "
            f"unchanged; with the reading of a scope group of {len(ids)} and of an excluded group, without "
            "the token",
        )
    ]
