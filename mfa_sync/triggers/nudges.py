"""The queue that moves runs: its name, and how a function sends to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, List  # noqa: UP035  see `Messages`

import azure.functions as func

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mfa_sync.runs.step import Nudge

QUEUE = "mfa-sync-runs"
POISON_QUEUE = f"{QUEUE}-poison"
CONNECTION = "AzureWebJobsStorage"
# The worker library knows the old spelling alone.
Messages = func.Out[List[str]]  # noqa: UP006


def send(nudges: Iterable[Nudge], out: Messages) -> None:
    """Send the nudges once the function has succeeded. One that is lost, the watchdog sends again."""
    if texts := [nudge.dump() for nudge in nudges]:
        out.set(texts)
