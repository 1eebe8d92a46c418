"""The doctor at a bench: its answer, and a tenant in which much is wrong at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dev.tenant.access import ROLE_IDS
from dev.tenant.people import Group
from mfa_sync.api.doctor import doctor
from mfa_sync.api.worker import Call
from tests.answering import read
from tests.wire.bench import Bench

HIDDEN = "cccccccc-0000-4000-8000-000000000009"


async def examined(
    bench: Bench, headers: Mapping[str, str] | None = None, **wish: bool
) -> dict[str, dict[str, Any]]:
    """Return each check of the doctor by its name."""
    body = json.dumps(wish).encode() if wish else b""
    answer = read(await doctor(Call(bench.worker, headers or {}, {}, body)))
    assert answer.status == 200
    return {one["name"]: one for one in answer.body["checks"]}


def states(checks: Mapping[str, Mapping[str, Any]], *these: str) -> set[str]:
    """Return the names of the checks in one of these states."""
    return {name for name, one in checks.items() if one["state"] in these}


async def let_all_go_wrong(bench: Bench) -> None:
    """Twelve faults at once; the storage is stopped last, since without it no password leaves."""
    control, state = bench.control, bench.tenant.state
    state.groups[HIDDEN] = Group(HIDDEN, "Board", visibility="HiddenMembership")
    control.switch(
        grants=[
            "User.Read.All",
            "UserAuthenticationMethod.Read.All",  # no consent to write phones
            "GroupMember.Read.All",
            "RoleManagement.Read.Directory",
            "Policy.Read.All",  # no PIM right, no audit right
        ],
        signed_in_roles=["Authentication Administrator"],  # masked
        token_wids=[ROLE_IDS["User Administrator"]],  # the wrong role
        date_offset=-600.0,
        policy_sms=False,
        policy_voice=False,
    )
    state.vaults["contoso-mfa"].pop("mfa-sync-fingerprint-key")
    control.put_secret("mfa-sync-handshake", "summer2026")
    control.put_secret(
        "mfa-sync-client-secret", "Kq8~emulated-Client.Secret_vT4zR9xL2mW7pN5s", exp=1_700_000_000
    )
    bench.configure(EXCLUDE_GROUP_ID=HIDDEN)
    await bench.worker.graph.token(bench.deadline())
    bench.storage.stop()


TWELVE = {
    "secret.fingerprintKey": "fault",
    "secret.handshake": "fault",
    "secret.clientSecret": "fault",
    "right.phones": "fault",
    "roles": "fault",
    "excludeGroup": "fault",
    "right.auditLog": "warning",
    "table": "fault",
    "clock": "fault",
    "numbers": "warning",
    "right.eligibleRoles": "fault",
    "smsAndVoice": "fault",
}
"""The check that tells each of the twelve."""
