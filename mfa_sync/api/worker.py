"""What one worker process keeps between calls, and what it makes of that for one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mfa_sync.api.handshake import Handshake
from mfa_sync.api.idempotency import StoredAnswers
from mfa_sync.api.signature import SignedRequests
from mfa_sync.runs.context import RunContext
from mfa_sync.storage.table import Blobs, StorageDownError, Table
from mfa_sync.vault.key_vault import KeyVault
from shared.clock import Deadline
from shared.guard import Guard


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
class Worker(RunContext):
    """What one worker process keeps between calls: what runs work with, and the way in."""

    vault: KeyVault
    table: Table
    blobs: Blobs
    handshake: Handshake
    approver: Handshake
    signatures: SignedRequests | None
    stored_answers: StoredAnswers

    async def guard(self, deadline: Deadline) -> Guard:
        """Return one call's guard over the last 24 hours; without storage, percentages do not bite."""
        ledger, most = self.counters.of_call(deadline), self.settings.users_per_number
        try:
            sweeps, _ = await deadline.within(self.runs.sweeps(), goes_on=True)
        except (StorageDownError, TimeoutError):
            return Guard(self.settings.limits, ledger, None, most)
        return Guard(self.settings.limits, ledger, sweeps.population, most)
