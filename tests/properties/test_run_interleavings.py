"""Whatever befalls a run, it ends or somebody can end it, and each planned change has exactly one end.

Pushes of many rows stand for all runs: sweeps are moved, held, approved and applied by the same steps.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mfa_sync.runs import lifecycle, push_run
from mfa_sync.runs.push_rows import KeptRow
from mfa_sync.runs.run import Run, RunKind, State, Verdict, WrongStateError
from mfa_sync.runs.step import Nudge, take
from mfa_sync.runs.store import run_id
from mfa_sync.storage.table import StorageDownError
from shared.tenant import Kind
from tests.properties.mortal_worker import CLAIM_SECONDS, End, KilledError, MortalWorker

ONE, TWO, STRANGERS = "+46701740611", "+46701740622", "+46701740699"
SEARCH = settings(max_examples=400, deadline=None, derandomize=True, database=None)
_NEVER_WRITTEN = {"notAttempted", "discarded", "limitReached", "awaitingApproval", "planOnly"}

ends = st.one_of(st.none(), st.tuples(st.sampled_from(End), st.integers(1, 12)))
events = st.one_of(
    st.tuples(st.just("nudge"), st.sampled_from(["due", "early", "late"]), ends),
    st.tuples(st.just("nudge"), st.just("due"), ends),
    st.tuples(st.just("watchdog"), st.sampled_from([60, 400, 2000]), ends),
    st.tuples(st.just("goes on")),
    st.tuples(st.sampled_from(["approve", "stop", "discard"]), ends),
    st.tuples(st.just("stranger"), st.integers(0, 4)),
)
# Each person: what the attribute holds, and what is registered.
people = st.lists(st.sampled_from([(ONE, None), (ONE, TWO), (None, TWO), (ONE, ONE)]), min_size=1, max_size=5)


DUE, WATCHDOG = ("nudge", "due", None), ("watchdog", 400, None)
PLANNED = (DUE, DUE)  # one page planned, and let through by the guard


class _History:
    """One run, what happens to it, and what must hold at its end."""

    def __init__(self, cast: list[tuple[str | None, str | None]], most: int) -> None:
        self.world = MortalWorker(create=most, update=most, delete=most)
        self.ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(len(cast))]
        for one, (attribute, number) in zip(self.ids, cast, strict=True):
            self.world.directory.attributes[one] = attribute
            self.world.directory.numbers[one] = number
        self.late: list[tuple[asyncio.Task[Any], asyncio.Event]] = []
        now = self.world.clock.now()
        at = now.timestamp()
        self.run = Run(run_id(RunKind.PUSH, now, "0000abcd"), RunKind.PUSH, at, at, apply=True)

    async def begin(self) -> None:
        """Keep the rows and the head."""
        tools = self.world.tools
        key = await tools.keys.current()
        rows = [KeptRow(one, None, None, keep=False) for one in self.ids]
        self.run = await push_run.keep_rows(self.run, rows, key.version, dry_run=False, context=tools)
        await tools.runs.create(self.run)

    async def now(self) -> Run:
        """Return the run as it is."""
        stored = await self.world.store.get(self.run.id)
        assert stored is not None
        return stored.run

    async def happen(self, event: tuple[Any, ...]) -> None:
        """Let one thing happen."""
        match event:
            case ("nudge", which, end):
                step = (await self.now()).step + {"due": 0, "early": 1, "late": -1}[which]
                await self.work(take(Nudge(self.run.id, step), self.world.tools), end)
            case ("watchdog", seconds, end):
                self.world.clock.advance(seconds)
                for nudge in await self.work(lifecycle.watch(self.world.tools), None) or ():
                    await self.work(take(nudge, self.world.tools), end)
            case ("goes on",):
                self.world.clock.advance(CLAIM_SECONDS)
                await self.go_on()
            case ("stranger", number):
                self.world.directory.numbers[self.ids[number % len(self.ids)]] = STRANGERS
            case (asked, end):
                await self.work(self.operator(asked), end)

    async def operator(self, asked: str) -> None:
        """Let an operator decide something that may not fit."""
        run, tools = await self.now(), self.world.tools
        what = {"approve": "approved", "stop": "stopped", "discard": "discarded"}[asked]
        verdict = Verdict(what, "key", self.world.clock.now().timestamp(), "seen")
        with suppress(WrongStateError):
            if asked == "approve":
                await lifecycle.approve(tools, run.id, run.digest, verdict)
            else:
                await lifecycle.end(tools, run.id, verdict)

    async def work(self, work: Coroutine[Any, Any, Any], end: tuple[End, int] | None) -> Any:
        """Let a worker work, and end so at one of its calls; whoever stands still goes on later."""
        self.world.fuse.set(*(end or (None, 0)))
        task = await self.world.until_it_stands(work)
        self.world.fuse.set(None, 0)
        if standing := self.world.fuse.standing:
            self.world.fuse.standing = None
            self.late.append((task, standing))
            return None
        return self.left_by(task)

    def left_by(self, task: asyncio.Task[Any]) -> Any:
        """Return what a worker returned; None if it died or had no storage. Another follows who died."""
        try:
            return task.result()
        except KilledError:
            self.world.restart()
        except StorageDownError:
            pass
        return None

    async def go_on(self) -> None:
        """Let all who stand still go on, their claims over."""
        for task, standing in self.late:
            standing.set()
            await asyncio.wait([task])
            self.left_by(task)
        self.late.clear()

    async def until_it_rests(self) -> Run:
        """Let the watchdog and the queue do what they do while nothing goes wrong."""
        for _ in range(40):
            self.world.clock.advance(120)
            for nudge in await lifecycle.watch(self.world.tools):
                following: Nudge | None = nudge
                while following:
                    following = await take(following, self.world.tools)
        return await self.now()

    async def end(self) -> None:
        """Let it end, by an operator if need be, and look at all that must hold then."""
        self.world.clock.advance(CLAIM_SECONDS)
        await self.go_on()
        run = await self.until_it_rests()
        if run.state is State.HELD:
            await self.operator("approve")
            run = await self.until_it_rests()
        assert run.state.is_final, run
        assert await self.world.store.open() == []
        await self.check_pages(run)
        await self.check_lines(run)
        await self.check_counts()

    async def check_pages(self, run: Run) -> None:
        """Nobody stands on two pages, and each page that counts as applied has an end for everybody."""
        pages = [await self.world.store.page(run, number) for number in range(run.pages)]
        changes = [list(page.changes) if page else [] for page in pages]
        everybody = [one.id for page in changes for one in page]
        assert len(everybody) == len(set(everybody)) == sum(run.tally.planned.values())
        assert sum(run.tally.outcomes.values()) == sum(map(len, changes[: run.applied]))
        assert all(one.outcome for page in changes[: run.applied] for one in page)
        assert not any(one.outcome for page in changes[run.applied + 1 :] for one in page)
        assert Counter(one.outcome for page in changes[: run.applied] for one in page) == run.tally.outcomes
        if run.state is State.FINISHED:
            assert run.applied == run.pages

    async def check_lines(self, run: Run) -> None:
        """Each row is answered once, and no answer denies a write or invents one."""
        found = await push_run.lines_of(run, self.world.tools)
        assert found is not None
        lines = found[0]
        assert [line["id"] for line in lines] == self.ids
        written = self.world.directory.written
        for line in lines:
            if line["code"] in _NEVER_WRITTEN:
                assert not written[line["id"]], line
            if line["outcome"] in {"created", "updated", "deleted"}:
                assert written[line["id"]], line

    async def check_counts(self) -> None:
        """Whoever was written is counted, by himself or as approved: rather too many than too few."""
        recent = await self.world.ledger.recent()
        assert recent is not None
        counted = Counter(recent) + Counter(await self.world.ledger.approved())
        made = Counter(kind for kind, _ in self.world.directory.made)
        assert all(counted.get(kind, 0) >= made[kind] for kind in Kind), (counted, made)


async def _play(cast: list[tuple[str | None, str | None]], most: int, story: list[tuple[Any, ...]]) -> None:
    history = _History(cast, most)
    await history.begin()
    for event in story:
        await history.happen(event)
    await history.end()


@example([(ONE, None)], 99, [*PLANNED, ("nudge", "due", (End.DIES_AFTER, 4))])
@example([(ONE, None)], 99, [*PLANNED, ("nudge", "due", (End.REFUSED, 6))])
@example([(ONE, None)], 99, [*PLANNED, ("nudge", "due", (End.STANDS_STILL, 4)), WATCHDOG])
@example([(ONE, None)], 99, [("nudge", "due", (End.STANDS_STILL, 2)), WATCHDOG, WATCHDOG, WATCHDOG])
@given(people, st.sampled_from([0, 99]), st.lists(events, max_size=14))
@SEARCH
def test_a_run_always_ends_and_each_planned_change_has_exactly_one_end(
    cast: list[tuple[str | None, str | None]], most: int, story: list[tuple[Any, ...]]
) -> None:
    """Nudges repeated and late, deaths and failures at any call, late workers, operators and strangers."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(push_run, "_SLICE", 2)  # three people make two slices and two pages
        asyncio.run(_play(cast, most, story))
