"""What one worker process keeps between calls, and what it makes of that for one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mfa_sync.storage.table import StorageDownError
from shared.guard import Guard

if TYPE_CHECKING:
    from mfa_sync.api.handshake import Handshake
    from mfa_sync.api.idempotency import StoredAnswers
    from mfa_sync.api.signature import SignedRequests
    from mfa_sync.graph.client import GraphClient
    from mfa_sync.graph.groups import Groups
    from mfa_sync.graph.reach import Reach
    from mfa_sync.graph.tenant import GraphTenant
    from mfa_sync.runs.context import RunContext
    from mfa_sync.runs.store import RunStore
    from mfa_sync.settings.settings import Settings
    from mfa_sync.storage.change_counts import Counters
    from mfa_sync.storage.emptiness import EmptySince
    from mfa_sync.storage.last_writes import LastWritten
    from mfa_sync.storage.table import Table
    from mfa_sync.vault.fingerprints import FingerprintKeys
    from shared.clock import Clock, Deadline


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
        from mfa_sync.graph.tenant import GraphTenant  # noqa: PLC0415  only calls need it

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
        from mfa_sync.runs.context import Rules, RunContext  # noqa: PLC0415  only calls need it

        settings = self.settings
        rules = Rules(
            settings.policy.for_sweeps(
                keep_when_empty=settings.sweeps.keep_when_empty,
                empty_grace_days=settings.sweeps.empty_grace_days,
            ),
            settings.policy,
            settings.limits,
            settings.deciding_digest(),
            settings.sweeps.full_every_days,
            settings.sweeps.retention_days,
            settings.sweeps.claim_seconds,
        )
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
            rules,
        )
