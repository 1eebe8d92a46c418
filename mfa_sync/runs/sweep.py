"""How sweeps plan: whom they look at, step by step (docs/runs.md).

full      the listing, page by page
changed   users/delta, the audit log, whoever is owed, who joined the scope group: collected, then read

What comes after is fixed before the first page is read: a change that happens meanwhile is in the next sweep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from copy import replace
from datetime import UTC, datetime, timedelta

import msgspec

from mfa_sync.graph import delta, users
from mfa_sync.graph.audit import Witness
from mfa_sync.graph.tenant import GraphTenant
from mfa_sync.runs import audit_steps
from mfa_sync.runs.audit_steps import Reading
from mfa_sync.runs.context import RunContext
from mfa_sync.runs.kept import dump, load
from mfa_sync.runs.page import NOT_OURS, Page, numbers_of, pages_of, planning_tally
from mfa_sync.runs.planner import Planned
from mfa_sync.runs.run import Run, RunKind, Tally
from mfa_sync.telemetry.events import Event, record
from shared.clock import Deadline
from shared.outcome import Note
from shared.plan import Entry, Intent, Refusal, Request
from shared.policy import Policy
from shared.reconciler import plan
from shared.scope import scope_refusal
from shared.tenant import Observation, Unreadable, User

_NEXT, _IDS, _OTHERS = "next", "ids", "others"
_READ_AT_ONCE = 500
# A step that applies a page reads each user twice and writes once: fifty calls, also for a slow tenant.
_CHANGES_A_PAGE = 200
# Before the first finished sweep: for as long as the audit log is kept in every tenant.
_FIRST_LOOK = timedelta(days=7)


class Next(msgspec.Struct, frozen=True):
    """Where the sweep that follows a finished one goes on.

    Attributes:
        delta: The link that tells who changes from here on.
        audit: From when on the audit log is read, ISO 8601.
        owed: Object ids of those whom it must look at.
        members: Who was in the scope group; None where there is none.
        digest: Of the settings that decide about users.
        witnesses: Entries of the audit log, by the filter that must find them; absent in former versions.
    """

    delta: str
    audit: str
    owed: list[str] = []
    members: list[str] | None = None
    digest: str = ""
    witnesses: dict[str, Witness] | msgspec.UnsetType = msgspec.UNSET


class _List(msgspec.Struct, frozen=True, tag_field="phase", tag="list"):
    """The listing goes on at a link; None is its first page."""

    link: str | None


class _Collect(msgspec.Struct, frozen=True, tag_field="phase", tag="collect"):
    """Who changed is collected at a link, and kept as the part of that number."""

    link: str
    part: int


class _Read(msgspec.Struct, frozen=True, tag_field="phase", tag="read"):
    """Who was collected, in so many parts, is read from a place on."""

    parts: int
    at: int


Cursor = Reading | _List | _Collect | _Read


class _Listed:
    """A tenant whose users were listed already: seeing somebody costs one read and not two."""

    def __init__(self, tenant: GraphTenant, users: Sequence[User]) -> None:
        self._tenant = tenant
        self._users = {user.id: user for user in users}
        self.scope_sets = tenant.scope_sets
        self.privileged_principals = tenant.privileged_principals
        self.other_factors = tenant.other_factors
        self.write = tenant.write
        self.pause = tenant.pause
        self.patience = tenant.patience

    async def observe(self, keys: Collection[str]) -> Mapping[str, Observation | Unreadable]:
        """Return each listed user with phone methods."""
        return await self._tenant.observe_listed([self._users[key] for key in keys])


class SweepPlanner:
    """One step of a full or changed sweep."""

    def __init__(self, run: Run, context: RunContext, deadline: Deadline) -> None:
        self._run = run
        self._context = context
        self._deadline = deadline
        # Each worker reads groups, and who is privileged, afresh for each sweep.
        context.groups.forget(before=run.created)
        self._tenant = context.tenant(deadline)
        self._owed: set[str] = set()
        self._holders_more = 0

    @property
    def applying_policy(self) -> Policy:
        """That of sweeps, but for the grace, which was judged when the plan was made.

        What was shown as a delete is looked at as one.
        """
        return replace(self._context.settings.sweep_policy(), sweeping=False, empty_grace_days=0)

    async def plan_next(self) -> Planned:
        """Look at the next users."""
        if not self._run.cursor:
            return await self._begin()
        where: Cursor = load(self._run.cursor, Cursor)  # type: ignore[arg-type]  # to mypy a union is no type
        match where:
            case Reading():
                return await self._audit(where, await self._next())
            case _List(link):
                return await self._list(link)
            case _Collect(link, part):
                return await self._collect(link, part)
            case _Read(parts, at):
                return await self._read(parts, at)

    def why_held(self, population: int | None) -> list[str]:
        """Without a population percentages do not bite; and who asked for a plan is shown one."""
        reasons = []
        if population is None:
            reasons.append("The managed population is not known: no full sweep has finished yet.")
        if not self._run.apply:
            reasons.append("SWEEP_MODE=plan, or started as a plan.")
        return reasons

    async def left_out(self) -> frozenset[str]:
        """Nobody: a sweep meets each user once."""
        return frozenset()

    def look_back(self, page: Page) -> None:
        """Note who of a page is owed, and how many people more hold a phone by it."""
        self._holders_more += sum(one.holders_more for one in page.changes)
        self._owed.update(page.owed, (one.id for one in page.changes if one.is_open))

    async def finish(self) -> None:
        """Make the sweep the one that the next goes on from, with everybody whom it owes."""
        run, store = self._run, self._context.runs
        following = await self._next()
        seal = await store.seal(run.id, _NEXT, replace(following, owed=sorted(self._owed)))
        sweeps, etag = await store.sweeps()
        sweeps = replace(sweeps, last=run.id, seal=seal)
        if run.kind is RunKind.FULL:
            sweeps = replace(
                sweeps,
                last_full=run.id,
                full_at=run.created,
                population=run.tally.holders + self._holders_more,  # as read, and changed since
                digest=following.digest,
            )
        await store.put_sweeps(sweeps, etag)

    async def _begin(self) -> Planned:
        """Fix where the next sweep will go on, learn whose phones others changed, then start."""
        context = self._context
        sweeps, _ = await context.runs.sweeps()
        last, seal = sweeps.last, sweeps.seal or ""
        former = await context.runs.sealed(last, _NEXT, seal, Next) if last else None
        sets = await self._tenant.scope_sets()
        now, digest = context.clock.now(), context.settings.deciding_digest()
        members = None if sets.members is None else sorted(sets.members)
        following = Next("", now.astimezone(UTC).isoformat(), members=members, digest=digest)
        notes: dict[str, object] = {}
        if former:
            following = replace(following, witnesses=former.witnesses)
        if self._run.kind is RunKind.CHANGED:
            if former is None:
                self._turn_full("No finished sweep to go on from.")
            elif sweeps.digest != digest:
                self._turn_full("Scope or policy settings have changed, so everybody is looked at.")
            else:
                following = replace(following, delta=former.delta)
                joined = {*(members or ())} - {*(former.members or ())}
                notes[f"{_IDS}/0"] = sorted({*former.owed, *joined})
        if former is None and await context.last_written.is_empty():
            return await self._from_the_first_page(following)
        overlap = timedelta(seconds=(await context.facts.known()).audit_overlap)
        since = datetime.fromisoformat(former.audit) - overlap if former else now - _FIRST_LOOK
        witnesses, whole = following.witnesses or {}, self._run.kind is RunKind.FULL
        reading = await audit_steps.begin(context, since, now, witnesses, self._deadline, whole=whole)
        first = await self._audit(reading, following)
        return replace(first, notes={**notes, **first.notes}, sealed={_NEXT: following, **first.sealed})

    async def _audit(self, reading: Reading, following: Next) -> Planned:
        """Read on in the audit log; at its end what was remembered of others' phones counts no more."""
        run, context = self._run, self._context
        note = audit_steps.note_of(run, reading)
        read = await audit_steps.read_some(reading, note, context, self._deadline)
        if read is None:
            if run.kind is RunKind.CHANGED:
                self._turn_full("The audit log may not be read, so drift is found by full sweeps alone.")
            # What was read counts; the rest is read by the next sweep that may.
            others = await audit_steps.changed_by_others(run, reading.parts, (), context)
            await context.last_written.void(others)
            first = await self._from_the_first_page(
                replace(following, audit=reading.since or following.audit)
            )
            return replace(first, notes={_OTHERS: {user: by for user, by in others.items() if by}})
        if read.following:
            return Planned(run, dump(read.following), notes={note: read.told})
        others = await audit_steps.changed_by_others(run, reading.parts, read.told, context)
        await context.last_written.void(others)
        following = replace(following, witnesses=read.seen)
        notes: dict[str, object] = {_OTHERS: {user: by for user, by in others.items() if by}}
        if run.kind is RunKind.CHANGED:
            notes[f"{_IDS}/1"] = sorted(others)
            return Planned(run, dump(_Collect(following.delta, 2)), notes=notes, sealed={_NEXT: following})
        first = await self._from_the_first_page(following)
        return replace(first, notes=notes)

    async def _list(self, link: str | None) -> Planned:
        """Plan for one page of the listing. Who is not ours is counted, and costs no read."""
        page = await users.users_page(self._context.graph, link, self._deadline)
        scope, sets = self._context.settings.sweep_policy().scope, await self._tenant.scope_sets()
        refusals = {user.id: scope_refusal(user, scope, sets) for user in page.value}
        ours = [user for user in page.value if refusals[user.id] is None]
        outside = Counter(refusal[0].value for refusal in refusals.values() if refusal)
        cursor = dump(_List(page.next_link)) if page.next_link else None
        planned = await self._plan([user.id for user in ours], _Listed(self._tenant, ours), cursor)
        return replace(planned, tally=planned.tally + Tally(users=outside.total(), refused=dict(outside)))

    async def _collect(self, link: str, part: int) -> Planned:
        """Keep the ids of one page of users/delta as a part of their own: a late worker takes nobody away."""
        following = await self._next()
        try:
            page = await delta.changes_page(self._context.graph, link, self._deadline)
        except delta.TokenGoneError:
            self._turn_full("The delta token is gone, so everybody is looked at.")
            return await self._from_the_first_page(following)
        notes: dict[str, object] = {f"{_IDS}/{part}": page.value}
        if page.delta_link is None:
            return Planned(self._run, dump(_Collect(page.next_link or "", part + 1)), notes=notes)
        sealed: dict[str, object] = {_NEXT: replace(following, delta=page.delta_link)}
        return Planned(self._run, dump(_Read(part + 1, 0)), notes=notes, sealed=sealed)

    async def _read(self, parts: int, at: int) -> Planned:
        """Plan for the next of those who were collected."""
        ids: set[str] = set()
        for part in range(parts):
            ids.update(await self._context.runs.note(self._run.id, f"{_IDS}/{part}", list[str]) or ())
        after = at + _READ_AT_ONCE
        cursor = dump(_Read(parts, after)) if after < len(ids) else None
        return await self._plan(sorted(ids)[at:after], self._tenant, cursor)

    async def _plan(self, ids: Sequence[str], tenant: GraphTenant | _Listed, cursor: str | None) -> Planned:
        context, policy = self._context, self._context.settings.sweep_policy()
        requests = [Request(row, user_id, Intent()) for row, user_id in enumerate(ids)]
        memory = context.last_written.of_call(self._run.id, policy, self._deadline)
        made = await plan(requests, tenant, policy, memory, context.emptiness)
        others = await context.runs.note(self._run.id, _OTHERS, dict[str, list[str]]) or {}
        made = made.map(lambda entry: _accused(entry, others))
        memory.report(made, others)
        key = await context.keys.current()
        pages = pages_of(made.entries, key, _CHANGES_A_PAGE)
        notes = numbers_of(made.entries, pages, key)
        return Planned(self._run, cursor, pages, planning_tally(made.entries), notes)

    async def _from_the_first_page(self, following: Next) -> Planned:
        latest = await delta.latest(self._context.graph, self._deadline)
        return Planned(self._run, dump(_List(None)), sealed={_NEXT: replace(following, delta=latest)})

    async def _next(self) -> Next:
        """Return where the following sweep will go on, as the first step kept it."""
        run = self._run
        following = await self._context.runs.sealed(run.id, _NEXT, run.seal(_NEXT), Next)
        if following is None:
            raise LookupError("What the first step of this sweep kept is gone.")
        return following

    def _turn_full(self, detail: str) -> None:
        record(Event.RUN_TURNED_FULL, run=self._run.id, detail=detail)
        self._run = replace(self._run, kind=RunKind.FULL, detail=detail)


def _accused(entry: Entry, others: Collection[str]) -> Entry:
    """Return one of ours, whose phone the audit log says that somebody else changed, with the note of it."""
    is_ours = not isinstance(entry.decision, Refusal) or entry.decision.code not in NOT_OURS
    user_id = entry.user.id if entry.user else entry.key
    if not is_ours or user_id.casefold() not in others or Note.CHANGED_OUTSIDE in entry.notes:
        return entry
    return replace(entry, notes=(*entry.notes, Note.CHANGED_OUTSIDE))
