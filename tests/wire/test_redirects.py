"""Nothing with a password, a token or a key follows a redirect: it goes where it was meant to."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import SyncError
from tests.wire.bench import Bench

ONE = "+46701740611"
# Another service that the emulated cloud serves, so that whatever went there would stand in its log.
ELSEWHERE = "graph.microsoft.com"
MOVED = {"Location": f"https://{ELSEWHERE}/taken"}


def taken(bench: Bench) -> list[Any]:
    """Return what the other host saw."""
    return [entry for entry in bench.control.log() if entry["path"] == "/taken"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("login.*", "/token$"),
        ("login.*", "openid-configuration"),
        ("login.*", "userrealm"),
        ("graph.*", r"\$batch"),
        ("contoso-mfa.*", "/secrets/mfa-sync-handshake/"),
        ("contoso-mfa.*", "/secrets/mfa-sync-password/"),
    ],
)
async def test_a_redirect_delivers_nothing_to_another_host(
    bench: Bench, host: str, path: str, status: int
) -> None:
    """MSAL's session, httpx, and azure-core for vault and identity."""
    bench.configure(SYNC_DEADLINE_SECONDS="5")
    bench.control.fault(host=host, path=path, status=status, times=99, headers=MOVED, body="empty")
    person = bench.person(ONE)
    try:
        answer = await bench.push([{"Id": person.id}])
    except SyncError:
        pass
    else:
        assert answer.body["results"][0]["outcome"] != "created"
    assert taken(bench) == []
    assert bench.mobile(person) is None
    assert any(entry["status"] == status for entry in bench.control.log()), "nobody was redirected"


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("mode", ["ropc", "managed-identity"])
async def test_the_identitys_endpoint_may_redirect_nobody(bench: Bench, mode: str, status: int) -> None:
    """Its header is a secret of this process: for the vault's token, and for Graph's."""
    bench.configure(SYNC_DEADLINE_SECONDS="5", GRAPH_AUTH=mode)
    bench.control.switch(identity=str(status), identity_location=MOVED["Location"])
    with pytest.raises(SyncError):
        await bench.push([{"Id": bench.person(ONE).id}])
    assert taken(bench) == []
