"""A push from start to end: handshake, rows, plan, guard, apply, answer."""

from __future__ import annotations

import logging
import re
import uuid
from functools import partial
from typing import TYPE_CHECKING

from mfa_sync import answers, http_contract
from mfa_sync.log import Event, record
from shared.clock import Deadline
from shared.errors import Problem, TransientError
from shared.guard import refuse_over_limit
from shared.outcome import Code, Result
from shared.reconciler import apply, foresee, plan
from shared.tenant import Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mfa_sync.answers import Answer
    from mfa_sync.composition import Worker
    from mfa_sync.settings import Settings
    from shared.plan import Entry, Plan

_LOG = logging.getLogger(__name__)
_WAIT = re.compile(r"\bwait=([0-9]{1,6})\b")


async def push(worker: Worker, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Answer:
    """Return the answer to `POST /api/mfa-sync`.

    Args:
        worker: What the process keeps.
        headers: The request's headers, looked up without case.
        query: The request's query names and values.
        body: The request's bytes.

    Raises:
        RequestError: The request cannot be taken.
        SyncError: A service stops everything and nothing was written.
    """
    settings = worker.settings
    deadline = Deadline.after(worker.clock, _seconds(headers.get("prefer"), settings.deadline_seconds))
    if not await _knows_handshake(worker, headers.get("message"), deadline):
        return answers.handshake_refused()
    dry_run = http_contract.parse_dry_run(query)
    rows = http_contract.parse_rows(body, headers.get("content-type"), settings.inline_max)

    run_id = uuid.uuid4().hex
    tenant = worker.tenant(deadline)
    planned = await plan(http_contract.requests_of(rows), tenant, settings.policy)
    guarded = _guard(settings, planned)
    if dry_run:
        results = [foresee(entry) for entry in guarded.entries]
    elif settings.plan_only:
        results = [_planned_only(entry) for entry in guarded.entries]
    else:
        results = await apply(guarded, tenant, settings.policy, partial(_guard, settings))
    answer = answers.answer(run_id, rows, guarded.entries, results, settings.policy, dry_run=dry_run)
    _record(run_id, guarded, results, answer, dry_run=dry_run)
    return answer


def _guard(settings: Settings, planned: Plan) -> Plan:
    return refuse_over_limit(planned, settings.limits)


async def _knows_handshake(worker: Worker, message: str | None, deadline: Deadline) -> bool:
    try:
        return await deadline.bound(worker.handshake.accepts(message))
    except TimeoutError:
        raise TransientError(
            Problem.VAULT_UNAVAILABLE, "Key Vault did not answer within this call's time.", retry_after=30
        ) from None


def _planned_only(entry: Entry) -> Result:
    if isinstance(entry.decision, Change):
        detail = f"It would {entry.decision.kind.value} the mobile phone."
        return Result.stopped(Code.PLAN_ONLY, detail)
    return foresee(entry)


def _seconds(prefer: str | None, most: int) -> float:
    """Return the seconds that the caller will wait (`Prefer: wait=N`, RFC 7240), never more than ours."""
    wait = _WAIT.search(prefer or "")
    return min(float(wait[1]), most) if wait else most


def _record(run_id: str, planned: Plan, results: Sequence[Result], answer: Answer, *, dry_run: bool) -> None:
    for entry, result in zip(planned.entries, results, strict=True):
        record(
            _LOG,
            logging.INFO,
            Event.ROW_SETTLED,
            run=run_id,
            rows=[str(row) for row in entry.rows],
            user=entry.user.id if entry.user else None,
            outcome=result.outcome.value,
            code=result.code.value if result.code else None,
            notes=[note.value for note in result.notes],
            dryRun=dry_run,
        )
    record(
        _LOG,
        logging.INFO,
        Event.PUSH_FINISHED,
        run=run_id,
        status=answer.status,
        dryRun=dry_run,
        **{name: count for name, count in answer.body["summary"].items() if count},
    )
