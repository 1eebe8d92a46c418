"""What a push's caller reads: the result of each row and what they add up to, or that a run is under way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Self

import msgspec
from msgspec import Meta

from mfa_sync.runs.run import Run, State
from mfa_sync.runs.store import RUN_ID
from shared.outcome import Outcome
from shared.row_result import RowResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mfa_sync.runs.step import Nudge
    from shared.plan import Entry
    from shared.policy import Policy
    from shared.results import Result
    from shared.row_result import Named

_RETRY_SECONDS = 60
_POLL_SECONDS = 5

RunId = Annotated[str, Meta(extra_json_schema={"pattern": f"^{RUN_ID.pattern}$"})]
Count = Annotated[int, Meta(ge=0)]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
_Summary = Annotated[
    dict[Outcome, Count],
    Meta(
        extra_json_schema={
            "required": [outcome.value for outcome in Outcome],
            "propertyNames": {"enum": [outcome.value for outcome in Outcome]},
        }
    ),
]
_Moving = Annotated[
    str, Meta(extra_json_schema={"enum": [state.value for state in State if state.is_moving]})
]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer before it meets the Functions library, and the nudge of a run that it moves.

    Attributes:
        status: The status.
        body: A type of the contract; one that was kept as JSON comes as a dict.
        headers: Beside those that every answer has.
        nudge: What the queue is to be sent once the call is done.
    """

    status: HTTPStatus
    body: msgspec.Struct | dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    nudge: Nudge | None = None

    def plain(self) -> Any:
        """Return the body as dicts, lists, texts and numbers, its members named as on the wire."""
        return msgspec.to_builtins(self.body)


class PushAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """How the rows of a push ended, or would in a dry run."""

    run_id: RunId
    ok: Annotated[bool, Meta(description="True only if every row is settled.")]
    dry_run: bool
    summary: _Summary
    results: Annotated[list[RowResult], Meta(description="One for each row, in the request's order.")]

    @classmethod
    def of(cls, run_id: str, results: list[RowResult], *, dry_run: bool) -> Self:
        """Return what the results add up to."""
        counts = Counter(result.outcome for result in results)
        ok = all(outcome.is_settled for outcome in counts)
        return cls(run_id, ok, dry_run, {outcome: counts[outcome] for outcome in Outcome}, results)

    @property
    def status(self) -> HTTPStatus:
        """What a caller who looks at nothing else should know."""
        if self.ok:
            return HTTPStatus.OK
        if any(result.outcome.is_settled for result in self.results):
            return HTTPStatus.MULTI_STATUS
        failed = self.summary[Outcome.FAILED]
        return HTTPStatus.SERVICE_UNAVAILABLE if failed else HTTPStatus.UNPROCESSABLE_CONTENT

    def to_http(self) -> Answer:
        """Return it as the answer of the call that did the work."""
        is_down = self.status is HTTPStatus.SERVICE_UNAVAILABLE
        return Answer(self.status, self, {"Retry-After": str(_RETRY_SECONDS)} if is_down else {})


class PushUnderWay(msgspec.Struct, frozen=True, rename="camel"):
    """A push that is a run. Ask again after Retry-After seconds."""

    run_id: RunId
    state: _Moving
    rows_planned: Count
    pages: Count
    pages_applied: Count

    @classmethod
    def answer(cls, run: Run, nudge: Nudge | None = None) -> Answer:
        """Return the answer that says where its result will be."""
        body = cls(run.id, run.state.value, run.tally.users, run.pages, run.applied)
        headers = {"Location": f"/api/mfa-sync/{run.id}", "Retry-After": str(_POLL_SECONDS)}
        return Answer(HTTPStatus.ACCEPTED, body, headers, nudge)


def row_results(
    rows: Sequence[Named], entries: Sequence[Entry], results: Sequence[Result], policy: Policy
) -> list[RowResult]:
    """Return each row's result, in the rows' order; `results` are the entries'."""
    ends = {row: (entry, end) for entry, end in zip(entries, results, strict=True) for row in entry.rows}
    return [RowResult.of(index, row, *ends[index], policy) for index, row in enumerate(rows)]
