"""Drives runs without a host: each nudge is taken at once, as the queue would in time."""

from __future__ import annotations

from dev.memory.blobs import MemoryBlobs
from dev.tenant import sample
from mfa_sync.api.push import poll
from mfa_sync.api.worker import Call
from mfa_sync.runs import lifecycle
from mfa_sync.runs.context import RunContext
from mfa_sync.runs.run import Run, RunKind, State, Verdict
from mfa_sync.runs.step import Nudge, take
from mfa_sync.storage.table import StorageDownError
from shared.tenant import Kind
from tests.answering import Read, read
from tests.wire.bench import Bench

ASYNC = {"prefer": "respond-async"}
"""The header by which a caller asks for a run, however few its rows are."""


async def polled(bench: Bench, run_id: str) -> Read:
    """Return what a push's caller reads now."""
    return read(await poll(Call(bench.worker, {"message": sample.HANDSHAKE}, {}, b"", run_id)))


class UnwritableBlobs(MemoryBlobs):
    """Lets nothing be written while it `is_full`."""

    is_full = False

    async def put(self, name: str, data: bytes) -> None:
        """Write a blob whole, over whatever there was."""
        if self.is_full:
            raise StorageDownError
        await super().put(name, data)


class Sweeper:
    """Starts sweeps of a bench's tenant and moves them until they stand still."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    @property
    def tools(self) -> RunContext:
        """What the bench's present worker works with."""
        return self.bench.worker

    async def sweep(self, kind: RunKind | None = None, *, apply: bool = False) -> Run:
        """Begin a sweep and move it until it is held or at its end."""
        run = await lifecycle.start(self.tools, kind, apply=apply)
        return await self.drive(Nudge(run.id, run.step))

    async def approve(self, run: Run, *kinds: str) -> Run:
        """Approve a held plan as it was shown, and move it to its end."""
        approved = await self.approve_only(run, *kinds)
        return await self.drive(Nudge(approved.id, approved.step))

    async def approve_only(self, run: Run, *kinds: str) -> Run:
        """Approve a held plan as it was shown, and leave it there."""
        return await lifecycle.approve(self.tools, run.id, run.digest, self.decision("approved", *kinds))

    async def stop(self, run_id: str) -> Run:
        """Stop a run wherever it stands."""
        return await lifecycle.end(self.tools, run_id, self.decision("stopped"))

    def decision(self, what: str, *kinds: str) -> Verdict:
        """Return what an operator decides at this moment."""
        return Verdict(what, "key", self.bench.clock.now().timestamp(), "seen", tuple(map(Kind, kinds)))

    async def drive(self, nudge: Nudge | None) -> Run:
        """Take nudge after nudge."""
        assert nudge is not None
        run_id = nudge.run
        while nudge is not None:
            nudge = await take(nudge, self.tools)
        return await self.run(run_id)

    async def until_applying(self, nudge: Nudge | None) -> Run:
        """Take nudge after nudge until the first page is the next thing to apply."""
        assert nudge is not None
        run_id = nudge.run
        while nudge is not None and (await self.run(run_id)).state is not State.APPLYING:
            nudge = await take(nudge, self.tools)
        return await self.run(run_id)

    async def resume(self, run_id: str) -> Run:
        """Take the nudge for the step that is due, and what follows."""
        return await self.drive(Nudge(run_id, (await self.run(run_id)).step))

    async def run(self, run_id: str) -> Run:
        """Return a run as it is now."""
        stored = await self.bench.worker.runs.get(run_id)
        assert stored is not None
        return stored.run

    async def settled(self) -> Run:
        """Look at everybody once, and let it finish: the managed population is known from then on."""
        run = await self.sweep(RunKind.FULL)
        return run if run.state == "finished" else await self.approve(run)
