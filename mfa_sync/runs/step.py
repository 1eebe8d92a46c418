"""One step of a run: claim it, work, store what follows (docs/runs.md).

    nudge -> claim -> work -> write page -> write head (next step, claim given back) -> next nudge

Whatever kills a worker in between, the step is begun again, by the queue or by the watchdog, and finds what
was done: pages are written whole, and what is already so in the tenant is not written again.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from copy import replace
from typing import Any

import msgspec

from mfa_sync.runs.applying import apply_page
from mfa_sync.runs.context import RunContext
from mfa_sync.runs.kept import Kept
from mfa_sync.runs.page import Page, applying_tally
from mfa_sync.runs.planner import Planner
from mfa_sync.runs.push_run import PushPlanner
from mfa_sync.runs.readiness import ReadinessPlanner
from mfa_sync.runs.run import Run, RunKind, State
from mfa_sync.runs.shared_numbers import refuse_shared
from mfa_sync.runs.store import RUN_ID
from mfa_sync.runs.sweep import SweepPlanner
from mfa_sync.storage.table import LostRaceError, StorageDownError
from mfa_sync.telemetry import measures
from mfa_sync.telemetry.events import Event, record
from shared.clock import Deadline
from shared.codes import CODES, Code
from shared.errors import PermanentError, TransientError
from shared.guard import LedgerBusyError, breaches
from shared.outcome import Outcome
from shared.tenant import Kind

# W3C Trace Context, section 3.2.
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
# Far more than a run can have; what exports traces knows no larger number.
_MOST_STEPS = 2**31
_SHORTEST_DELAY, _LONGEST_DELAY = 60.0, 900.0


class Nudge(Kept, frozen=True, omit_defaults=True):
    """The message that moves a run. Older workers pass over `traceparent`.

    Attributes:
        run: The run's id.
        step: The number of the step that is due.
        trace: The span that the step belongs to, as W3C's traceparent; empty where nothing is traced.
    """

    run: str
    step: int
    trace: Any = msgspec.field(default="", name="traceparent")

    @classmethod
    def of(cls, run: Run) -> Nudge:
        """Return the nudge for the step that is due."""
        return cls(run.id, run.step, run.trace)

    @classmethod
    def load(cls, text: str | bytes) -> Nudge:
        """Return the nudge that a message holds, without a trace that is none.

        Raises:
            ValueError: The message holds something else.
        """
        nudge = super().load(text)
        return nudge if _TRACEPARENT.fullmatch(str(nudge.trace)) else replace(nudge, trace="")

    @property
    def is_possible(self) -> bool:
        """Whether a run can have such an id, and such a step: a stranger's message may hold anything."""
        return RUN_ID.fullmatch(self.run) is not None and 0 <= self.step <= _MOST_STEPS


async def take(nudge: Nudge, context: RunContext) -> Nudge | None:
    """Do the step that is due, and return the nudge for the next one; None if there is nothing to do now.

    Raises:
        StorageDownError: The run could not be read or written; the same nudge again is right.
    """
    async with measures.span(measures.Span.RUN_STEP, nudge.trace, run=nudge.run, step=nudge.step):
        stored = await context.runs.get(nudge.run)
        if stored is None or not _is_due(nudge, stored.run, context.now):
            return None
        claimed = stored.run.claimed(uuid.uuid4().hex, context.now, context.settings.sweeps.claim_seconds)
        try:
            written = await context.runs.replace(stored, claimed)
            if claimed.state.is_moving:
                written = await context.runs.replace(written, await _attempt(claimed, context))
        except LostRaceError:
            return None  # an operator stopped it, or another worker has it
        _measure(stored.run, written.run)
        if not written.run.state.is_moving:
            await _leave(written.run, context)
            return None
        # A step that is to be tried again is left to the watchdog: what failed needs some time.
        return Nudge.of(written.run) if written.run.step > stored.run.step else None


def _is_due(nudge: Nudge, run: Run, now: float) -> bool:
    """Return whether the nudge is for the step that is due, and nobody is at it."""
    free = not run.is_claimed(now) and run.resume_at <= now
    return run.state.is_moving and nudge.step >= run.step and free


async def _attempt(run: Run, context: RunContext) -> Run:
    """Return the run after the step's work; where that failed, free for another attempt, or given up."""
    deadline = Deadline.after(context.clock, context.work_seconds)
    try:
        return await _work(run, planner_of(run, context, deadline), context, deadline)
    except TransientError as error:
        record(Event.RUN_DELAYED, run=run.id, step=run.step, detail=error.detail)
        measures.note(error=error.code.value)
        wait = min(max(error.retry_after, _SHORTEST_DELAY), _LONGEST_DELAY)
        return run.delayed(error.detail, context.now + wait)
    except PermanentError as error:
        measures.note(error=error.code.value)
        return run.failed(f"{error.detail} {error.remedy}", context.now)
    except (LostRaceError, LedgerBusyError):
        return run.delayed("Another worker was faster.", context.now)
    except StorageDownError:
        return run.delayed("The storage was out of reach.", context.now + _SHORTEST_DELAY)


def planner_of(run: Run, context: RunContext, deadline: Deadline) -> Planner:
    """Return what plans and ends runs of this kind."""
    return _PLANNERS[run.kind](run, context, deadline)


async def _work(run: Run, planner: Planner, context: RunContext, deadline: Deadline) -> Run:
    if run.state is State.PLANNING:
        return await (_guard if run.cursor is None else _plan)(run, planner, context)
    if run.applied < run.pages:
        return await _apply(run, planner, context, deadline)
    made: Counter[Kind] = Counter()
    async for page in _pages(run, run.pages, context):
        planner.look_back(page)
        made += _made_on(page, run)
    await planner.finish()
    return replace(run.finished(context.now), made=dict(made))


