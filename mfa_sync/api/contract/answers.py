"""What a caller gets: results of rows, and problems, each with its status (design, section 3)."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mfa_sync.api.contract.rows import RequestError
from shared.errors import PermanentError, Problem, SyncError, TransientError
from shared.outcome import Outcome
from shared.row_result import line_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mfa_sync.api.contract.rows import Row
    from mfa_sync.runs.step import Nudge
    from shared.plan import Entry
    from shared.policy import Policy
    from shared.results import Result

_RETRY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer before it meets the Functions library, and the nudge of a run that it moves."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    nudge: Nudge | None = None

    def text(self) -> str:
        """Return the body as JSON, in ASCII: an echoed key may hold half a surrogate pair."""
        return json.dumps(self.body)


def answer(
    run_id: str,
    rows: Sequence[Row],
    entries: Sequence[Entry],
    results: Sequence[Result],
    policy: Policy,
    *,
    dry_run: bool,
) -> Answer:
    """Return the answer to a push: a result for each row, in their order, and the status they add up to."""
    by_row = {
        row: (entry, result) for entry, result in zip(entries, results, strict=True) for row in entry.rows
    }
    lines = [line_of(index, row, *by_row[index], policy) for index, row in enumerate(rows)]
    return answer_of_lines(run_id, lines, dry_run=dry_run)


def answer_of_lines(run_id: str, lines: Sequence[dict[str, Any]], *, dry_run: bool) -> Answer:
    """Return the answer that rows' lines add up to."""
    outcomes = [Outcome(line["outcome"]) for line in lines]
    counts = Counter(outcomes)
    ok = all(outcome.is_settled for outcome in outcomes)
    body = {
        "runId": run_id,
        "ok": ok,
        "dryRun": dry_run,
        "summary": {outcome.value: counts[outcome] for outcome in Outcome},
        "results": list(lines),
    }
    status = _status(outcomes)
    return Answer(status, body, {"Retry-After": str(_RETRY_SECONDS)} if status == 503 else {})  # noqa: PLR2004


def _status(outcomes: Sequence[Outcome]) -> int:
    settled = [outcome.is_settled for outcome in outcomes]
    if all(settled):
        return 200
    if any(settled):
        return 207
    return 503 if Outcome.FAILED in outcomes else 422


def problem(error: SyncError | RequestError) -> Answer:
    """Return the RFC 9457 problem that an error is: the one table of errors and statuses."""
    match error:
        case RequestError():
            return _problem(
                error.status, error.code, error.detail, retryable=error.retryable, errors=error.errors or None
            )
        case TransientError():
            return _problem(
                503,
                error.code,
                error.detail,
                retryable=True,
                remedy=error.remedy,
                headers={"Retry-After": str(max(1, math.ceil(error.retry_after)))},
            )
        case PermanentError(code=Problem.MISCONFIGURED):
            return _problem(500, error.code, error.detail, retryable=False, remedy=error.remedy)
        case PermanentError():
            return _problem(
                502, error.code, error.detail, retryable=False, remedy=error.remedy, aadsts=error.aadsts
            )
        case _:
            return internal_error()


def handshake_refused() -> Answer:
    """Return the one answer to a missing and to a wrong handshake."""
    return _problem(
        401, Problem.HANDSHAKE_REFUSED, "The Message header does not hold the handshake.", retryable=False
    )


def internal_error() -> Answer:
    """Return the answer to a fault of our own; what it was stands in the log alone."""
    return _problem(500, Problem.INTERNAL_ERROR, "An unexpected fault; see the log.", retryable=False)


_TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    409: "Conflict",
    413: "Content too large",
    415: "Unsupported media type",
    422: "Unprocessable content",
    500: "Internal server error",
    502: "A service refuses this program",
    503: "A service is unavailable",
}


def _problem(
    status: int,
    code: Problem,
    detail: str,
    *,
    retryable: bool,
    headers: dict[str, str] | None = None,
    **members: Any,
) -> Answer:
    body = {
        "type": "about:blank",
        "title": _TITLES[status],
        "status": status,
        "code": code.value,
        "detail": detail,
        "retryable": retryable,
        **{name: value for name, value in members.items() if value is not None},
    }
    return Answer(status, body, {"Content-Type": "application/problem+json", **(headers or {})})
