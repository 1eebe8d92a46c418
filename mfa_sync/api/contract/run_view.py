"""A run as operators see it: what it found, would do and did, and who decided. Never a whole number."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mfa_sync.api.contract.answers import Count, RunId, Time
from mfa_sync.runs.page import Page
from mfa_sync.runs.registered import Registered
from mfa_sync.runs.run import Run, RunKind, State, Tally, Verdict
from shared.outcome import Outcome
from shared.row_result import CodeWord, Masked, NoteWord
from shared.tenant import Kind


class Decision(msgspec.Struct, frozen=True):
    """What a person decided; without kinds, about all of them."""

    what: Annotated[str, Meta(extra_json_schema={"enum": ["approved", "discarded", "stopped"]})]
    by: Annotated[str, Meta(description="Object id and name; key, where only a handshake told.")]
    at: Time
    reason: str
    kinds: list[Kind] | None


class Change(msgspec.Struct, frozen=True, rename={"upn": "userPrincipalName", "rule": "decidedBy"}):
    """One person's change as it was planned, and its end."""

    id: str
    upn: str
    kind: Kind
    before: Masked | None
    after: Masked | None
    rule: str
    notes: list[NoteWord]
    outcome: Outcome | None
    code: CodeWord | None


class Refusal(msgspec.Struct, frozen=True, rename={"upn": "userPrincipalName"}):
    """One person for whom nothing can be planned."""

    id: str | None
    upn: str | None
    code: CodeWord
    detail: str | None


class RunHead(msgspec.Struct, frozen=True, rename="camel"):
    """What a list of runs says of each."""

    id: RunId
    kind: RunKind
    state: State
    created: Time
    moved: Time
    apply: bool
    started_by: str | None
    counts: Tally
    held_for: list[str]
    digest: Annotated[str | None, Meta(description="Of the plan: what an approval names.")]
    decision: Decision | None
    detail: str | None


class DiscardedRun(RunHead, frozen=True, rename="camel"):
    """A run whose plan was given up, and what follows from that."""

    remark: str


class WholeRun(RunHead, frozen=True, rename="camel"):
    """A run with one page of its plan."""

    step: Count
    attempts: Count
    limits: dict[str, str]
    pages: Count
    pages_applied: Count
    page: Count
    changes: list[Change]
    refusals: list[Refusal]
    people: Annotated[list[Registered], Meta(description="Of a readiness run.")]


class RunList(msgspec.Struct, frozen=True):
    """Some runs, newest first, and after which id to go on; None at the end."""

    runs: list[RunHead]
    next: Annotated[RunId | None, Meta(description="The `after` of the next page.")]


def head(run: Run) -> RunHead:
    """Return what a list of runs says of this one."""
    return RunHead(**_head(run))


def discarded(run: Run, remark: str) -> DiscardedRun:
    """Return a run whose plan was given up."""
    return DiscardedRun(**_head(run), remark=remark)


def whole(run: Run, number: int, page: Page | None) -> WholeRun:
    """Return a run with the page of that number; None is the page of a plan that has none."""
    return WholeRun(
        **_head(run),
        step=run.step,
        attempts=run.attempts,
        limits=run.limits,
        pages=run.pages,
        pages_applied=run.applied,
        page=number,
        changes=msgspec.convert(page.changes if page else (), list[Change], from_attributes=True),
        refusals=msgspec.convert(page.refusals if page else (), list[Refusal], from_attributes=True),
        people=list(page.people or ()) if page else [],
    )


def _head(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "kind": run.kind,
        "state": run.state,
        "created": _time(run.created),
        "moved": _time(run.moved),
        "apply": run.apply,
        "started_by": run.started_by or None,
        "counts": run.tally,
        "held_for": list(run.held_for),
        "digest": run.digest or None,
        "decision": _decision(run.decision) if run.decision else None,
        "detail": run.detail or None,
    }


def _decision(verdict: Verdict) -> Decision:
    kinds = list(verdict.kinds) or None
    return Decision(verdict.what, verdict.by, _time(verdict.at), verdict.reason, kinds)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
