"""Addresses that nobody was ever told: not found, whatever they hold, and no harm to anybody else."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from dev.stack.local_stack import LocalStack
from dev.tenant import sample

STAMP = "20200101T000000Z"


@pytest.mark.parametrize(
    "run_id",
    [
        "x",
        f"{STAMP}-push-",
        f"{STAMP}-push-\x7f",
        f"{STAMP}-push-\\",
        f"{STAMP}-push-#",
        f"{STAMP}-push-?",
        f"{STAMP}-push-%2f",
        f"{STAMP}-push-'",
        f"{STAMP}-push-{'x' * 1500}",
        "00010101T000000Z-push-0a1b2c3d",
        "99991231T235959Z-push-0a1b2c3d",
        f"{STAMP}-pushö",
    ],
)
def test_a_run_of_an_odd_name_is_not_there(stack: LocalStack, run_id: str) -> None:
    """The storage is not asked for what cannot be a key: it would be shut off for everybody."""
    path = f"/api/mfa-sync/{quote(run_id, safe='')}"
    headers = {"x-functions-key": stack.host.key("mfa_sync"), "Message": sample.HANDSHAKE}
    answer = stack.request("GET", path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "runNotFound")
    read = stack.operate("runs_read", "GET", f"/{quote(run_id, safe='')}")
    assert (read.status_code, read.json()["code"]) == (404, "runNotFound")


def test_a_nul_in_an_address_is_the_web_servers_to_refuse(stack: LocalStack) -> None:
    """Seen on host 4.1037: 400, and the app never sees it."""
    headers = {"x-functions-key": stack.host.key("mfa_sync"), "Message": sample.HANDSHAKE}
    answer = stack.request("GET", f"/api/mfa-sync/{STAMP}-push-%00", headers=headers)
    assert (answer.status_code, answer.content) == (400, b"")
