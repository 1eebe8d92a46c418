"""What runs work with, as the composition hands it to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from mfa_sync.graph.client import GraphClient
    from mfa_sync.graph.tenant import GraphTenant
    from mfa_sync.runs.store import RunStore
    from mfa_sync.vault.fingerprints import FingerprintKeys
    from shared.clock import Clock, Deadline
    from shared.guard import Ledger, Limits
    from shared.memory import Memory
    from shared.policy import Policy
    from shared.spare import Emptiness


@dataclass(frozen=True, slots=True)
class Rules:
    """What the organisation decided about runs.

    Attributes:
        policy: What decides about a user whom nobody named.
        push_policy: What decides about a user whom a row names.
        limits: What the guard allows within 24 hours.
        digest: Of everything that decides about users: where it changes, a full sweep is due.
        full_every_days: How often everybody is looked at.
        retention_days: How long runs are kept.
        claim_seconds: How long a step belongs to whoever claimed it.
    """

    policy: Policy
    push_policy: Policy
    limits: Limits
    digest: str
    full_every_days: int
    retention_days: int
    claim_seconds: float

    @property
    def work_seconds(self) -> float:
        """How long a step may work: less than it is claimed, so that its end is still ours to write."""
        return self.claim_seconds * 0.8

    @property
    def quiet_seconds(self) -> float:
        """After how long without a claim or a move a nudge counts as lost."""
        return self.claim_seconds * 0.4


@dataclass(frozen=True, slots=True)
class RunContext:
    """The services, the memories and the rules that runs work with."""

    clock: Clock
    store: RunStore
    graph: GraphClient
    tenant: Callable[[Deadline], GraphTenant]
    memory: Callable[[str, Policy, Deadline], Memory]
    void: Callable[[Collection[str]], Awaitable[None]]
    emptiness: Emptiness
    keys: FingerprintKeys
    ledger: Ledger
    rules: Rules

    @property
    def now(self) -> float:
        """The clock's time, in seconds since 1970."""
        return self.clock.now().timestamp()
