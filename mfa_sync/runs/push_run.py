"""A push of many rows as a run: planned in slices, held over a limit, and answered row by row at the end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from mfa_sync.runs.page import pages_of, planning_tally
from mfa_sync.runs.planning import Planned
from mfa_sync.runs.push_rows import KeptRow
from mfa_sync.runs.run import Run, State
from mfa_sync.telemetry import outsiders
from shared.codes import CODES, Code
from shared.outcome import Note, Outcome
from shared.plan import Entry, Plan, Request
from shared.reconciler import plan
from shared.results import Result, foresee
from shared.row_result import RowResult, ending
from shared.tenant import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mfa_sync.runs.context import Tools
    from mfa_sync.runs.page import PlannedChange
    from mfa_sync.vault.fingerprints import FingerprintKey
    from shared.clock import Deadline
    from shared.plan import Intent

_ROWS, _PEOPLE = "rows", "people"
_SLICE = 200


@dataclass(frozen=True, slots=True)
class _Row:
    """A kept row in the shape that its line is made from."""

    key: str
    shown: str | None
    intent: Intent
    reference: str | None


async def keep_rows(run: Run, rows: Sequence[KeptRow], key: str, *, dry_run: bool, tools: Tools) -> None:
    """Keep the rows of a run that is about to be begun.

    Raises:
        StorageDownError: They could not be kept.
    """
    what = {"dryRun": dry_run, "key": key, "rows": [row.dump() for row in rows]}
    await tools.store.put_note(run.id, _ROWS, what)


async def plan_slice(run: Run, tools: Tools, deadline: Deadline) -> tuple[Planned, str | None]:
    """Plan for the next rows, with a line for each.

    Returns:
        What was planned, and the cursor; None when all rows have their line.

    Raises:
        TransientError, PermanentError: The directory as a whole could not be read.
        StorageDownError: What the step needs could not be read.
    """
    kept = await tools.store.note(run.id, _ROWS)
    first = int(run.cursor or 0)
    rows = [KeptRow(*one) for one in kept["rows"][first : first + _SLICE]]
    key = await tools.keys.version(kept["key"]) or await tools.keys.current()
    policy = tools.rules.push_policy
    memory = tools.memory(run.id, policy, deadline)
    requests = [Request(row, one.key, one.intent(key)) for row, one in enumerate(rows)]
    made = await plan(requests, tools.tenant(deadline), policy, memory)
    outsiders.report(run.id, made)
    made = made.map(lambda entry: _with_fault(entry, rows))
    people: dict[str, list[Any]] = await tools.store.note(run.id, _PEOPLE) or {}
    made, repeats = _apart(made, rows, first, people)
    lines = _lines(made, rows, first, tools, key) | repeats
    notes = {f"lines/{first}": [lines[row] for row in sorted(lines)], _PEOPLE: people}
    pages = pages_of(made.entries, await tools.keys.current(), _SLICE)
    after = first + _SLICE
    cursor = str(after) if after < len(kept["rows"]) else None
    return Planned(pages, planning_tally(made.entries), notes), cursor


def _with_fault(entry: Entry, rows: Sequence[KeptRow]) -> Entry:
    fault = next((rows[row].fault for row in entry.rows if rows[row].fault), "")
    return entry.refused(Code.INVALID_PHONE_NUMBER, "Mobile", fault) if fault else entry


def _apart(
    made: Plan, rows: Sequence[KeptRow], first: int, people: dict[str, list[Any]]
) -> tuple[Plan, dict[int, dict[str, Any]]]:
    """Take those who stood in an earlier slice out of this slice's plan: nobody is planned for twice.

    `people` holds for each person the first row, its wish, and whether rows contradict each other.

    Returns:
        The plan without them, and their rows' lines, which point to that first row.
    """
    entries: list[Entry] = []
    repeats: dict[int, dict[str, Any]] = {}
    for entry in made.entries:
        person = entry.user.id if entry.user else entry.key
        wishes = {rows[row].wish for row in entry.rows}
        wish = wishes.pop() if len(wishes) == 1 else None
        known = people.setdefault(person, [first + entry.rows[0], wish, False])
        if known[0] >= first:  # this slice's own, perhaps of a former attempt
            entries.append(entry)
            continue
        known[2] = known[2] or wish != known[1]
        for row in entry.rows:
            repeats[row] = {"row": first + row, "same": known[0], "reference": rows[row].reference}
    return Plan(tuple(entries)), repeats


def _lines(
    made: Plan, rows: Sequence[KeptRow], first: int, tools: Tools, key: FingerprintKey
) -> dict[int, dict[str, Any]]:
    lines: dict[int, dict[str, Any]] = {}
    for entry in made.entries:
        for row in entry.rows:
            one = rows[row]
            named = _Row(one.key, one.shown, one.intent(key), one.reference)
            line = to_builtins(
                RowResult.of(first + row, named, entry, foresee(entry), tools.rules.push_policy)
            )
            person = entry.user.id if entry.user else entry.key
            lines[row] = {**line, "person": person, "change": isinstance(entry.decision, Change)}
    return lines


async def contradicted(run: Run, tools: Tools) -> frozenset[str]:
    """Return the object ids of people whose rows contradict each other across slices: not to be written."""
    people: dict[str, list[Any]] = await tools.store.note(run.id, _PEOPLE) or {}
    return frozenset(person for person, (_, _, differs) in people.items() if differs)


async def lines_of(run: Run, tools: Tools) -> tuple[list[dict[str, Any]], bool] | None:
    """Return the lines of a run that is no longer moving, in the rows' order, and whether it was a dry run.

    None where its rows are gone: its time was over.

    Raises:
        StorageDownError: They could not be read.
    """
    kept = await tools.store.note(run.id, _ROWS)
    if kept is None:
        return None
    firsts = range(0, len(kept["rows"]), _SLICE)
    slices = await asyncio.gather(*(tools.store.note(run.id, f"lines/{first}") for first in firsts))
    changes = await _changes(run, tools)
    differ = await contradicted(run, tools)
    raw = {line["row"]: line for line in chain.from_iterable(one or () for one in slices)}
    lines: list[dict[str, Any]] = []
    for number, row in enumerate(kept["rows"]):
        line = raw.get(number)
        if line is None:  # the run ended before this row's turn
            line = _unplanned(number, KeptRow(*row))
        reference = line["reference"]
        source = raw[line["same"]] if "same" in line else line
        ended = {
            **source,
            "row": number,
            "reference": reference,
            **_ending(source, run, changes, differ, kept),
        }
        lines.append({name: value for name, value in ended.items() if name not in {"person", "change"}})
    return lines, bool(kept["dryRun"])


async def _changes(run: Run, tools: Tools) -> Mapping[str, tuple[int, PlannedChange]]:
    pages = await asyncio.gather(*(tools.store.page(run, number) for number in range(run.pages)))
    return {one.id: (number, one) for number, page in enumerate(pages) if page for one in page.changes}


def _unplanned(number: int, row: KeptRow) -> dict[str, Any]:
    return {
        "row": number,
        "id": row.key if row.shown is None else None,
        "userPrincipalName": row.shown,
        "reference": row.reference,
        **ending(Result.stopped(Code.NOT_ATTEMPTED)),
        "source": "extensionAttribute15",
        "sourceSyncedAt": None,
        "person": row.key,
        "change": False,
    }


def _ending(
    line: Mapping[str, Any],
    run: Run,
    changes: Mapping[str, tuple[int, PlannedChange]],
    differ: Iterable[str],
    kept: Mapping[str, Any],
) -> dict[str, Any]:
    """Return how a line ended, where planning alone did not say it."""
    if line["person"] in differ:
        return ending(Result.stopped(Code.CONTRADICTORY_ROWS))
    if not line["change"]:
        return {}
    number, one = changes.get(line["person"], (run.pages, None))
    if kept["dryRun"]:
        return ending(Result.stopped(Code.LIMIT_REACHED)) if one and one.kind in run.over else {}
    if run.state is State.HELD:
        return ending(Result.stopped(Code.AWAITING_APPROVAL))
    if one is None or one.outcome is None:
        return ending(Result.stopped(_unmade(run, number)))
    code = Code(one.code) if one.code else None
    notes, detail = tuple(Note(note) for note in one.notes), CODES[code].meaning if code else None
    return ending(Result(Outcome(one.outcome), code, detail, notes, one.phone))


def _unmade(run: Run, number: int) -> Code:
    """Return why a change on a page of a run that is over has no end of its own."""
    if run.state is State.FINISHED:
        return Code.PLAN_ONLY
    if run.was_applying and number == run.applied:  # it may have been half written
        return Code.OUTCOME_UNKNOWN
    return _CODES.get(run.state, Code.NOT_ATTEMPTED)


_CODES = {
    State.DISCARDED: Code.DISCARDED,
    State.STOPPED: Code.DISCARDED,
    State.SUPERSEDED: Code.DISCARDED,
}
