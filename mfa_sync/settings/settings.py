"""The settings: read once from the environment, all faults reported at once, names and never values.

docs/settings.md is the one table of them; a test holds it, this file and local.settings.json.example equal.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from mfa_sync.settings.reader import Reader
from shared.errors import SettingsError
from shared.guard import SHARED_RULE, USERS_PER_NUMBER, Limit, Limits
from shared.phone_delivery import PhoneDelivery
from shared.policy import LastFactorGuard, MaskedPolicy, Policy
from shared.scope import ScopePolicy
from shared.tenant import Kind

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_REGION = re.compile(r"[A-Z]{2}")
_REGIONS = re.compile(r"[A-Z]{2}(?: *, *[A-Z]{2})*")
# Second, minute, hour, day, month, day of the week; what stands in them the Functions host judges.
_SCHEDULE = re.compile(r"\S+( +\S+){5}")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONNECTION = re.compile(
    r"InstrumentationKey=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(;[A-Za-z]+=[^;=\s]+)*;?"
)
_TABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2,62}")
_CONTAINER_NAME = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_STORAGE = "AzureWebJobsStorage"
_INSIGHTS = "APPLICATIONINSIGHTS_CONNECTION_STRING"
# The emulator's short form, or an account by its key or by a shared access signature.
_KEYED = {"accountname", "accountkey"}
_SIGNED = {"blobendpoint", "tableendpoint", "sharedaccesssignature"}


class GraphAuth(StrEnum):
    """How the program signs in to Graph."""

    ROPC = "ropc"
    CLIENT_SECRET = "client-secret"  # noqa: S105  a mode's name
    MANAGED_IDENTITY = "managed-identity"

    @property
    def is_app_only(self) -> bool:
        """Whether nobody signs in but the app: then no role of Entra's limits whom it may write."""
        return self is not GraphAuth.ROPC


class RopcCredential(StrEnum):
    """What the app proves itself with while the service account signs in through it."""

    SECRET = "secret"  # noqa: S105  a word
    MANAGED_IDENTITY = "managed-identity"


