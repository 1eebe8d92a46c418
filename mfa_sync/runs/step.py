"""One step of a run: claim it, work, store what follows (design, section 7).

    nudge -> claim -> work -> write page -> write head (next step, claim given back) -> next nudge

Whatever kills a worker in between, the step is begun again, by the queue or by the watchdog, and finds what
was done: pages are written whole, and what is already so in the tenant is not written again.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa_sync.runs import push_run, sweep
from mfa_sync.runs.applying import apply_page
from mfa_sync.runs.page import applying_tally
from mfa_sync.runs.run import Run, RunKind, State
from mfa_sync.storage.table import LostRaceError, StorageDownError
from mfa_sync.telemetry import measures
from mfa_sync.telemetry.events import Event, record
from shared.clock import Deadline
from shared.codes import CODES, Code
from shared.errors import PermanentError, TransientError
from shared.guard import breaches
from shared.outcome import Outcome
from shared.tenant import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mfa_sync.runs.context import Tools
    from mfa_sync.runs.store import Stored

_LOG = logging.getLogger(__name__)
FORMAT = 1
# W3C Trace Context, section 3.2.
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_SHORTEST_DELAY, _LONGEST_DELAY = 60.0, 900.0


@dataclass(frozen=True, slots=True)
class Nudge:
    """The message that moves a run: which, which step is due, and the trace that the step belongs to."""

    run: str
    step: int
    trace: str = ""

    @classmethod
    def of(cls, run: Run) -> Nudge:
        """Return the nudge for the step that is due."""
        return cls(run.id, run.step, run.trace)

    def dump(self) -> str:
        """Return it as the queue's message. Who does not know `traceparent` leaves it."""
        traced = {"traceparent": self.trace} if self.trace else {}
        return json.dumps({"v": FORMAT, "run": self.run, "step": self.step, **traced})

    @classmethod
    def load(cls, text: str) -> Nudge:
        """Return the nudge that a message holds.

        Raises:
            ValueError: The message holds something else.
        """
        held = json.loads(text)
        try:
            trace = str(held.get("traceparent", ""))
            return cls(str(held["run"]), int(held["step"]), trace if _TRACEPARENT.fullmatch(trace) else "")
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError("This message is no nudge.") from error


async def take(nudge: Nudge, tools: Tools) -> Nudge | None:
    """Do the step that is due, and return the nudge for the next one; None if there is nothing to do now.

    Raises:
        StorageDownError: The run could not be read or written; the same nudge again is right.
    """
    async with measures.span(measures.Span.RUN_STEP, nudge.trace, run=nudge.run, step=nudge.step):
        return await _take(nudge, tools)


async def _take(nudge: Nudge, tools: Tools) -> Nudge | None:
    stored = await tools.store.get(nudge.run)
    if stored is None or not _is_due(nudge, stored.run, _now(tools)):
        return None
    nonce = uuid.uuid4().hex
    written = claimed = await _replace(
        stored, stored.run.claimed(nonce, _now(tools), tools.rules.claim_seconds), nonce, tools
    )
    if claimed and claimed.run.state.is_moving:
        written = await _replace(claimed, await _attempt(claimed.run, tools), nonce, tools)
    if written is None:
        return None
    _measure(stored.run, written.run)
    if not written.run.state.is_moving:
        await _leave(written.run, tools)
        return None
    # A step that is to be tried again is left to the watchdog: what failed needs some time.
    return Nudge.of(written.run) if written.run.step > stored.run.step else None


def _measure(before: Run, after: Run) -> None:
    """Tell what the step was, and count those whose fate it has settled."""
    measures.note(kind=after.kind.value, state=after.state.value)
    former, now = before.tally, after.tally
    outcomes = Counter(now.outcomes) - Counter(former.outcomes)
    codes = Counter(now.codes) - Counter(former.codes)
    for code, number in (Counter(now.refused) - Counter(former.refused)).items():
        outcomes[CODES[Code(code)].outcome.value] += number
        codes[code] += number
    outcomes[Outcome.UNCHANGED.value] += now.unchanged - former.unchanged
    measures.count_users(after.kind.value, +outcomes, codes)


def _is_due(nudge: Nudge, run: Run, now: float) -> bool:
    """Return whether the nudge is for the step that is due, and nobody is at it."""
    free = not run.is_claimed(now) and run.resume_at <= now
    return run.state.is_moving and nudge.step >= run.step and free


async def _replace(former: Stored, run: Run, nonce: str, tools: Tools) -> Stored | None:
    try:
        return await tools.store.replace(former, run, nonce)
    except LostRaceError:
        return None  # an operator stopped it, or another worker has it


async def _attempt(run: Run, tools: Tools) -> Run:
    """Return the run after the step's work; where that failed, free for another attempt, or given up."""
    deadline = Deadline.after(tools.clock, tools.rules.work_seconds)
    try:
        return await _work(run, tools, deadline)
    except TransientError as error:
        record(_LOG, logging.WARNING, Event.RUN_DELAYED, run=run.id, step=run.step, detail=error.detail)
        measures.note(error=error.code.value)
        wait = min(max(error.retry_after, _SHORTEST_DELAY), _LONGEST_DELAY)
        return run.delayed(error.detail, _now(tools) + wait)
    except PermanentError as error:
        measures.note(error=error.code.value)
        return run.failed(f"{error.detail} {error.remedy}", tools.clock.now().timestamp())
    except LostRaceError:
        return run.delayed("Another worker was faster.", _now(tools))
    except StorageDownError:
        return run.delayed("The storage was out of reach.", _now(tools) + _SHORTEST_DELAY)


