"""What one worker process keeps between calls, and what it makes of that for one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa_sync.graph.tenant import GraphTenant
from mfa_sync.runs.context import RunContext
from mfa_sync.storage.table import StorageDownError
from shared.clock import Deadline
from shared.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mfa_sync.api.handshake import Handshake
    from mfa_sync.api.idempotency import StoredAnswers
    from mfa_sync.api.signature import SignedRequests
    from mfa_sync.graph.client import GraphClient
    from mfa_sync.graph.groups import Groups
    from mfa_sync.graph.reach import Reach
    from mfa_sync.runs.store import RunStore
    from mfa_sync.settings.settings import Settings
    from mfa_sync.storage.change_counts import Counters
    from mfa_sync.storage.emptiness import EmptySince
    from mfa_sync.storage.last_writes import LastWritten
    from mfa_sync.storage.table import Table
    from mfa_sync.vault.fingerprints import FingerprintKeys
    from shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to a use case, before anything of it is believed.

    Attributes:
        worker: What the process keeps.
        headers: Looked up without case.
        query: The query names and values.
        body: The bytes.
        run_id: The run that the path names; empty where it names none.
    """

    worker: Worker
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    run_id: str = ""

    def deadline(self) -> Deadline:
        """Return by when the answer must have left, counted from now."""
        return Deadline.after(self.worker.clock, self.worker.settings.deadline_seconds)

    @property
    def content_type(self) -> str | None:
        """What the body is said to be."""
        return self.headers.get("content-type")


@dataclass(frozen=True, slots=True)
class Worker:
    """What one worker process keeps between calls."""

    settings: Settings
    clock: Clock
    table: Table
    handshake: Handshake
    approver: Handshake
    signatures: SignedRequests | None
    graph: GraphClient
    groups: Groups
    reach: Reach
    last_written: LastWritten
    counters: Counters
    stored_answers: StoredAnswers
    runs: RunStore
    keys: FingerprintKeys
    emptiness: EmptySince

    def tenant(self, deadline: Deadline) -> GraphTenant:
        """Return the tenant, bound to one call's deadline."""
        bounds = self.settings.scope_group_id, self.settings.exclude_group_id
        return GraphTenant(self.graph, self.groups, self.reach, deadline, bounds)

    async def guard(self, deadline: Deadline) -> Guard:
        """Return one call's guard over the last 24 hours; without storage, percentages do not bite."""
        ledger = self.counters.of_call(deadline)
        try:
            sweeps, _ = await deadline.within(self.runs.sweeps())
        except (StorageDownError, TimeoutError):
            return Guard(self.settings.limits, ledger)
        return Guard(self.settings.limits, ledger, sweeps.population)

    def run_context(self) -> RunContext:
        """Return what runs work with."""
        return RunContext(
            self.clock,
            self.runs,
            self.graph,
            self.tenant,
            self.last_written.of_call,
            self.last_written.void,
            self.emptiness,
            self.keys,
            self.counters,
            self.settings,
        )
