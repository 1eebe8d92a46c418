"""Telling the security officer whose phone somebody else has changed (design, section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa_sync.telemetry.events import Event, record
from shared.outcome import Note

if TYPE_CHECKING:
    from shared.plan import Plan


def report(run_id: str, planned: Plan) -> None:
    """Log each user of a fresh plan whose phone was moved, and not by us; whatever becomes of the plan.

    A step of a run that is done again tells it again: rather twice than never.
    """
    for entry in planned.entries:
        if Note.CHANGED_OUTSIDE in entry.notes and entry.user:
            record(Event.CHANGED_OUTSIDE, run=run_id, user=entry.user.id)
