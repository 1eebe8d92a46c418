"""A push from start to end: handshake, rows, plan, guard, apply, answer."""

from __future__ import annotations

import logging
import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from mfa_sync.api import push_runs
from mfa_sync.api.contract import answers
from mfa_sync.api.contract import rows as http_contract
from mfa_sync.runs.run import RunKind
from mfa_sync.telemetry import measures, outsiders
from mfa_sync.telemetry.events import Event, record
from shared.clock import Deadline
from shared.codes import Code
from shared.plan import lasting
from shared.reconciler import apply, plan
from shared.results import Result, foresee
from shared.tenant import Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mfa_sync.api.contract.answers import Answer
    from mfa_sync.api.contract.rows import Row
    from mfa_sync.api.worker import Worker
    from shared.plan import Entry

_LOG = logging.getLogger(__name__)
_WAIT = re.compile(r"\bwait=([0-9]{1,6})\b")


@measures.span(measures.Span.PUSH)
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
    deadline = Deadline.after(worker.clock, _seconds(headers.get("prefer"), worker.settings.deadline_seconds))
    if not await worker.handshake.accepts_within(headers.get("message"), deadline):
        return answers.handshake_refused()
    if worker.signatures:
        await worker.signatures.check(headers, body, deadline)
    dry_run = http_contract.parse_dry_run(query)
    key = http_contract.parse_idempotency_key(headers.get("idempotency-key"))
    rows = http_contract.parse_rows(body, headers.get("content-type"), worker.settings.rows_max)
    if len(rows) > worker.settings.inline_max or "respond-async" in headers.get("prefer", ""):
        work = partial(push_runs.begin, worker, rows, dry_run=dry_run)
    else:
        work = partial(_reconcile, worker, rows, deadline, dry_run=dry_run)
    if key is None:
        return await work()
    request = (b"dryRun\n" if dry_run else b"\n") + body
    return await worker.stored_answers.once(key, request, deadline, work)


async def _reconcile(worker: Worker, rows: Sequence[Row], deadline: Deadline, *, dry_run: bool) -> Answer:
    """Plan, guard, apply, and answer."""
    run_id, policy = push_runs.new_id(worker.clock), worker.settings.policy
    tenant, guard = worker.tenant(deadline), await worker.guard(deadline)
    memory = worker.last_written.of_call(run_id, policy, deadline)
    planned = await plan(http_contract.requests_of(rows), tenant, policy, memory)
    outsiders.report(run_id, planned)
    if dry_run:
        entries = (await guard.foresee(planned)).entries
        results = [foresee(entry) for entry in entries]
    elif worker.settings.plan_only:
        entries = (await guard.foresee(planned)).entries
        results = [_planned_only(entry) for entry in entries]
    else:
        admitted = await guard.admit(planned)
        entries = admitted.entries
        results = await apply(admitted, tenant, policy, guard, memory)
    answer = answers.answer(run_id, rows, entries, results, policy, dry_run=dry_run)
    _record(run_id, entries, results, answer, dry_run=dry_run)
    if not dry_run:
        await push_runs.keep(worker, answer, entries, results, deadline)
    return answer


async def poll(
    worker: Worker, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, *, run_id: str
) -> Answer:
    """Return the answer to `GET /api/mfa-sync/{runId}`: how a push stands. Arguments and errors as `push`."""
    del body
    deadline = Deadline.after(worker.clock, worker.settings.deadline_seconds)
    if not await worker.handshake.accepts_within(headers.get("message"), deadline):
        return answers.handshake_refused()
    http_contract.refuse_query(query)
    return await push_runs.look_up(worker, run_id)


def _planned_only(entry: Entry) -> Result:
    if isinstance(entry.decision, Change):
        detail = f"It would {entry.decision.kind.value} the mobile phone."
        return Result.stopped(Code.PLAN_ONLY, detail, notes=lasting(entry.notes))
    return foresee(entry)


def _seconds(prefer: str | None, most: int) -> float:
    """Return the seconds that the caller will wait (`Prefer: wait=N`, RFC 7240), never more than ours."""
    wait = _WAIT.search(prefer or "")
    return min(float(wait[1]), most) if wait else most


def _record(
    run_id: str, entries: Sequence[Entry], results: Sequence[Result], answer: Answer, *, dry_run: bool
) -> None:
    for entry, result in zip(entries, results, strict=True):
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
    measures.note(run=run_id, rows=sum(len(entry.rows) for entry in entries), status=answer.status)
    if not dry_run:
        outcomes = Counter(result.outcome.value for result in results)
        codes = Counter(result.code.value for result in results if result.code)
        measures.count_users(RunKind.PUSH.value, outcomes, codes)
    record(
        _LOG,
        logging.INFO,
        Event.PUSH_FINISHED,
        run=run_id,
        status=answer.status,
        dryRun=dry_run,
        **{name: count for name, count in answer.body["summary"].items() if count},
    )
