"""Drives runs without a host: each nudge is taken at once, as the queue would in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfa_sync.runs import operate
from mfa_sync.runs.run import Decision, Run, RunKind
from mfa_sync.runs.step import Nudge, take

if TYPE_CHECKING:
    from mfa_sync.runs.tools import Tools
    from tests.wire.conftest import Bench

BY_HAND = Decision("approved", "key", 0.0, "seen and found right")


class Sweeper:
    """Starts sweeps of a bench's tenant and moves them until they stand still."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    @property
    def tools(self) -> Tools:
        """What the bench's present worker works with."""
        return self.bench.worker.run_tools()

    async def sweep(self, kind: RunKind | None = None, *, apply: bool = False) -> Run:
        """Begin a sweep and move it until it is held or at its end."""
        run = await operate.start(self.tools, kind, apply=apply)
        return await self.drive(Nudge(run.id, run.step))

    async def approve(self, run: Run, *kinds: str) -> Run:
        """Approve a held plan as it was shown, and move it to its end."""
        decision = Decision("approved", "key", self.bench.clock.now().timestamp(), "seen", kinds)
        approved = await operate.approve(self.tools, run.id, run.digest, decision)
        return await self.drive(Nudge(approved.id, approved.step))

    async def drive(self, nudge: Nudge | None) -> Run:
        """Take nudge after nudge."""
        assert nudge is not None
        run_id = nudge.run
        while nudge is not None:
            nudge = await take(nudge, self.tools)
        return await self.run(run_id)

    async def run(self, run_id: str) -> Run:
        """Return a run as it is now."""
        stored = await self.bench.worker.runs.get(run_id)
        assert stored is not None
        return stored.run

    async def settled(self) -> Run:
        """Look at everybody once, and let it finish: the managed population is known from then on."""
        run = await self.sweep(RunKind.FULL)
        return run if run.state == "finished" else await self.approve(run)