async def _plan(run: Run, planner: Planner, context: RunContext) -> Run:
    planned = await planner.plan_next()
    _check_claim(run, context)
    for name, what in planned.notes.items():
        await context.runs.put_note(run.id, name, what)
    for number, page in enumerate(planned.pages, run.pages):
        await context.runs.put_page(run.id, number, page)
    seals = {name: await context.runs.seal(run.id, name, what) for name, what in planned.sealed.items()}
    digests = tuple(page.digest for page in planned.pages)
    return planned.run.sealed(seals).planned(digests, planned.tally, planned.cursor, context.now)


async def _guard(run: Run, planner: Planner, context: RunContext) -> Run:
    """Hold the whole plan against the limits; what may go on is counted as made, under the run's name."""
    run = await refuse_shared(run, context)
    planned, limits = run.tally.planned, context.settings.limits
    population = (await context.runs.sweeps())[0].population
    waits = planner.why_held(population)
    over: dict[Kind, str] = {}

    def grant(recent: Mapping[Kind, int]) -> set[Kind]:
        counts = {kind: recent.get(kind, 0) + count for kind, count in planned.items()}
        over.clear()
        over.update(breaches(counts, limits, population))
        return set(planned) if not over and waits == [] else set()

    recent = await context.counters.take(planned, grant, run.id) if planned else {}
    if waits is None:
        return run.finished(context.now, tuple(over))
    reasons = [f"{reason}." for reason in over.values()]
    if recent is None:
        reasons.append("The changes of the last 24 hours cannot be counted.")
    if planned:
        reasons += waits
    shown = {
        kind.value: f"{limit.setting}={limit.count}, {limit.setting}_PERCENT={limit.percent:g}"
        for kind, limit in limits.items()
    }
    if population is not None:
        shown["population"] = str(population)
    if approved := await context.counters.approved():
        shown["approved"] = ", ".join(f"{kind} {count}" for kind, count in sorted(approved.items()))
    return run.guarded(tuple(reasons), tuple(over), shown, context.now)


async def _apply(run: Run, planner: Planner, context: RunContext, deadline: Deadline) -> Run:
    page = await context.runs.page(run, run.applied)
    if page is None:
        detail = f"Page {run.applied} of the plan is gone, or is not what was planned."
        return run.failed(detail, context.now)
    if run.decision:
        wanted = {kind: count for kind, count in run.tally.planned.items() if run.approves(kind)}
        await context.counters.approve(run.id, wanted)
    done = await apply_page(run, page, planner, context, deadline)
    _check_claim(run, context)
    await context.runs.put_page(run.id, run.applied, done)
    return run.applied_page(applying_tally(done.changes), context.now)


def _check_claim(run: Run, context: RunContext) -> None:
    """Raise LostRaceError if the claim is over: whoever stood still so long would undo another's page."""
    if not run.is_claimed(context.now):
        raise LostRaceError


def _measure(before: Run, after: Run) -> None:
    """Note on the step's span what it was, and count those whose fate it has settled."""
    measures.note(kind=after.kind.value, state=after.state.value)
    former, latter = before.tally, after.tally
    outcomes = Counter(latter.outcomes) - Counter(former.outcomes)
    codes = Counter(latter.codes) - Counter(former.codes)
    for code, number in (Counter(latter.refused) - Counter(former.refused)).items():
        outcomes[CODES[Code(code)].outcome] += number
        codes[code] += number
    outcomes[Outcome.UNCHANGED] += latter.unchanged - former.unchanged
    measures.count_users(after.kind.value, +outcomes, codes)


async def _leave(run: Run, context: RunContext) -> None:
    """Take leave of a run that nudges move no more, and log it by the names that alerts wait for."""
    if run.state.is_final:
        await close(run, context)
    event = _ENDS.get(run.state, Event.RUN_FAILED)
    record(
        event,
        run=run.id,
        kind=run.kind.value,
        users=run.tally.users,
        planned=json.dumps(run.tally.planned),
        outcomes=json.dumps(run.tally.outcomes),
        readiness=json.dumps(run.tally.readiness) if run.tally.readiness else None,
        heldFor=list(run.held_for),
        detail=run.detail or None,
    )


async def close(run: Run, context: RunContext) -> None:
    """Take a run that is over from the open ones, and count of it what it has made."""
    if run.tally.planned:
        approved = run.decision is not None and run.decision.what == "approved"
        made = await _made(run, context) if run.made is msgspec.UNSET else Counter(run.made)
        await context.counters.settle(run.id, made, approved=approved)
    await context.runs.close(run.id)


async def _made(run: Run, context: RunContext) -> Counter[Kind]:
    """Return what a run has written; of the page that it stood at, all that it may have."""
    made: Counter[Kind] = Counter()
    async for page in _pages(run, min(run.applied + run.was_applying, run.pages), context):
        made += _made_on(page, run)
    return made


_PLANNERS: Mapping[RunKind, Callable[[Run, RunContext, Deadline], Planner]] = {
    RunKind.FULL: SweepPlanner,
    RunKind.CHANGED: SweepPlanner,
    RunKind.PUSH: PushPlanner,
    RunKind.READINESS: ReadinessPlanner,
}


def _made_on(page: Page, run: Run) -> Counter[Kind]:
    return Counter(
        one.kind for one in page.changes if one.was_made or (one.outcome is None and run.approves(one.kind))
    )


async def _pages(run: Run, first: int, context: RunContext) -> AsyncIterator[Page]:
    """Yield the first pages of a run, as far as they are there."""
    for number in range(first):
        if page := await context.runs.page(run, number):
            yield page


_ENDS = {
    State.HELD: Event.RUN_HELD,
    State.FINISHED: Event.RUN_FINISHED,
}