class SecretNames(NamedTuple):
    """The names in Key Vault under which the secrets lie."""

    handshake: str
    handshake_previous: str
    username: str
    password: str
    client_secret: str
    fingerprint_key: str
    approver: str
    signing_key: str
    signing_key_previous: str


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Which storage account keeps the state, and who we are to it: the Functions host's own settings.

    Attributes:
        connection_string: Address and key in one; it never shows in a repr. None: the identity is used.
        table_url: Origin of the account's tables; None where the connection string names it.
        blob_url: Origin of its blobs, likewise.
        client_id: Which user-assigned identity we are; None for the system's own.
    """

    connection_string: str | None = field(default=None, repr=False)
    table_url: str | None = None
    blob_url: str | None = None
    client_id: str | None = None


class SweepSettings(NamedTuple):
    """What the organisation decided about sweeps.

    Attributes:
        mode: plan: every plan is held; apply: within the limits it goes on by itself; off: none is begun.
        keep_when_empty: SWEEP_EMPTY=keep: an empty attribute never deletes.
        empty_grace_days: How long an attribute must have been empty before a sweep deletes.
        full_every_days: How often everybody is looked at; in between, who changed.
        retention_days: How long runs are kept.
        claim_seconds: How long a step belongs to a worker: a killed one holds its run up for so long.
    """

    mode: str
    keep_when_empty: bool
    empty_grace_days: int
    full_every_days: int
    retention_days: int
    claim_seconds: int


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """Where spans, metrics and events go.

    Attributes:
        connection_string: Application Insights; None: nowhere.
        upns: Whether user principal names may stand in them.
    """

    connection_string: str | None = field(default=None, repr=False)
    upns: bool = False

    @classmethod
    def alone(cls, environ: Mapping[str, str]) -> TelemetrySettings:
        """Return these settings, whatever is wrong with others; off where they themselves are wrong."""
        read = Reader(environ)
        found = _telemetry(read)
        return cls() if read.faults else found


class Settings(NamedTuple):
    """Everything the app takes from its environment.

    Attributes:
        graph_auth: How the program signs in to Graph.
        ropc_credential: With ROPC, what the app proves itself with.
        tenant_id: Tenant id or verified domain in which we sign in; may be empty for the managed identity.
        client_id: Application id that signs in; may be empty for the managed identity.
        key_vault_url: Origin of the vault, https.
        managed_identity_client_id: Which user-assigned identity is ours; None for the system's own.
        authority_host: Origin of the sign-in service, for national clouds.
        graph_url: Graph's address, always with its version; another one in national clouds.
        secret_names: Names of the secrets in the vault.
        storage: Where the state of all workers is kept.
        state_table: Name of the table there.
        state_container: Name of the container of blobs there.
        policy: What decides about a user.
        limits: What the guard allows.
        users_per_number: To how many users one plan may give one number.
        scope_group_id: Only members (transitive) are ours; None for everybody.
        exclude_group_id: Members (transitive) are not ours.
        canary_user: Object id of the account on which the doctor may try writes; None: on nobody.
        plan_only: PUSH_MODE=plan: pushes are answered with a plan and nothing is written.
        inline_max: Most rows that one call does at once; more become a run.
        rows_max: Most rows that one call may carry.
        deadline_seconds: Seconds after which a call is answered with what is known.
        sweeps: How everybody is kept in agreement.
        easy_auth: Whether the platform authenticates operators, so that its header may be believed.
        signed_requests: Whether pushes must be signed.
    """

    graph_auth: GraphAuth
    ropc_credential: RopcCredential
    tenant_id: str
    client_id: str
    key_vault_url: str
    managed_identity_client_id: str | None
    authority_host: str
    graph_url: str
    secret_names: SecretNames
    storage: StorageSettings
    state_table: str
    state_container: str
    policy: Policy
    limits: Limits
    users_per_number: int
    scope_group_id: str | None
    exclude_group_id: str | None
    canary_user: str | None
    plan_only: bool
    inline_max: int
    rows_max: int
    deadline_seconds: int
    sweeps: SweepSettings
    easy_auth: bool
    signed_requests: bool

    def sweep_policy(self) -> Policy:
        """Return what decides about a user whom nobody named."""
        sweeps = self.sweeps
        return self.policy.for_sweeps(
            keep_when_empty=sweeps.keep_when_empty, empty_grace_days=sweeps.empty_grace_days
        )

    def deciding_digest(self) -> str:
        """Return a digest of what decides about users: where it changes, all are looked at again."""
        bounds = self.scope_group_id, self.exclude_group_id, self.graph_auth.is_app_only
        what = (self.policy, bounds, self.sweeps.keep_when_empty)
        return hashlib.sha256(repr(what).encode()).hexdigest()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings that `environ` holds.

        Raises:
            SettingsError: Naming every setting that is missing or wrong, and what is allowed.
        """
        read = Reader(environ)
        auth = read.member("GRAPH_AUTH", GraphAuth.ROPC)
        unregistered = "" if auth is GraphAuth.MANAGED_IDENTITY else None
        settings = cls(
            graph_auth=auth,
            ropc_credential=_ropc_credential(read, auth),
            tenant_id=read.matching(
                "TENANT_ID", "a tenant id or a verified domain", _GUID, _DOMAIN, default=unregistered
            ),
            client_id=read.matching("CLIENT_ID", "an application id (GUID)", _GUID, default=unregistered),
            key_vault_url=read.origin("KEY_VAULT_URL"),
            managed_identity_client_id=read.optional("AZURE_CLIENT_ID", "a client id (GUID)", _GUID),
            authority_host=read.origin("AUTHORITY_HOST", "https://login.microsoftonline.com"),
            graph_url=read.graph("GRAPH_URL", "https://graph.microsoft.com/v1.0"),
            secret_names=SecretNames(
                handshake=read.secret_name("HANDSHAKE_SECRET", "mfa-sync-handshake"),
                handshake_previous=read.secret_name(
                    "HANDSHAKE_PREVIOUS_SECRET", "mfa-sync-handshake-previous"
                ),
                username=read.secret_name("USERNAME_SECRET", "mfa-sync-username"),
                password=read.secret_name("PASSWORD_SECRET", "mfa-sync-password"),
                client_secret=read.secret_name("CLIENT_SECRET_SECRET", "mfa-sync-client-secret"),
                fingerprint_key=read.secret_name("FINGERPRINT_KEY_SECRET", "mfa-sync-fingerprint-key"),
                approver=read.secret_name("APPROVER_SECRET", "mfa-sync-approver"),
                signing_key=read.secret_name("SIGNING_SECRET", "mfa-sync-signing-key"),
                signing_key_previous=read.secret_name(
                    "SIGNING_PREVIOUS_SECRET", "mfa-sync-signing-key-previous"
                ),
            ),
            storage=_storage(read),
            state_table=read.matching(
                "STATE_TABLE", "3 to 63 letters and digits, a letter first", _TABLE_NAME, default="mfasync"
            ),
            state_container=read.matching(
                "STATE_CONTAINER",
                "3 to 63 small letters, digits and single hyphens between them",
                _CONTAINER_NAME,
                default="mfa-sync-runs",
            ),
            policy=Policy(
                scope=ScopePolicy(
                    include_guests=read.flag("INCLUDE_GUESTS", default=False),
                    allow_cloud_only=read.word("CLOUD_ONLY_USERS", "refuse", "allow") == "allow",
                    allow_privileged=read.word("PRIVILEGED_TARGETS", "refuse", "allow") == "allow",
                ),
                masked=read.member("MASKED_POLICY", MaskedPolicy.ASSERT),
                last_factor=read.member("LAST_FACTOR_GUARD", LastFactorGuard.SWEEPS),
                default_region=read.optional("PHONE_DEFAULT_REGION", "a region such as SE", _REGION),
                region_from_usage_location=read.flag("PHONE_REGION_FROM_USAGE_LOCATION", default=False),
                regions=_regions(read),
                phone_delivery=read.member("PHONE_DELIVERY", PhoneDelivery.MICROSOFT),
                payload_number_wins=read.flag("ALLOW_PAYLOAD_NUMBER", default=False),
                memory_days=read.whole("MEMORY_DAYS", 30, 1, 3650),
            ),
            limits=_limits(read),
            users_per_number=read.whole(SHARED_RULE, USERS_PER_NUMBER, 1, 1_000_000),
            scope_group_id=read.optional("SYNC_SCOPE_GROUP_ID", "an object id (GUID)", _GUID),
            exclude_group_id=read.optional("EXCLUDE_GROUP_ID", "an object id (GUID)", _GUID),
            canary_user=(read.optional("CANARY_USER", "an object id (GUID)", _GUID) or "").lower() or None,
            plan_only=read.word("PUSH_MODE", "apply", "plan") == "plan",
            inline_max=read.whole("SYNC_INLINE_MAX", 100, 1, 1000),
            rows_max=read.whole("SYNC_MAX", 10_000, 1, 50_000),
            deadline_seconds=read.whole("SYNC_DEADLINE_SECONDS", 90, 5, 220),
            sweeps=SweepSettings(
                mode=read.word("SWEEP_MODE", "plan", "apply", "off"),
                keep_when_empty=read.word("SWEEP_EMPTY", "delete", "keep") == "keep",
                empty_grace_days=read.whole("EMPTY_GRACE_DAYS", 3, 0, 90),
                full_every_days=read.whole("FULL_SWEEP_EVERY_DAYS", 7, 1, 30),
                retention_days=read.whole("RUN_RETENTION_DAYS", 90, 7, 3650),
                claim_seconds=read.whole("RUN_CLAIM_SECONDS", 300, 5, 600),
            ),
            easy_auth=read.flag("EASY_AUTH", default=False),
            signed_requests=read.word("SIGNED_REQUESTS", "off", "require") == "require",
        )
        # Others read these; what is wrong with them is reported here, with the rest.
        _telemetry(read)
        for name, example in (("SWEEP_SCHEDULE", "0 0 2 * * *"), ("WATCHDOG_SCHEDULE", "0 */5 * * * *")):
            read.optional(name, f"six fields such as {example}", _SCHEDULE)
        if read.faults:
            raise SettingsError(tuple(read.faults))
        return settings


