"""Pushes as runs: begun for many rows, looked up by their callers, recorded where they were done at once."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import msgspec

from mfa_sync.api.contract.answers import Answer, PushAnswer, PushUnderWay
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.api.contract.rows import Row
from mfa_sync.api.worker import Worker
from mfa_sync.runs import push_run
from mfa_sync.runs.page import applying_tally, pages_of, planning_tally
from mfa_sync.runs.push_rows import KeptRow
from mfa_sync.runs.run import DIGEST_LENGTH, Run, RunKind, State
from mfa_sync.runs.step import Nudge
from mfa_sync.runs.store import kind_of, run_id
from mfa_sync.storage.table import LostRaceError, StorageDownError
from mfa_sync.telemetry import measures
from mfa_sync.telemetry.events import Event, record
from shared.clock import Clock, Deadline
from shared.errors import Problem, SyncError, TransientError
from shared.plan import Entry
from shared.results import Result
from shared.row_result import RowResult
from shared.tenant import Change

_PAGE = 1000
# Each may keep 50,000 rows and takes its turns at Graph's one limit: more would only wait longer, for hours.
_MOST_OPEN, _OPEN_RETRY_SECONDS = 500, 300
_ANSWER = "answer"


def new_id(clock: Clock) -> str:
    """Return the id of a push."""
    return run_id(RunKind.PUSH, clock.now(), uuid.uuid4().hex[:8])


@measures.span(measures.Span.RUN_START)
async def begin(worker: Worker, rows: Sequence[Row], *, dry_run: bool) -> Answer:
    """Keep the rows as a run, and return where its result will be.

    Raises:
        RequestError: Rows hold numbers that may be the source; they must not be kept.
        TransientError: The storage is out of reach, or too many pushes are open; nothing was begun.
    """
    policy = worker.settings.policy
    if policy.payload_number_wins and any(row.intent.mobile for row in rows):
        raise RequestError.invalid(
            "With ALLOW_PAYLOAD_NUMBER=true rows with Mobile are done at once alone: "
            f"send at most SYNC_INLINE_MAX={worker.settings.inline_max} in a call."
        )
    key = await worker.keys.current()
    now = worker.clock.now().timestamp()
    apply = not dry_run and not worker.settings.plan_only
    run = Run(new_id(worker.clock), RunKind.PUSH, now, now, apply=apply, trace=measures.traceparent())
    measures.note(run=run.id, kind=run.kind.value, rows=len(rows))
    kept = [KeptRow.of(row, policy.default_region, key) for row in rows]
    try:
        kinds = [kind_of(open_id) for open_id in await worker.runs.open()]
        if kinds.count(RunKind.PUSH) >= _MOST_OPEN:
            raise TransientError(
                Problem.TOO_MANY_RUNS,
                f"{_MOST_OPEN} pushes are open.",
                retry_after=_OPEN_RETRY_SECONDS,
                remedy="Send it again later; approve or discard pushes that are held.",
            )
        run = await push_run.keep_rows(run, kept, key.version, dry_run=dry_run, context=worker)
        await worker.runs.create(run)
    except StorageDownError as error:
        raise _storage_down() from error
    record(Event.RUN_STARTED, run=run.id, kind=run.kind.value, rows=len(rows))
    return PushUnderWay.answer(run, Nudge.of(run))


async def look_up(worker: Worker, wanted: str) -> Answer:
    """Return how a push stands: 202 while it works, then what an inline push would have been answered.

    Raises:
        RequestError: 404, there is no such push.
        TransientError: The storage is out of reach.
    """
    try:
        stored = await worker.runs.get(wanted)
        if stored is None or stored.run.kind is not RunKind.PUSH:
            raise _not_found()
        if stored.run.state.is_moving:
            return PushUnderWay.answer(stored.run)
        if answered := await _answered(stored.run, worker):
            return _final(answered["status"], answered["body"])
        found = await push_run.lines_of(stored.run, worker)
        if found is None:
            raise _not_found()
        lines, dry_run = found
        answer = PushAnswer.of(wanted, msgspec.convert(lines, list[RowResult]), dry_run=dry_run)
        final = _final(answer.status, answer)
        if stored.run.state.is_final:  # asked again, it need not be put together again
            seal = await worker.runs.seal(wanted, _ANSWER, _kept(answer, final.status))
            with suppress(LostRaceError):
                await worker.runs.replace(stored, stored.run.sealed({_ANSWER: seal}))
    except StorageDownError as error:
        raise _storage_down() from error
    return final


async def _answered(run: Run, worker: Worker) -> dict[str, Any] | None:
    """Return the answer that is kept with a run, if there is one; of former versions' runs it has no seal."""
    seal = run.seal(_ANSWER)
    if not seal and run.seals is not msgspec.UNSET:
        return None
    return await worker.runs.sealed(run.id, _ANSWER, seal)


def _kept(answer: PushAnswer, status: HTTPStatus) -> dict[str, Any]:
    """Return an answer as it is kept: as JSON has it."""
    return {"status": int(status), "body": msgspec.to_builtins(answer)}


def _final(status: int, body: PushAnswer | dict[str, Any]) -> Answer:
    """Return the answer of a run that is over: asking again changes nothing, so it is no 503."""
    is_down = status == HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(HTTPStatus.MULTI_STATUS if is_down else HTTPStatus(status), body)


def _not_found() -> RequestError:
    return RequestError(Problem.RUN_NOT_FOUND, "There is no push of this id, or no longer.")


async def keep(
    worker: Worker,
    answer: PushAnswer,
    entries: Sequence[Entry],
    results: Sequence[Result],
    deadline: Deadline,
) -> None:
    """Record a push that was done at once, so that it stands among the runs. If it fails, the log says so."""
    try:
        if deadline.remaining() <= 0:
            raise TimeoutError  # noqa: TRY301  the caller waits no longer
        await deadline.within(_keep(worker, answer, entries, results), goes_on=True)
    except (StorageDownError, LostRaceError, SyncError, TimeoutError) as error:
        record(Event.RUN_UNRECORDED, run=answer.run_id, cause=type(error).__name__)


async def _keep(
    worker: Worker, answer: PushAnswer, entries: Sequence[Entry], results: Sequence[Result]
) -> None:
    store, now = worker.runs, worker.clock.now().timestamp()
    changed = [entry for entry in entries if isinstance(entry.decision, Change)]
    tally = planning_tally(entries)
    kept = []
    if changed:
        ends = {entry.rows: result for entry, result in zip(entries, results, strict=True)}
        (page,) = pages_of(changed, await worker.keys.current(), _PAGE)
        ended = [one.ended(ends[entry.rows]) for one, entry in zip(page.changes, changed, strict=True)]
        tally += applying_tally(ended)
        kept.append(page.with_changes(ended))
    pages = (store.put_page(answer.run_id, number, page) for number, page in enumerate(kept))
    seal, _ = await asyncio.gather(
        store.seal(answer.run_id, _ANSWER, _kept(answer, answer.status)), asyncio.gather(*pages)
    )
    run = Run(
        answer.run_id,
        RunKind.PUSH,
        now,
        now,
        apply=True,
        state=State.FINISHED,
        cursor=None,
        pages=len(kept),
        digests=tuple(page.digest[:DIGEST_LENGTH] for page in kept),
        applied=len(kept),
        tally=tally,
        seals={_ANSWER: seal},
    )
    await store.record(run)


def _storage_down() -> TransientError:
    return TransientError(
        Problem.STORAGE_UNAVAILABLE,
        "The storage of runs is out of reach; whether the call was taken is not known.",
        retry_after=30,
        remedy="Send it again: a repeated call compares before it writes.",
    )
