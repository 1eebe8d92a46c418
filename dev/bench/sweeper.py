"""Our side of a sweep's measurement: one worker in a process of its own that takes nudge after nudge.

Reads a line `{"settings", "kind": "full"|"changed"|"readiness", "population"?}`. With a population there has
been, as far as the storage tells, a finished full sweep of so many just now. Writes the line `ready`, so that
the tenant can be changed, waits for a line, and writes `{"wall", "cpu", "peakMegabytes", "kind", …}`.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time

from mfa_sync.composition import build_worker
from mfa_sync.graph import delta
from mfa_sync.runs import lifecycle
from mfa_sync.runs.context import RunContext
from mfa_sync.runs.run import Run, RunKind
from mfa_sync.runs.step import Nudge, take
from mfa_sync.runs.store import Sweeps
from shared.clock import Deadline, SystemClock


async def _lay_baseline(tools: RunContext, population: int) -> None:
    now = tools.clock.now()
    run = Run("20200101T000000Z-full", RunKind.FULL, 0.0, 0.0, apply=False)
    link = await delta.latest(tools.graph, Deadline.after(tools.clock, 60))
    kept: dict[str, object] = {"delta": link, "audit": now.isoformat(), "owed": [], "members": None}
    await tools.runs.put_note(run.id, "next", kept)
    sweeps = Sweeps(
        last=run.id,
        last_full=run.id,
        full_at=now.timestamp(),
        population=population,
        digest=tools.settings.deciding_digest(),
    )
    await tools.runs.put_sweeps(sweeps, None)


async def _main() -> None:
    job = json.loads(sys.stdin.readline())
    tools = build_worker(job["settings"], SystemClock())
    if population := job.get("population"):
        await _lay_baseline(tools, population)
    print("ready", flush=True)
    sys.stdin.readline()
    wall, cpu = time.perf_counter(), time.process_time()
    if job["kind"] == RunKind.READINESS:
        run = await lifecycle.start_readiness(tools, "key")
    else:
        run = await lifecycle.start(tools, RunKind(job["kind"]), apply=False)
    nudge: Nudge | None = Nudge(run.id, run.step)
    while nudge:
        nudge = await take(nudge, tools)
    stored = await tools.runs.get(run.id)
    assert stored is not None  # noqa: S101  it was just begun
    found = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "kind": stored.run.kind.value,
        "state": stored.run.state.value,
        "detail": stored.run.detail,
        "users": stored.run.tally.users,
        "planned": dict(stored.run.tally.planned),
        "readiness": dict(stored.run.tally.readiness or {}),
    }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    asyncio.run(_main())
