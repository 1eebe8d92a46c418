"""How a push of many rows plans: slice by slice, and each row has a line to be answered by at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any

import msgspec

from mfa_sync.runs.context import RunContext
from mfa_sync.runs.page import Page, PlannedChange, numbers_of, pages_of, planning_tally
from mfa_sync.runs.planner import Planned
from mfa_sync.runs.push_rows import KeptRow, KeptRows
from mfa_sync.runs.run import Run, State
from shared.clock import Deadline
from shared.codes import Code
from shared.plan import Entry, Plan, Refusal
from shared.policy import Policy
from shared.reconciler import plan
from shared.results import Result, foresee
from shared.row_result import RowResult, ending
from shared.tenant import Change

ROWS, _PEOPLE = "rows", "people"
_SLICE = 200


class Person(msgspec.Struct, array_like=True):
    """What rows of one person ask, over all slices.

    Attributes:
        first: The first of the rows.
        wish: What it asks; None where rows of its slice contradict each other.
        differs: Whether rows of later slices contradict it.
    """

    first: int
    wish: str | None
    differs: bool = False


async def keep_rows(
    run: Run, rows: Sequence[KeptRow], key: str, *, dry_run: bool, context: RunContext
) -> Run:
    """Keep the rows of a run that is about to be begun, and return it with their seal.

    Raises:
        StorageDownError: They could not be kept.
    """
    kept = KeptRows(dry_run, key, tuple(rows))
    return run.sealed({ROWS: await context.runs.seal(run.id, ROWS, kept)})


class PushPlanner:
    """One step of a push of many rows."""

    def __init__(self, run: Run, context: RunContext, deadline: Deadline) -> None:
        self._run = run
        self._context = context
        self._deadline = deadline

    @property
    def applying_policy(self) -> Policy:
        """The one that planned."""
        return self._context.settings.policy

    async def plan_next(self) -> Planned:
        """Plan for the next rows, with a line for each."""
        run, context = self._run, self._context
        kept = await context.runs.sealed(run.id, ROWS, run.seal(ROWS), KeptRows)
        if kept is None:
            raise LookupError("The rows of this push are gone.")
        first = int(run.cursor or 0)
        after = first + _SLICE
        rows = kept.rows[first:after]
        key = await context.keys.version(kept.key) or await context.keys.current()
        policy = context.settings.policy
        memory = context.last_written.of_call(run.id, policy, self._deadline)
        requests = [one.request(row, key) for row, one in enumerate(rows)]
        made = await plan(requests, context.tenant(self._deadline), policy, memory)
        memory.report(made)
        made = made.map(lambda entry: _with_fault(entry, rows))
        people = await _people(run, context)
        made, repeats = _apart(made, rows, first, people)
        lines = _lines(made, rows, first, policy) | repeats
        notes: dict[str, object] = {f"lines/{first}": [lines[row] for row in sorted(lines)], _PEOPLE: people}
        current = await context.keys.current()
        pages = pages_of(made.entries, current, _SLICE)
        notes |= numbers_of(made.entries, pages, current)
        cursor = str(after) if after < len(kept.rows) else None
        return Planned(run, cursor, pages, planning_tally(made.entries), notes)

    def why_held(self, population: int | None) -> list[str] | None:
        """Limits alone hold it. In a dry run, or with PUSH_MODE=plan, there is nothing to approve."""
        del population
        return [] if self._run.apply else None

    async def left_out(self) -> frozenset[str]:
        """Return the people whose rows contradict each other across slices."""
        return await _contradicted(self._run, self._context)

    def look_back(self, page: Page) -> None:
        """Do nothing, as at the end."""

    async def finish(self) -> None:
        """Do nothing: its lines are put together when they are asked for."""


def _with_fault(entry: Entry, rows: Sequence[KeptRow]) -> Entry:
    fault = next((rows[row].fault for row in entry.rows if rows[row].fault), "")
    return entry.refused(Code.INVALID_PHONE_NUMBER, "Mobile", fault) if fault else entry


def _apart(
    made: Plan, rows: Sequence[KeptRow], first: int, people: dict[str, Person]
) -> tuple[Plan, dict[int, dict[str, Any]]]:
    """Take those who stood in an earlier slice out of this slice's plan: nobody is planned for twice.

    Returns:
        The plan without them, and their rows' lines, which point to that first row.
    """
    entries: list[Entry] = []
    repeats: dict[int, dict[str, Any]] = {}
    for entry in made.entries:
        wishes = {rows[row].wish for row in entry.rows}
        wish = wishes.pop() if len(wishes) == 1 else None
        known = people.setdefault(_person(entry), Person(first + entry.rows[0], wish))
        if known.first >= first:  # this slice's own, perhaps of a former attempt
            entries.append(entry)
            continue
        known.differs = known.differs or wish != known.wish
        for row in entry.rows:
            repeats[row] = {"row": first + row, "same": known.first, "reference": rows[row].reference}
    return Plan(tuple(entries)), repeats


def _lines(made: Plan, rows: Sequence[KeptRow], first: int, policy: Policy) -> dict[int, dict[str, Any]]:
    return {row: _line(first + row, rows[row], entry, policy) for entry in made.entries for row in entry.rows}


def _line(number: int, row: KeptRow, entry: Entry, policy: Policy) -> dict[str, Any]:
    """Return a row's line as it is kept: with the person, and whether there is a change to look up."""
    shown = msgspec.to_builtins(RowResult.of(number, row, entry, foresee(entry), policy))
    return {**shown, "person": _person(entry), "change": isinstance(entry.decision, Change)}