def _ropc_credential(read: Reader, auth: GraphAuth) -> RopcCredential:
    name = "ROPC_CREDENTIAL"
    credential = read.member(name, RopcCredential.SECRET)
    if auth is GraphAuth.CLIENT_SECRET and credential is RopcCredential.MANAGED_IDENTITY:
        read.faults.append(
            f"{name}: must be secret with GRAPH_AUTH=client-secret; to be the app without any stored "
            "secret, set GRAPH_AUTH=managed-identity"
        )
    return credential


def _regions(read: Reader) -> tuple[str, ...]:
    text = read.optional("PHONE_REGIONS", "regions such as SE,NO", _REGIONS) or ""
    return tuple(sorted(set(_REGION.findall(text))))


def _storage(read: Reader) -> StorageSettings:
    """Return the storage that is named by a connection string, by an account or by its addresses."""
    whole, account = read.text(_STORAGE), read.text(f"{_STORAGE}__accountName")
    services = {name: f"{_STORAGE}__{name}ServiceUri" for name in ("table", "blob")}
    addresses = {service: read.text(name) for service, name in services.items()}
    addressed = any(addresses.values())
    names = f"{_STORAGE}__accountName or {' with '.join(services.values())}"
    given = [bool(whole), bool(account), addressed].count(True)
    if given == 0:
        read.faults.append(f"{_STORAGE}: is missing; it, {names} must be set")
    if given > 1:
        read.faults.append(f"{_STORAGE}: must be set alone: only one of it, {names}")
    if whole and not _is_connection_string(whole):
        read.faults.append(f"{_STORAGE}: must be the connection string of a storage account")
    if addressed:
        addresses = {service: read.origin(name) for service, name in services.items()}
    if account:
        read.matching(f"{_STORAGE}__accountName", "the name of a storage account", _ACCOUNT)
        addresses = {service: f"https://{account}.{service}.core.windows.net" for service in services}
    read.word(f"{_STORAGE}__credential", "managedidentity")
    client_id = read.optional(f"{_STORAGE}__clientId", "a client id (GUID)", _GUID)
    if whole:
        return StorageSettings(whole)
    return StorageSettings(None, addresses["table"], addresses["blob"], client_id)


