"""The queue that moves runs: its name, and how a function sends to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import azure.functions as func

    from mfa_sync.runs.step import Nudge

QUEUE = "mfa-sync-runs"
POISON_QUEUE = f"{QUEUE}-poison"
CONNECTION = "AzureWebJobsStorage"


def send(nudges: Iterable[Nudge], out: func.Out[list[str]]) -> None:
    """Send the nudges once the function has succeeded. One that is lost, the watchdog sends again."""
    if texts := [nudge.dump() for nudge in nudges]:
        out.set(texts)
