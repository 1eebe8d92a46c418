"""Our side of a measurement: one worker, in a process of its own, that answers pushes one after another.

Reads from standard input `{"settings", "access", "pushes": [[user id, …], …], "seconds"?, "remembers"?}`; the
pushes are repeated for so many seconds. With `"remembers": false` the state of all workers is kept in memory,
which shows what the storage costs. Writes a list of `{"wall", "cpu", "summary"}`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import cycle
from typing import Any

from dev.memory.blobs import MemoryBlobs
from dev.memory.table import MemoryTable
from mfa_sync.api.push import push
from mfa_sync.api.worker import Call, Worker
from mfa_sync.composition import build_worker
from shared.clock import SystemClock


async def _answer(worker: Worker, handshake: str, ids: list[str]) -> dict[str, Any]:
    body = json.dumps([{"Id": user_id} for user_id in ids]).encode()
    wall, cpu = time.perf_counter(), time.process_time()
    answer = await push(Call(worker, {"message": handshake}, {}, body))
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "summary": answer.plain()["summary"],
    }


async def _main() -> None:
    job = json.load(sys.stdin)
    forgets = not job.get("remembers", True)
    worker = build_worker(
        job["settings"],
        SystemClock(),
        table=MemoryTable() if forgets else None,
        blobs=MemoryBlobs() if forgets else None,
    )
    handshake, pushes = job["access"]["handshake"], job["pushes"]
    end = time.monotonic() + job.get("seconds", 0)
    found = [await _answer(worker, handshake, ids) for ids in pushes]
    for ids in cycle(pushes):
        if time.monotonic() >= end:
            break
        found.append(await _answer(worker, handshake, ids))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    asyncio.run(_main())
