"""What runs work with, as the composition hands it to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from mfa_sync.graph.client import GraphClient
    from mfa_sync.graph.tenant import GraphTenant
    from mfa_sync.runs.store import RunStore
    from mfa_sync.settings.settings import Settings
    from mfa_sync.vault.fingerprints import FingerprintKeys
    from shared.clock import Clock, Deadline
    from shared.guard import Ledger
    from shared.memory import Memory
    from shared.policy import Policy
    from shared.spare import Emptiness


@dataclass(frozen=True, slots=True)
class RunContext:
    """The services, the memories and the settings that runs work with."""

    clock: Clock
    store: RunStore
    graph: GraphClient
    tenant: Callable[[Deadline], GraphTenant]
    memory: Callable[[str, Policy, Deadline], Memory]
    void: Callable[[Collection[str]], Awaitable[None]]
    emptiness: Emptiness
    keys: FingerprintKeys
    ledger: Ledger
    settings: Settings

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
