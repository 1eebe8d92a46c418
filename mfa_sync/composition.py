"""The only place where real things are chosen: once per worker, on first use."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from mfa_sync.log import Event, record
from mfa_sync.settings import GraphAuth, RopcCredential, Settings, TelemetrySettings
from mfa_sync.storage import StorageDownError
from mfa_sync.wires import OWN, Wires
from shared.clock import Deadline, SystemClock
from shared.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mfa_sync.counters import Counters
    from mfa_sync.credentials.client_proof import ProofSource
    from mfa_sync.credentials.handshake import Handshake
    from mfa_sync.credentials.key_vault import KeyVault
    from mfa_sync.credentials.sign_in import SignIn
    from mfa_sync.emptiness import EmptySince
    from mfa_sync.fingerprints import FingerprintKeys
    from mfa_sync.graph.client import GraphClient
    from mfa_sync.graph.groups import Groups
    from mfa_sync.graph.tenant import GraphTenant, Reach
    from mfa_sync.last_written import LastWritten
    from mfa_sync.runs.store import RunStore
    from mfa_sync.runs.tools import Tools
    from mfa_sync.signed_requests import SignedRequests
    from mfa_sync.storage import Table
    from mfa_sync.stored_answers import StoredAnswers
    from shared.clock import Clock

_LOG = logging.getLogger(__name__)


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
        from mfa_sync.graph.tenant import GraphTenant, GroupIds  # noqa: PLC0415  see `build_worker`

        bounds = GroupIds(self.settings.scope_group_id, self.settings.exclude_group_id)
        return GraphTenant(self.graph, self.groups, self.reach, bounds, deadline)

    async def guard(self, deadline: Deadline) -> Guard:
        """Return one call's guard over the last 24 hours; without storage, percentages do not bite."""
        from mfa_sync.counters import CallCounters  # noqa: PLC0415  see `build_worker`

        ledger = CallCounters(self.counters, deadline)
        try:
            sweeps, _ = await deadline.bound(self.runs.sweeps())
        except (StorageDownError, TimeoutError):
            return Guard(self.settings.limits, ledger)
        return Guard(self.settings.limits, ledger, sweeps.population)

    def run_tools(self) -> Tools:
        """Return what runs work with."""
        from mfa_sync.runs.tools import Rules, Tools  # noqa: PLC0415  see `build_worker`

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
        return Tools(
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


def build_worker(environ: Mapping[str, str], clock: Clock, wires: Wires = OWN) -> Worker:
    """Return a worker for the settings in `environ`, whose calls go over `wires`.

    The imports stand here so that loading the functions stays cheap and never fails.

    Raises:
        SettingsError: Settings are missing or wrong.
    """
    from mfa_sync.azure_blobs import AzureBlobs  # noqa: PLC0415
    from mfa_sync.azure_table import AzureTable  # noqa: PLC0415
    from mfa_sync.counters import Counters  # noqa: PLC0415
    from mfa_sync.credentials.handshake import Handshake  # noqa: PLC0415
    from mfa_sync.credentials.key_vault import KeyVault  # noqa: PLC0415
    from mfa_sync.emptiness import EmptySince  # noqa: PLC0415
    from mfa_sync.fingerprints import FingerprintKeys  # noqa: PLC0415
    from mfa_sync.graph.client import GraphClient  # noqa: PLC0415
    from mfa_sync.graph.groups import Groups  # noqa: PLC0415
    from mfa_sync.graph.tenant import Reach  # noqa: PLC0415
    from mfa_sync.last_written import LastWritten  # noqa: PLC0415
    from mfa_sync.runs.store import RunStore  # noqa: PLC0415
    from mfa_sync.signed_requests import SignedRequests  # noqa: PLC0415
    from mfa_sync.stored_answers import StoredAnswers  # noqa: PLC0415

    settings = Settings.from_environment(environ)
    names = settings.secret_names
    vault = KeyVault(settings, clock, wires)
    table = wires.table or AzureTable(settings.storage, settings.state_table, clock, wires)
    blobs = wires.blobs or AzureBlobs(settings.storage, settings.state_container, clock, wires)
    keys = FingerprintKeys(vault, names.fingerprint_key)
    graph = GraphClient(settings.graph_url, sign_in_of(settings, vault, clock, wires, table), wires.graph)
    if settings.graph_auth.is_app_only and settings.policy.scope.allow_privileged:
        record(_LOG, logging.WARNING, Event.PRIVILEGED_ALLOWED, auth=settings.graph_auth.value)
    return Worker(
        settings,
        clock,
        table,
        Handshake(vault, names.handshake, clock, previous=names.handshake_previous),
        Handshake(vault, names.approver, clock, unlike=(names.handshake, names.handshake_previous)),
        SignedRequests(vault, settings, table, clock) if settings.signed_requests else None,
        graph,
        Groups(graph, clock),
        Reach(app_only=settings.graph_auth.is_app_only),
        LastWritten(table, keys, clock),
        Counters(table, clock),
        StoredAnswers(table, keys, clock),
        RunStore(table, blobs),
        keys,
        EmptySince(table, clock),
    )


def sign_in_of(settings: Settings, vault: KeyVault, clock: Clock, wires: Wires, table: Table) -> SignIn:
    """Return what signs in to Graph, by GRAPH_AUTH and ROPC_CREDENTIAL. The imports are each mode's own."""
    from mfa_sync.credentials.client_proof import FederatedIdentity, StoredSecret  # noqa: PLC0415
    from mfa_sync.credentials.identity_tokens import IdentityTokens  # noqa: PLC0415

    names, identity_id = settings.secret_names, settings.managed_identity_client_id
    if settings.graph_auth is GraphAuth.MANAGED_IDENTITY:
        from mfa_sync.credentials.managed_identity import ManagedIdentitySignIn  # noqa: PLC0415

        return ManagedIdentitySignIn(settings, clock, wires)
    stored = StoredSecret(vault, names.client_secret)
    if settings.graph_auth is GraphAuth.CLIENT_SECRET:
        from mfa_sync.credentials.client_secret import AppSource, ClientSecretSignIn  # noqa: PLC0415

        return ClientSecretSignIn(settings, AppSource(stored), clock, wires, table)
    from mfa_sync.credentials.ropc import PasswordSource, RopcSignIn  # noqa: PLC0415

    proof: ProofSource = stored
    if settings.ropc_credential is RopcCredential.MANAGED_IDENTITY:
        proof = FederatedIdentity(IdentityTokens(identity_id, clock, wires), clock)
    return RopcSignIn(settings, PasswordSource(vault, names, proof), clock, wires, table)


@cache
def worker() -> Worker:
    """Return this process's worker. A SettingsError is not remembered: each call says so again."""
    # First, so that wrong settings are heard of: the host leaves our lines to us where we export them.
    _export(TelemetrySettings.alone(os.environ))
    return build_worker(os.environ, SystemClock())


@cache
def _export(telemetry: TelemetrySettings) -> None:
    if telemetry.connection_string is None:
        return
    try:
        from mfa_sync.otel.pipeline import switch_on  # noqa: PLC0415  half a second of imports

        switch_on(telemetry)
    except Exception as error:  # noqa: BLE001  the work goes on unseen
        record(_LOG, logging.ERROR, Event.TELEMETRY_UNAVAILABLE, cause=type(error).__name__)
