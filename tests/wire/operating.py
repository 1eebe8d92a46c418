"""An operator at a bench: the calls of `/api/runs`, whose nudges are taken at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dev.tenant import sample
from mfa_sync.api import operate
from mfa_sync.api.worker import Call
from tests.answering import Read, read
from tests.wire.bench import Bench
from tests.wire.sweeping import Sweeper

KNOWING = {"message": sample.APPROVER_HANDSHAKE}
_DECISIONS = {
    "approve": operate.approve_run,
    "discard": operate.discard_run,
    "stop": operate.stop_run,
}


class Operator:
    """Calls the use cases as the routes do."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.sweeper = Sweeper(bench)

    async def list(self, **query: str) -> Read:
        """GET /api/runs."""
        return read(await operate.list_runs(Call(self.bench.worker, {}, query, b"")))

    async def read(self, run_id: str, **query: str) -> Read:
        """GET /api/runs/{id}."""
        return read(await operate.read_run(Call(self.bench.worker, {}, query, b"", run_id)))

    async def start(
        self, *, kind: str = "full", apply: bool = False, headers: Mapping[str, str] = KNOWING
    ) -> Read:
        """POST /api/runs; the sweep is not moved."""
        body = json.dumps({"kind": kind, "apply": apply}).encode()
        return read(await operate.start_run(Call(self.bench.worker, headers, {}, body)))

    async def start_readiness(self) -> Read:
        """POST /api/runs of a readiness run, by the function key alone; it is not moved."""
        return read(await operate.start_run(Call(self.bench.worker, {}, {}, b'{"kind": "readiness"}')))

    async def decide(
        self,
        what: str,
        run_id: str,
        headers: Mapping[str, str] = KNOWING,
        query: Mapping[str, str] | None = None,
        **body: Any,
    ) -> Read:
        """POST /api/runs/{id}/{what}, with a reason unless the body holds another; the run is not moved."""
        sent = json.dumps({"reason": "checked", **body}).encode()
        return read(await _DECISIONS[what](Call(self.bench.worker, headers, query or {}, sent, run_id)))

    async def held(self) -> dict[str, Any]:
        """Start a sweep, let it be planned, and return it as it is read then."""
        started = await self.start()
        await self.sweeper.drive(started.nudge)
        run = (await self.read(started.body["id"])).body
        assert run["state"] == "held"
        return run
