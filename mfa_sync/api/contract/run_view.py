"""A run as operators see it: what it found, would do and did, and who decided. Never a whole number."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mfa_sync.runs.page import Page, PlannedChange, PlannedRefusal
    from mfa_sync.runs.run import Decision, Run, Tally


def head(run: Run) -> dict[str, Any]:
    """Return what a list of runs tells of each."""
    return {
        "id": run.id,
        "kind": run.kind.value,
        "state": run.state.value,
        "created": _time(run.created),
        "moved": _time(run.moved),
        "apply": run.apply,
        "startedBy": run.started_by or None,
        "counts": _counts(run.tally),
        "heldFor": list(run.held_for),
        "digest": run.digest or None,
        "decision": _decision(run.decision) if run.decision else None,
        "detail": run.detail or None,
    }


def whole(run: Run, number: int, page: Page | None) -> dict[str, Any]:
    """Return a run with one page of its plan; None is the page of a plan that has none."""
    return {
        **head(run),
        "step": run.step,
        "attempts": run.attempts,
        "limits": dict(run.limits),
        "pages": run.pages,
        "pagesApplied": run.applied,
        "page": number,
        "changes": [_change(one) for one in page.changes] if page else [],
        "refusals": [_refusal(one) for one in page.refusals] if page else [],
    }


def _counts(tally: Tally) -> dict[str, Any]:
    return {
        "users": tally.users,
        "unchanged": tally.unchanged,
        "holders": tally.holders,
        "planned": dict(tally.planned),
        "refused": dict(tally.refused),
        "outcomes": dict(tally.outcomes),
        "codes": dict(tally.codes),
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "what": decision.what,
        "by": decision.by,
        "at": _time(decision.at),
        "reason": decision.reason,
        "kinds": list(decision.kinds) or None,
    }


def _change(change: PlannedChange) -> dict[str, Any]:
    return {
        "id": change.id,
        "userPrincipalName": change.upn,
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
        "decidedBy": change.rule,
        "notes": list(change.notes),
        "outcome": change.outcome,
        "code": change.code,
    }


def _refusal(refusal: PlannedRefusal) -> dict[str, Any]:
    return {
        "id": refusal.id,
        "userPrincipalName": refusal.upn,
        "code": refusal.code,
        "detail": refusal.detail,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
