"""What operators do with runs: list, read, start, approve, discard, stop (docs/http.md)."""

from __future__ import annotations

from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any

from mfa_sync.api.approver import BY_KEY, approver_of
from mfa_sync.api.contract import run_view
from mfa_sync.api.contract.answers import Answer
from mfa_sync.api.contract.operator import (
    parse_approval,
    parse_listing,
    parse_page,
    parse_reason,
    parse_start,
    refuse_unplanned,
)
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.api.contract.rows import refuse_query
from mfa_sync.api.worker import Call
from mfa_sync.runs import lifecycle
from mfa_sync.runs.run import Run, RunKind, UnknownRunError, Verdict, WrongStateError
from mfa_sync.runs.step import Nudge
from mfa_sync.storage.table import StorageDownError
from mfa_sync.telemetry.events import Event, record
from shared.errors import Problem, TransientError
from shared.tenant import Kind

_EVENTS = {
    "approved": Event.RUN_APPROVED,
    "discarded": Event.RUN_DISCARDED,
    "stopped": Event.RUN_STOPPED,
}
_COME_AGAIN = "The same changes will be planned again unless the source is corrected."


async def list_runs(call: Call) -> Answer:
    """Return the answer to `GET /api/runs`: the newest first, and after which one to go on.

    Raises:
        RequestError: The query cannot be taken.
        TransientError: The storage is out of reach.
    """
    limit, after = parse_listing(call.query)
    runs = await _asked(call.worker.runs.newest(after, limit + 1))
    shown = runs[:limit]
    following = shown[-1].id if len(runs) > limit else None
    return Answer(HTTPStatus.OK, run_view.RunList([run_view.head(run) for run in shown], following))


async def read_run(call: Call) -> Answer:
    """Return the answer to `GET /api/runs/{runId}`: one run with one page of its plan.

    Raises:
        RequestError: The query cannot be taken, or there is no such run or page.
        TransientError: The storage is out of reach.
    """
    number = parse_page(call.query)
    run = await _run(call)
    if number >= max(run.pages, 1):
        raise RequestError.invalid(f"page must be below {max(run.pages, 1)}.")
    page = await _asked(call.worker.runs.page(run, number)) if run.pages else None
    if run.pages and page is None:  # an empty list would say that nothing is planned
        raise RequestError(Problem.RUN_NOT_FOUND, f"Page {number} of the run's plan is gone.")
    return Answer(HTTPStatus.OK, run_view.whole(run, number, page))


async def start_run(call: Call) -> Answer:
    """Return the answer to `POST /api/runs`: a sweep, or a readiness run, is begun.

    What may write without being seen needs who may approve. SWEEP_MODE=plan holds that one too.

    Raises:
        RequestError: The request cannot be taken, or another sweep is under way.
        SyncError: The vault or the storage is out of reach.
    """
    refuse_query(call.query)
    wanted = parse_start(call.body, call.content_type)
    if wanted.kind is RunKind.READINESS:
        return _moving(await _asked(lifecycle.start_readiness(call.worker, BY_KEY)))
    by = await approver_of(call) if wanted.apply else BY_KEY
    apply = wanted.apply and call.worker.settings.sweeps.mode != "plan"
    run = await _asked(lifecycle.start(call.worker, wanted.kind, apply=apply, by=by))
    return _moving(run)


async def approve_run(call: Call) -> Answer:
    """Return the answer to `POST /api/runs/{runId}/approve`: the plan that was seen goes on.

    Said again it is answered 200, and nudges again: the first nudge may be what was lost.

    Raises:
        RequestError: The request or the caller cannot be taken, there is no such run, or it stands elsewhere.
        SyncError: The vault or the storage is out of reach.
    """
    refuse_query(call.query)
    by = await approver_of(call)
    wanted = parse_approval(call.body, call.content_type)
    planned = (await _run(call)).tally.planned
    refuse_unplanned(wanted.kinds, {kind.value: many for kind, many in planned.items()})
    verdict = _verdict(call, "approved", by, wanted.reason, tuple(map(Kind, wanted.kinds)))
    run = await _asked(lifecycle.approve(call.worker, call.run_id, wanted.digest, verdict))
    _report(run, verdict)
    return _moving(run, HTTPStatus.ACCEPTED if run.decision is verdict else HTTPStatus.OK)


async def discard_run(call: Call) -> Answer:
    """Return the answer to `POST /api/runs/{runId}/discard`: a held plan is given up.

    Raises:
        RequestError: The request or the caller cannot be taken, there is no such run, or it is not held.
        SyncError: The vault or the storage is out of reach.
    """
    refuse_query(call.query)
    return Answer(HTTPStatus.OK, run_view.discarded(await _end(call, "discarded"), _COME_AGAIN))


async def stop_run(call: Call) -> Answer:
    """Return the answer to `POST /api/runs/{runId}/stop`: a run ends where it stands.

    Raises:
        RequestError: The request or the caller cannot be taken, there is no such run, or it is over.
        SyncError: The vault or the storage is out of reach.
    """
    refuse_query(call.query)
    return Answer(HTTPStatus.OK, run_view.head(await _end(call, "stopped")))


async def _end(call: Call, what: str) -> Run:
    """End a run by the caller's verdict, and return it."""
    by = await approver_of(call)
    reason = parse_reason(call.body, call.content_type)
    await _run(call)
    verdict = _verdict(call, what, by, reason)
    run = await _asked(lifecycle.end(call.worker, call.run_id, verdict))
    _report(run, verdict)
    return run


def _verdict(call: Call, what: str, by: str, reason: str, kinds: tuple[Kind, ...] = ()) -> Verdict:
    return Verdict(what, by, call.worker.clock.now().timestamp(), reason, kinds)


def _moving(run: Run, status: HTTPStatus = HTTPStatus.ACCEPTED) -> Answer:
    nudge = Nudge.of(run) if run.state.is_moving else None
    return Answer(status, run_view.head(run), {"Location": f"/api/runs/{run.id}"}, nudge)


def _report(run: Run, verdict: Verdict) -> None:
    """Log a verdict, unless the run had it before. The operator's words stay in the run."""
    if run.decision is verdict:
        record(
            _EVENTS[verdict.what],
            run=run.id,
            by=verdict.by,
            kinds=list(verdict.kinds) or None,
            reasonLength=len(verdict.reason),
        )


async def _run(call: Call) -> Run:
    stored = await _asked(call.worker.runs.get(call.run_id))
    if stored is None:
        raise _not_found()
    return stored.run


async def _asked[T](work: Coroutine[Any, Any, T]) -> T:
    """Return what was asked of runs; what keeps it from being done is a problem of its own."""
    try:
        return await work
    except WrongStateError as error:
        raise RequestError(Problem.WRONG_STATE, str(error)) from None
    except UnknownRunError:
        raise _not_found() from None
    except StorageDownError as error:
        raise TransientError(
            Problem.STORAGE_UNAVAILABLE, "The storage of runs is out of reach.", retry_after=30
        ) from error


def _not_found() -> RequestError:
    return RequestError(Problem.RUN_NOT_FOUND, "There is no run of this id, or no longer.")
