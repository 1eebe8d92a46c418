"""The only place where real things are chosen: once per worker, on first use.

It is imported with the first call, so that loading the functions stays cheap and never fails.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from mfa_sync.api.handshake import Handshake
from mfa_sync.api.idempotency import StoredAnswers
from mfa_sync.api.signature import SignedRequests
from mfa_sync.api.worker import Worker
from mfa_sync.graph.client import GraphClient
from mfa_sync.graph.groups import Groups
from mfa_sync.graph.reach import Reach
from mfa_sync.runs.store import RunStore
from mfa_sync.settings.settings import GraphAuth, RopcCredential, Settings, TelemetrySettings
from mfa_sync.settings.transports import OWN, Transports
from mfa_sync.sign_in.client_proof import ProofSource
from mfa_sync.sign_in.token import SignIn
from mfa_sync.storage.azure_blobs import AzureBlobs
from mfa_sync.storage.azure_table import AzureTable
from mfa_sync.storage.change_counts import Counters
from mfa_sync.storage.emptiness import EmptySince
from mfa_sync.storage.known_facts import KnownFacts
from mfa_sync.storage.last_writes import LastWritten
from mfa_sync.storage.table import Blobs, Table
from mfa_sync.telemetry.events import Event, record
from mfa_sync.vault.fingerprints import FingerprintKeys
from mfa_sync.vault.key_vault import KeyVault
from shared.clock import Clock, SystemClock


def build_worker(
    environ: Mapping[str, str],
    clock: Clock,
    transports: Transports = OWN,
    *,
    table: Table | None = None,
    blobs: Blobs | None = None,
) -> Worker:
    """Return a worker for the settings in `environ`.

    Args:
        environ: The settings.
        clock: Where time comes from.
        transports: What carries the calls.
        table: Keeps the state of all workers; None: the storage account of the settings.
        blobs: Keeps the pages of runs; None: likewise.

    Raises:
        SettingsError: Settings are missing or wrong.
    """
    settings = Settings.from_environment(environ)
    names = settings.secret_names
    vault = KeyVault(settings, clock, transports)
    table = table or AzureTable(settings.storage, settings.state_table, clock, transports)
    blobs = blobs or AzureBlobs(settings.storage, settings.state_container, clock, transports)
    keys = FingerprintKeys(vault, names.fingerprint_key)
    facts = KnownFacts(table, settings.tenant_id, clock, is_used=settings.canary_user is not None)
    graph = GraphClient(
        settings.graph_url, sign_in_of(settings, vault, clock, transports, table), transports.graph
    )
    if settings.graph_auth.is_app_only and settings.policy.scope.allow_privileged:
        record(Event.PRIVILEGED_ALLOWED, auth=settings.graph_auth.value)
    return Worker(
        settings,
        clock,
        graph,
        Groups(graph, clock),
        Reach(app_only=settings.graph_auth.is_app_only),
        LastWritten(table, keys, clock, facts),
        Counters(table, clock),
        EmptySince(table, clock),
        RunStore(table, blobs),
        keys,
        facts,
        vault,
        table,
        blobs,
        Handshake(vault, names.handshake, clock, previous=names.handshake_previous),
        Handshake(vault, names.approver, clock, unlike=(names.handshake, names.handshake_previous)),
        SignedRequests(vault, settings, table, clock) if settings.signed_requests else None,
        StoredAnswers(table, keys, clock),
    )


def sign_in_of(
    settings: Settings, vault: KeyVault, clock: Clock, transports: Transports, table: Table
) -> SignIn:
    """Return what signs in to Graph, by GRAPH_AUTH and ROPC_CREDENTIAL. The imports are each mode's own."""
    from mfa_sync.sign_in.client_proof import FederatedIdentity, StoredSecret  # noqa: PLC0415
    from mfa_sync.vault.identity import IdentityTokens  # noqa: PLC0415

    if settings.graph_auth is GraphAuth.MANAGED_IDENTITY:
        from mfa_sync.sign_in.managed_identity import ManagedIdentitySignIn  # noqa: PLC0415

        return ManagedIdentitySignIn(settings, clock, transports)
    from mfa_sync.sign_in.braked import BrakedSignIn  # noqa: PLC0415

    proof: ProofSource = StoredSecret(vault, settings.secret_names.client_secret)
    if settings.graph_auth is GraphAuth.CLIENT_SECRET:
        from mfa_sync.sign_in.client_secret import AppGrant  # noqa: PLC0415

        return BrakedSignIn(AppGrant(settings, proof, transports), table, clock)
    from mfa_sync.sign_in.ropc import PasswordGrant  # noqa: PLC0415

    if settings.ropc_credential is RopcCredential.MANAGED_IDENTITY:
        identity = IdentityTokens(settings.managed_identity_client_id, clock, transports)
        proof = FederatedIdentity(identity, clock, settings.authority_host)
    return BrakedSignIn(PasswordGrant(settings, vault, proof, transports), table, clock)


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
        from mfa_sync.telemetry.export.pipeline import switch_on  # noqa: PLC0415  half a second of imports

        switch_on(telemetry)
    except Exception as error:  # noqa: BLE001  the work goes on unseen
        record(Event.TELEMETRY_UNAVAILABLE, cause=type(error).__name__)