async def _work(run: Run, tools: Tools, deadline: Deadline) -> Run:
    if run.state is State.PLANNING:
        if run.cursor is None:
            return await _guard(run, tools)
        return await _plan(run, tools, deadline)
    if run.applied < run.pages:
        return await _apply(run, tools, deadline)
    if run.kind is not RunKind.PUSH:
        await sweep.finish(run, tools)
    return run.finished(_now(tools))


async def _plan(run: Run, tools: Tools, deadline: Deadline) -> Run:
    if run.kind is RunKind.PUSH:
        planned, cursor = await push_run.plan_slice(run, tools, deadline)
    else:
        step = await sweep.plan_step(run, tools, deadline)
        run, planned, cursor = step.run, step.planned, step.cursor
    _check_claim(run, tools)
    for name, what in planned.notes.items():
        await tools.store.put_note(run.id, name, what)
    for number, page in enumerate(planned.pages, run.pages):
        await tools.store.put_page(run.id, number, page)
    digests = tuple(page.digest for page in planned.pages)
    return run.planned(digests, planned.tally, cursor, _now(tools))


async def _guard(run: Run, tools: Tools) -> Run:
    """Hold the whole plan against the limits; what may go on is counted as made, under the run's name."""
    is_push = run.kind is RunKind.PUSH
    planned = {Kind(kind): count for kind, count in run.tally.planned.items()}
    population = (await tools.store.sweeps())[0].population
    limits = tools.rules.limits
    over: dict[Kind, str] = {}

    def grant(recent: Mapping[Kind, int]) -> set[Kind]:
        counts = {kind: recent.get(kind, 0) + count for kind, count in planned.items()}
        over.clear()
        over.update(breaches(counts, limits, population))
        may = run.apply and not over and (is_push or population is not None)
        return set(planned) if may else set()

    recent = await tools.ledger.take(planned, grant, run.id) if planned else {}
    kinds = tuple(kind.value for kind in over)
    if is_push and not run.apply:  # a dry run, or PUSH_MODE=plan: there is nothing to approve
        return run.finished(_now(tools), kinds)
    reasons = [f"{reason}." for reason in over.values()]
    if planned and recent is None:
        reasons.append("The changes of the last 24 hours cannot be counted.")
    if planned and population is None and not is_push:
        reasons.append("The managed population is not known: no full sweep has finished yet.")
    if planned and not run.apply:
        reasons.append("SWEEP_MODE=plan, or started as a plan.")
    shown = {
        kind.value: f"{limit.setting}={limit.count}, {limit.setting}_PERCENT={limit.percent:g}"
        for kind, limit in limits.items()
    }
    if population is not None:
        shown["population"] = str(population)
    return run.guarded(tuple(reasons), kinds, shown, _now(tools))


async def _apply(run: Run, tools: Tools, deadline: Deadline) -> Run:
    page = await tools.store.page(run, run.applied)
    if page is None:
        return run.failed(f"Page {run.applied} of the plan is gone, or is not what was planned.", _now(tools))
    if run.decision:  # what a person approved is counted, and held to no limit
        wanted = {Kind(kind): count for kind, count in run.tally.planned.items() if run.approves(kind)}
        await tools.ledger.take(wanted, lambda _: wanted, run.id)
    left_out = await push_run.contradicted(run, tools) if run.kind is RunKind.PUSH else frozenset[str]()
    done = await apply_page(run, page, left_out, tools, deadline)
    _check_claim(run, tools)
    await tools.store.put_page(run.id, run.applied, done)
    return run.applied_page(applying_tally(done.changes), _now(tools))


def _check_claim(run: Run, tools: Tools) -> None:
    """Raise LostRaceError if the claim is over: whoever stood still so long would undo another's page."""
    if not run.is_claimed(_now(tools)):
        raise LostRaceError


def _now(tools: Tools) -> float:
    return tools.clock.now().timestamp()


async def _leave(run: Run, tools: Tools) -> None:
    """Take leave of a run that nudges move no more, and log it by the names that alerts wait for."""
    if run.state.is_final:
        await close(run, tools)
    event, level = _ENDS.get(run.state, (Event.RUN_FAILED, logging.ERROR))
    record(
        _LOG,
        level,
        event,
        run=run.id,
        kind=run.kind.value,
        users=run.tally.users,
        planned=json.dumps(dict(run.tally.planned)),
        outcomes=json.dumps(dict(run.tally.outcomes)),
        heldFor=list(run.held_for),
        detail=run.detail or None,
    )


async def close(run: Run, tools: Tools) -> None:
    """Take a run that is over from the open ones, and count of it what it has made."""
    if run.tally.planned:
        await tools.ledger.settle(run.id, await _made(run, tools))
    await tools.store.close(run.id)


async def _made(run: Run, tools: Tools) -> Counter[Kind]:
    """Return what a run has written; of the page that it stood at, all that it may have."""
    made: Counter[Kind] = Counter()
    for number in range(min(run.applied + run.was_applying, run.pages)):
        if page := await tools.store.page(run, number):
            made.update(
                Kind(one.kind)
                for one in page.changes
                if one.was_made or (one.outcome is None and run.approves(one.kind))
            )
    return made


_ENDS = {
    State.HELD: (Event.RUN_HELD, logging.WARNING),
    State.FINISHED: (Event.RUN_FINISHED, logging.INFO),
}
