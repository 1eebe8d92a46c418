"""What runs work with: a worker without its way in."""

from __future__ import annotations

from dataclasses import dataclass

from mfa_sync.graph.canary import Canary
from mfa_sync.graph.client import GraphClient
from mfa_sync.graph.groups import Groups
from mfa_sync.graph.looks import Looks
from mfa_sync.graph.reach import Reach
from mfa_sync.graph.tenant import Decided, GraphTenant
from mfa_sync.runs.store import RunStore
from mfa_sync.settings.settings import Settings
from mfa_sync.storage.change_counts import Counters
from mfa_sync.storage.emptiness import EmptySince
from mfa_sync.storage.known_facts import KnownFacts
from mfa_sync.storage.last_writes import LastWritten
from mfa_sync.vault.fingerprints import FingerprintKeys
from shared.clock import Clock, Deadline
from shared.phone_number import PhoneNumber


@dataclass(frozen=True, slots=True)
class RunContext:
    """The settings, the services and the memories of all calls and steps of one worker process."""

    settings: Settings
    clock: Clock
    graph: GraphClient
    groups: Groups
    reach: Reach
    last_written: LastWritten
    counters: Counters
    emptiness: EmptySince
    runs: RunStore
    keys: FingerprintKeys
    facts: KnownFacts

    def tenant(self, deadline: Deadline) -> GraphTenant:
        """Return the tenant, bound to one call's deadline."""
        settings = self.settings
        decided = Decided(settings.scope_group_id, settings.exclude_group_id, settings.policy.phone_delivery)
        return GraphTenant(self.graph, self.groups, self.reach, deadline, decided, self.facts)

    def looks(self, deadline: Deadline) -> Looks:
        """Return what looks at the tenant for the doctor, bound to one call's deadline."""
        return Looks(self.graph, self.groups, deadline)

    def canary(self, user_id: str, number: PhoneNumber, deadline: Deadline) -> Canary:
        """Return what tries writes on one account, which the caller has made sure of."""
        return Canary(self.graph, user_id, number, deadline)

    @property
    def now(self) -> float:
        """The clock's time, in seconds since 1970."""
        return self.clock.now().timestamp()

    @property
    def work_seconds(self) -> float:
        """How long a step may work: less than it is claimed, so that its end is still ours to write."""
        return self.settings.sweeps.claim_seconds * 0.8

    @property
    def quiet_seconds(self) -> float:
        """After how long without a claim or a move a nudge counts as lost."""
        return self.settings.sweeps.claim_seconds * 0.4
