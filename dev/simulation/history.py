"""What a run leaves behind to be judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from dev.simulation.journal import Journal
from dev.simulation.schedule import Asked, Push, Schedule

SETTLED = frozenset({"created", "updated", "deleted", "unchanged", "kept"})


@dataclass(slots=True)
class Told:
    """One push and what its caller was told.

    Attributes:
        number: Its place among the run's pushes; writes in the journal bear it.
        phase: play, retry, audit or again.
        push: What was asked.
        follows: The number of the push whose open rows this one sends again; None if it is the first.
        begun: The journal's mark at the start.
        started: When it started, in seconds of the run.
        ended: The journal's mark at the end.
        finished: When it ended.
        status: The HTTP status; None if the worker was killed.
        body: The answer.
        headers: Its headers.
        fault: The type and place of an exception that nobody handled.
    """

    number: int
    phase: str
    push: Push
    begun: int
    started: float
    follows: int | None = None
    ended: int = 0
    finished: float = 0.0
    status: int | None = None
    body: dict[str, Any] = field(default_factory=dict, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    fault: str | None = None

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The results of the rows; empty in a problem."""
        found: list[dict[str, Any]] = self.body.get("results", [])
        return found

    def left_open(self) -> tuple[Asked, ...]:
        """Return the rows that its reader sends again; a directory sync never comes in a run."""
        if not self.lines:
            return self.push.rows
        return tuple(
            asked
            for asked, line in zip(self.push.rows, self.lines, strict=False)
            if line["outcome"] not in SETTLED and line["retryable"] and line["code"] != "sourceNotYetSynced"
        )

    @property
    def is_replayed(self) -> bool:
        """Whether this is the stored answer to an earlier call."""
        return "Idempotency-Replayed" in self.headers

    @property
    def retry_after(self) -> float | None:
        """The seconds that the answer asks to wait."""
        text = self.headers.get("Retry-After")
        return float(text) if text else None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A time in which something was so that a person had to act, and in which a 502 is true."""

    kind: str
    since: float
    until: float


@dataclass(slots=True)
class History:
    """Everything about one run.

    Attributes:
        schedule: What was laid down.
        journal: What truly happened to people.
        told: The pushes in the order in which they began.
        troubles: When a permanent refusal was true.
        struck: How often each kind of fault or event struck.
        calls: The tenant's request log.
        unheard: Errors of tasks that nobody waited for.
        records: Every log line of the process, with what it carried.
        rows: Every row of the shared storage as text, at the end and in between.
        most_failed_sign_ins: The most wrong passwords that ever counted towards a lock-out at one time.
        threshold: At how many the account is locked.
        secrets: What must not be seen anywhere.
    """

    schedule: Schedule
    journal: Journal
    told: list[Told]
    troubles: list[Trouble]
    struck: Counter[str]
    calls: list[dict[str, Any]]
    unheard: list[str]
    records: list[str]
    rows: list[str]
    most_failed_sign_ins: int
    threshold: int
    secrets: list[str]

    @property
    def is_masked(self) -> bool:
        """Whether the service account sees numbers masked."""
        view = self.schedule.switches["number_view"]
        if view != "by role":
            return bool(view == "masked")
        return self.schedule.role == "Authentication Administrator"

    @property
    def is_limited(self) -> bool:
        """Whether Graph's limits are so low in this run that it throttles."""
        switches = self.schedule.switches
        return (switches["methods_limit"], switches["directory_limit"]) != (None, None)

    @property
    def lag(self) -> float:
        """The seconds for which reads may show what was before."""
        return float(self.schedule.switches["write_lag"])
