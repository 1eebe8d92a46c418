"""Every check, in the order in which people read them; docs/doctor.md is made from it."""

from __future__ import annotations

from mfa_sync.doctor.rights import RIGHTS
from mfa_sync.doctor.verdict import Check

_VAULT = 'Key Vault "About secrets": an expired secret is served all the same'
_GROUPS = 'Graph "List group transitive members"'
_AUDIT = 'Graph "List directoryAudits"'
_METHODS = 'Graph "phoneAuthenticationMethod"'
_OURS = "docs/settings.md"

_SECRETS = {
    "handshake": "the push's handshake",
    "handshakePrevious": "the handshake before, which counts until its expiry date",
    "approver": "the approvers' handshake",
    "fingerprintKey": "the key of fingerprints",
    "username": "the service account's name, with `GRAPH_AUTH=ropc`",
    "password": "its password, likewise",
    "clientSecret": "the app's client secret, where one signs in",
    "signingKey": "the key of signed calls, with `SIGNED_REQUESTS=require`",
    "signingKeyPrevious": "the one before, likewise",
}

CHECKS: tuple[Check, ...] = (
    Check("settings", "what is switched on that somebody should know of", _OURS),
    Check("vault", "whether the app's identity reads Key Vault", "docs/azure.md"),
    *(
        Check(f"secret.{name}", f"{what}: there, its version's age, expiry, strength", _VAULT)
        for name, what in _SECRETS.items()
    ),
    Check("signIn", "whether Entra signs the app in", "docs/sign-in.md"),
    Check("roles", "the roles that the token names (`wids`)", 'Entra "Access token claims reference"'),
    *(
        Check(
            f"right.{right.name}", f"the permission to {right.feature}, where it is needed", "docs/graph.md"
        )
        for right in RIGHTS
    ),
    Check("scopeGroup", "`SYNC_SCOPE_GROUP_ID`: there, readable, not hidden, not empty", _GROUPS),
    Check("excludeGroup", "`EXCLUDE_GROUP_ID`, likewise", _GROUPS),
    Check("privileged", "whether who is privileged can be read whole and is plausible", "docs/graph.md"),
    Check("people", "whether people on the first page of users are in scope, and synced", _OURS),
    Check("attribute", "whether they have `extensionAttribute15` at all", "docs/attribute.md"),
    Check("numbers", "whether Graph shows their numbers whole or masked", _METHODS),
    Check("auditLog", "whether the audit log may be read, and the age of its newest entry", _AUDIT),
    Check("delta", "whether Graph tells who changes from now on", 'Graph "user: delta"'),
    Check("table", "whether a row can be written, read and deleted", "docs/runs.md"),
    Check("blobs", "whether a blob can be written, read and deleted", "docs/runs.md"),
    Check("queue", "whether runs that should move do: the queue carries their nudges", "docs/runs.md"),
    Check(
        "watchdog",
        "when the watchdog came last, and so whether timers come",
        "Azure/azure-functions-host#11828",
    ),
    Check("clock", "the app's clock against the `Date` of Graph's answer", "RFC 9110, section 6.6.1"),
    Check(
        "smsAndVoice",
        "whether the tenant lets people use SMS or voice, and until when Microsoft delivers them",
        'Entra "Retirement of Microsoft-provided SMS and voice"',
    ),
    Check(
        "canary",
        "`CANARY_USER`: disabled, in scope, its phone its attribute's; a try cut off is put right",
        "below",
    ),
    Check("canary.mask", "how a known number is shown", _METHODS),
    Check(
        "canary.restrictedUnit",
        "whether Graph lets the app write it",
        'Entra "Restricted management administrative units"',
    ),
    Check("canary.readLag", "after how long a read shows a write", "nobody publishes it"),
    Check(
        "canary.refusals",
        "what refusals of a second create, a bad number and a delete of nothing look like",
        "nobody publishes it",
    ),
    Check(
        "canary.auditLog",
        "when the audit log shows our write, whether as ours, and whether its filter finds it",
        _AUDIT,
    ),
    Check("canary.rate", "how many reads of methods are taken at once", "nobody publishes it"),
    Check("facts", "what was found out by the canary, how old it is, and whether it is used", "below"),
    Check("forecast", "how long a sweep of everybody will take", 'Graph "Throttling limits"'),
)
"""The list."""

BY_NAME = {check.name: check for check in CHECKS}