def _person(entry: Entry) -> str:
    return entry.user.id if entry.user else entry.key


async def _people(run: Run, context: RunContext) -> dict[str, Person]:
    return await context.runs.note(run.id, _PEOPLE, dict[str, Person]) or {}


async def _contradicted(run: Run, context: RunContext) -> frozenset[str]:
    people = await _people(run, context)
    return frozenset(person for person, one in people.items() if one.differs)


async def lines_of(run: Run, context: RunContext) -> tuple[list[dict[str, Any]], bool] | None:
    """Return the lines of a run that is no longer moving, in the rows' order, and whether it was a dry run.

    None where its rows are gone: its time was over.

    Raises:
        StorageDownError: They could not be read.
    """
    store, policy = context.runs, context.settings.policy
    kept = await store.sealed(run.id, ROWS, run.seal(ROWS), KeptRows)
    if kept is None:
        return None
    firsts = range(0, len(kept.rows), _SLICE)
    slices = await asyncio.gather(*(store.note(run.id, f"lines/{first}", list[Any]) for first in firsts))
    pages = await asyncio.gather(*(store.page(run, number) for number in range(run.pages)))
    changes = {one.id: (number, one) for number, page in enumerate(pages) if page for one in page.changes}
    shared = {one.id for page in pages if page for one in page.refusals if one.code == Code.SHARED_NUMBER}
    differ = await _contradicted(run, context)
    planned = {line["row"]: line for line in chain.from_iterable(one or () for one in slices)}
    lines: list[dict[str, Any]] = []
    for number, row in enumerate(kept.rows):
        line = planned.get(number) or _line(number, row, _unplanned(number, row), policy)
        first = planned[line["same"]] if "same" in line else line
        if first["person"] in shared - differ:
            result: Result | None = Result.stopped(Code.SHARED_NUMBER)
        else:
            result = _result(first, run, changes, differ, dry_run=kept.dry_run)
        line = {**first, "row": number, "reference": line["reference"], **(ending(result) if result else {})}
        lines.append({name: value for name, value in line.items() if name not in {"person", "change"}})
    return lines, kept.dry_run


def _unplanned(number: int, row: KeptRow) -> Entry:
    """Return the entry of a row whose run ended before its turn."""
    return Entry((number,), row.key, row.intent, None, None, Refusal(Code.NOT_ATTEMPTED, "the run's end"))


def _result(
    line: Mapping[str, Any],
    run: Run,
    changes: Mapping[str, tuple[int, PlannedChange]],
    differ: AbstractSet[str],
    *,
    dry_run: bool,
) -> Result | None:
    """Return how a line's person ended; None where planning said it already."""
    if line["person"] in differ:
        return Result.stopped(Code.CONTRADICTORY_ROWS)
    if not line["change"]:
        return None
    page, change = changes.get(line["person"], (run.pages, None))
    if dry_run:
        return Result.stopped(Code.LIMIT_REACHED) if change and change.kind in run.over else None
    if run.state is State.HELD:
        return Result.stopped(Code.AWAITING_APPROVAL)
    return (change and change.result) or Result.stopped(_why_unmade(run, page))


def _why_unmade(run: Run, page: int) -> Code:
    """Return why a change on a page of a run that is over has no end of its own."""
    if run.state is State.FINISHED:
        return Code.PLAN_ONLY
    if run.was_applying and page == run.applied:  # it may have been half written
        return Code.OUTCOME_UNKNOWN
    given_up = run.state in {State.DISCARDED, State.STOPPED, State.SUPERSEDED}
    return Code.DISCARDED if given_up else Code.NOT_ATTEMPTED