def _telemetry(read: Reader) -> TelemetrySettings:
    """Return where telemetry goes. What the platform would export beside us is refused."""
    is_on = read.word("TELEMETRY", "off", "on") == "on"
    upns = read.flag("TELEMETRY_UPNS", default=False)
    target = read.optional(
        _INSIGHTS, "a connection string: InstrumentationKey=…;IngestionEndpoint=…", _CONNECTION
    )
    if is_on and not read.text(_INSIGHTS):
        read.faults.append(f"{_INSIGHTS}: is missing; TELEMETRY=on needs it")
    if _platform_flag(read, "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY"):
        read.faults.append(
            "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: must not be true, for the worker would export "
            "addresses that hold UPNs; set TELEMETRY=on instead"
        )
    if _platform_flag(read, "PYTHON_ENABLE_OPENTELEMETRY") is not is_on:
        read.faults.append(
            "PYTHON_ENABLE_OPENTELEMETRY: must be true with TELEMETRY=on, else events go out twice, and "
            "not without it, else none does"
        )
    return TelemetrySettings(target if is_on else None, upns)


def _platform_flag(read: Reader, name: str) -> bool:
    """Return a flag as the worker library reads it."""
    return read.text(name).lower() in {"1", "true", "t", "yes", "y"}


def _limits(read: Reader) -> Limits:
    defaults = {
        Kind.CREATE: ("MAX_CREATES", 500, 10),
        Kind.UPDATE: ("MAX_UPDATES", 200, 10),
        Kind.ASSERT: ("MAX_ASSERTS", 1000, 100),
        Kind.DELETE: ("MAX_DELETES", 20, 5),
    }
    return {
        kind: Limit(
            name,
            read.whole(name, count, 0, 1_000_000),
            read.whole(f"{name}_PERCENT", percent, 0, 100),
        )
        for kind, (name, count, percent) in defaults.items()
    }


def _is_connection_string(text: str) -> bool:
    """Return whether the libraries will find in it an account and a right to its tables and blobs."""
    parts = [part.partition("=") for part in text.rstrip(";").split(";")]
    named = {name.strip().lower() for name, _, value in parts if value.strip()}
    return text.lower() == "usedevelopmentstorage=true" or named >= _KEYED or named >= _SIGNED
