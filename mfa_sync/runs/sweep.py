"""Whom a sweep looks at, step by step (design, section 7).

full      the listing, page by page
changed   users/delta, the audit log, whoever is owed, who joined the scope group: collected, then read

What comes after is fixed before the first page is read: a change that happens meanwhile is in the next sweep.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mfa_sync.graph import audit, delta, users
from mfa_sync.runs.planning import Planned, plan_listed, plan_named
from mfa_sync.runs.run import Run, RunKind
from mfa_sync.telemetry.events import Event, record

if TYPE_CHECKING:
    from mfa_sync.runs.context import Tools
    from shared.clock import Deadline

_LOG = logging.getLogger(__name__)
_NEXT, _IDS = "next", "ids"
# The audit log is up to minutes late, so windows overlap; what comes twice is only read twice.
_OVERLAP = timedelta(minutes=15)
_READ_AT_ONCE = 500
# Before the first finished sweep: for as long as the audit log is kept in every tenant.
_FIRST_LOOK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Planning:
    """What one step of planning leaves.

    Attributes:
        run: The run, turned into a full one where changes cannot be known.
        planned: Pages and counts.
        cursor: Where to go on; None when everybody was looked at.
    """

    run: Run
    planned: Planned
    cursor: str | None


async def plan_step(run: Run, tools: Tools, deadline: Deadline) -> Planning:
    """Look at the next users of a sweep.

    Raises:
        TransientError, PermanentError: The directory as a whole could not be read.
        StorageDownError: What the step needs could not be read or kept.
    """
    if not run.cursor:
        return await _begin(run, tools, deadline)
    cursor: dict[str, Any] = json.loads(run.cursor)
    match cursor["phase"]:
        case "list":
            return await _list(run, cursor["link"], tools, deadline)
        case "collect":
            return await _collect(run, cursor["link"], cursor["part"], tools, deadline)
        case _:
            return await _read(run, cursor["parts"], cursor["at"], tools, deadline)


async def _begin(run: Run, tools: Tools, deadline: Deadline) -> Planning:
    """Fix where the next sweep will go on, learn whose phones others changed, then start."""
    sweeps, _ = await tools.store.sweeps()
    former = await tools.store.note(sweeps.last, _NEXT) if sweeps.last else None
    members = await _members(tools, deadline)
    now = tools.clock.now()
    since = datetime.fromisoformat(former["audit"]) - _OVERLAP if former else now - _FIRST_LOOK
    own = (await tools.tenant(deadline).scope_sets()).own
    others = await audit.changed_by_others(tools.graph, since, now, own, deadline)
    await tools.void(others or ())
    if run.kind is RunKind.CHANGED and former is not None and others is not None:
        joined = set(members or ()) - set(former["members"] or ())
        first = sorted({*others, *former["owed"], *joined})
        notes = {f"{_IDS}/0": first, _NEXT: _next(tools, former["delta"], now, members)}
        return _planning(run, notes, phase="collect", link=former["delta"], part=1)
    if run.kind is RunKind.CHANGED:
        run = _turned_full(
            run,
            "The audit log may not be read, so drift is found by full sweeps alone."
            if former
            else "No finished sweep to go on from.",
        )
    latest = await delta.latest(tools.graph, deadline)
    return _planning(run, {_NEXT: _next(tools, latest, now, members)}, phase="list", link=None)


async def _list(run: Run, link: str | None, tools: Tools, deadline: Deadline) -> Planning:
    page = await users.users_page(tools.graph, link, deadline)
    planned = await plan_listed(run.id, page.value, tools, deadline)
    cursor = _cursor(phase="list", link=page.next_link) if page.next_link else None
    return Planning(run, planned, cursor)


async def _collect(run: Run, link: str, part: int, tools: Tools, deadline: Deadline) -> Planning:
    """Keep the ids of one page of users/delta, as a part of their own: a late worker takes nobody away."""
    kept = await tools.store.note(run.id, _NEXT)
    try:
        page = await delta.changes_page(tools.graph, link, deadline)
    except delta.TokenGoneError:
        run = _turned_full(run, "The delta token is gone, so everybody is looked at.")
        latest = await delta.latest(tools.graph, deadline)
        return _planning(run, {_NEXT: {**kept, "delta": latest}}, phase="list", link=None)
    notes: dict[str, Any] = {f"{_IDS}/{part}": page.value}
    if page.next_link:
        return _planning(run, notes, phase="collect", link=page.next_link, part=part + 1)
    notes[_NEXT] = {**kept, "delta": page.delta_link}
    return _planning(run, notes, phase="read", parts=part + 1, at=0)


async def _read(run: Run, parts: int, at: int, tools: Tools, deadline: Deadline) -> Planning:
    ids: set[str] = set()
    for part in range(parts):
        ids.update(await tools.store.note(run.id, f"{_IDS}/{part}") or ())
    some = sorted(ids)[at : at + _READ_AT_ONCE]
    planned = await plan_named(run.id, some, tools, deadline)
    after = at + _READ_AT_ONCE
    cursor = _cursor(phase="read", parts=parts, at=after) if after < len(ids) else None
    return Planning(run, planned, cursor)


async def finish(run: Run, tools: Tools) -> None:
    """Make the sweep the one that the next goes on from, with everybody whom it owes.

    Raises:
        StorageDownError, LostRaceError: It could not be kept; to be tried again.
    """
    owed: set[str] = set()
    holders = run.tally.holders  # as they were read; the plan has changed them since
    for number in range(run.pages):
        page = await tools.store.page(run, number)
        if page is None:
            continue
        holders += sum(one.holders_more for one in page.changes)
        owed.update(page.owed)
        owed.update(one.id for one in page.changes if one.is_open)
    kept = await tools.store.note(run.id, _NEXT)
    await tools.store.put_note(run.id, _NEXT, {**kept, "owed": sorted(owed)})
    sweeps, etag = await tools.store.sweeps()
    now = replace(sweeps, last=run.id)
    if run.kind is RunKind.FULL:
        now = replace(
            now,
            last_full=run.id,
            full_at=run.created,
            population=holders,
            digest=kept["digest"],
        )
    await tools.store.put_sweeps(now, etag)


async def _members(tools: Tools, deadline: Deadline) -> list[str] | None:
    members = (await tools.tenant(deadline).scope_sets()).members
    return sorted(members) if members is not None else None


def _next(tools: Tools, link: str, now: datetime, members: list[str] | None) -> dict[str, Any]:
    """Return where the following sweep will go on."""
    return {
        "delta": link,
        "audit": now.astimezone(UTC).isoformat(),
        "owed": [],
        "members": members,
        "digest": tools.rules.digest,
    }


def _turned_full(run: Run, detail: str) -> Run:
    record(_LOG, logging.WARNING, Event.RUN_TURNED_FULL, run=run.id, detail=detail)
    return replace(run, kind=RunKind.FULL, detail=detail)


def _planning(run: Run, notes: dict[str, Any], **where: Any) -> Planning:
    """Return a step that has planned for nobody yet, and learnt what later ones need."""
    return Planning(run, Planned(notes=notes), _cursor(**where))


def _cursor(**where: Any) -> str:
    return json.dumps(where)
