"""A push from start to end: handshake, rows, plan, guard, apply, answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial

from mfa_sync.api import push_runs
from mfa_sync.api.contract.answers import Answer, PushAnswer, row_results
from mfa_sync.api.contract.problems import handshake_refused
from mfa_sync.api.contract.rows import (
    Row,
    parse_dry_run,
    parse_idempotency_key,
    parse_rows,
    refuse_query,
    requests_of,
)
from mfa_sync.api.worker import Call, Worker
from mfa_sync.runs.run import RunKind
from mfa_sync.telemetry import measures
from mfa_sync.telemetry.events import Event, record
from shared.clock import Deadline
from shared.codes import Code
from shared.plan import Entry, lasting
from shared.reconciler import apply, plan
from shared.results import Result, foresee
from shared.tenant import Change

_WAIT = re.compile(r"\bwait=([0-9]{1,6})\b")


@measures.span(measures.Span.PUSH)
async def push(call: Call) -> Answer:
    """Return the answer to `POST /api/mfa-sync`.

    Raises:
        RequestError: The request cannot be taken.
        SyncError: A service stops everything and nothing was written.
    """
    worker, headers = call.worker, call.headers
    # 1. Who calls, and is it for the first time?
    deadline = Deadline.after(worker.clock, _seconds(headers.get("prefer"), worker.settings.deadline_seconds))
    if not await worker.handshake.accepts(headers.get("message"), deadline):
        return handshake_refused()
    if worker.signatures:
        await worker.signatures.check(headers, call.body, deadline)
    # 2. What is asked?
    dry_run = parse_dry_run(call.query)
    key = parse_idempotency_key(headers.get("idempotency-key"))
    rows = parse_rows(call.body, call.content_type, worker.settings.rows_max)
    # 3. Is it done at once, or does it become a run?
    if len(rows) > worker.settings.inline_max or "respond-async" in headers.get("prefer", ""):
        work = partial(push_runs.begin, worker, rows, dry_run=dry_run)
    else:
        work = partial(_reconcile, worker, rows, deadline, dry_run=dry_run)
    # 4. Do it, once for each key.
    if key is None:
        return await work()
    request = (b"dryRun\n" if dry_run else b"\n") + call.body
    return await worker.stored_answers.once(key, request, deadline, work)


async def _reconcile(worker: Worker, rows: Sequence[Row], deadline: Deadline, *, dry_run: bool) -> Answer:
    """Do a push at once, and return its answer."""
    await worker.keys.refuse_weak()
    run_id, policy = push_runs.new_id(worker.clock), worker.settings.policy
    tenant, guard = worker.tenant(deadline), await worker.guard(deadline)
    memory = worker.last_written.of_call(run_id, policy, deadline)
    # 1. Plan.
    planned = await plan(requests_of(rows), tenant, policy, memory)
    memory.report(planned)
    # 2. Guard, and 3. apply.
    if dry_run or worker.settings.plan_only:
        entries = (await guard.foresee(planned)).entries
        results = [foresee(entry) if dry_run else _planned_only(entry) for entry in entries]
    else:
        admitted = await guard.admit(planned)
        entries = admitted.entries
        results = await apply(admitted, tenant, policy, guard, memory)
    # 4. Answer.
    answer = PushAnswer.of(run_id, row_results(rows, entries, results, policy), dry_run=dry_run)
    _record(answer, entries, results)
    # 5. Keep it as a run.
    if not dry_run:
        await push_runs.keep(worker, answer, entries, results, deadline)
    return answer.to_http()


async def poll(call: Call) -> Answer:
    """Return the answer to `GET /api/mfa-sync/{runId}`: how a push stands.

    Raises:
        RequestError: The request cannot be taken, or there is no such push.
        SyncError: The vault or the storage is out of reach.
    """
    if not await call.worker.handshake.accepts(call.headers.get("message"), call.deadline()):
        return handshake_refused()
    refuse_query(call.query)
    return await push_runs.look_up(call.worker, call.run_id)


def _planned_only(entry: Entry) -> Result:
    if isinstance(entry.decision, Change):
        detail = f"It would {entry.decision.kind.value} the mobile phone."
        return Result.stopped(Code.PLAN_ONLY, detail, notes=lasting(entry.notes))
    return foresee(entry)


def _seconds(prefer: str | None, most: int) -> float:
    """Return the seconds that the caller will wait (`Prefer: wait=N`, RFC 7240), never more than ours."""
    wait = _WAIT.search(prefer or "")
    return min(float(wait[1]), most) if wait else most


def _record(answer: PushAnswer, entries: Sequence[Entry], results: Sequence[Result]) -> None:
    """Log, trace and count what became of a push that was done at once."""
    for entry, result in zip(entries, results, strict=True):
        record(
            Event.ROW_SETTLED,
            run=answer.run_id,
            rows=[str(row) for row in entry.rows],
            user=entry.user.id if entry.user else None,
            outcome=result.outcome.value,
            code=result.code.value if result.code else None,
            notes=[note.value for note in result.notes],
            dryRun=answer.dry_run,
        )
    status = int(answer.status)
    measures.note(run=answer.run_id, rows=len(answer.results), status=status)
    if not answer.dry_run:
        outcomes = Counter(result.outcome.value for result in results)
        codes = Counter(result.code.value for result in results if result.code)
        measures.count_users(RunKind.PUSH.value, outcomes, codes)
    record(
        Event.PUSH_FINISHED,
        run=answer.run_id,
        status=status,
        dryRun=answer.dry_run,
        **{outcome.value: count for outcome, count in answer.summary.items() if count},
    )
