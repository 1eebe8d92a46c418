"""A service account of a federated domain: MSAL asks the federation server, and raises what it refuses."""

from __future__ import annotations

import html
import logging

import pytest
import requests

from dev.tenant import sample
from dev.tenant.server import EmulatedTenant
from mfa_sync.settings.transports import Transports
from mfa_sync.telemetry.events import quieten_libraries
from tests.clocks import FakeClock
from tests.wire.federation import BROKEN, METADATA, NO_PASSWORDS, WRONG_PASSWORD, FederationServer
from tests.wire.signing import SECRETS, Signing


def federated(tenant: EmulatedTenant, clock: FakeClock, server: FederationServer) -> Signing:
    """Return workers whose account's domain is federated with this server."""
    tenant.control.patch_account(sample.SERVICE_ACCOUNT, federated=True)
    session = requests.Session()
    session.mount("https://sts.contoso.com/", server)
    return Signing(tenant, clock, Transports(session=session))


@pytest.mark.parametrize(
    ("answers", "status", "sent"),
    [
        # AD FS answers a wrong password, and a locked account, with a fault under status 500.
        ((METADATA, 500, WRONG_PASSWORD), 502, 1),
        ((NO_PASSWORDS, 200, ""), 502, 0),
        ((METADATA, 500, BROKEN), 503, 2),
        ((METADATA, 502, "<html><body>Bad gateway"), 503, 2),
        ((METADATA, 200, "<html/>"), 503, 2),
        (("<html><body>Unavailable", 200, ""), 503, 0),
    ],
    ids=["wrong password", "no passwords", "broken", "gateway", "strange", "no metadata"],
)
async def test_a_federation_servers_answers_are_told_apart(
    tenant: EmulatedTenant,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    answers: tuple[str, int, str],
    status: int,
    sent: int,
) -> None:
    """A refused password is never sent again; one without a verdict twice."""
    quieten_libraries()
    server = FederationServer(*answers)
    signing = federated(tenant, clock, server)
    with caplog.at_level(logging.DEBUG):
        for _ in range(6):
            body = await signing.refusal()
            assert body["status"] == status
            assert "aadsts" not in body
            signing.cold_start()
            clock.advance(11)
    assert len(server.envelopes) == sent
    assert all(sample.PASSWORD in html.unescape(envelope) for envelope in server.envelopes)
    assert not [secret for secret in SECRETS if secret in caplog.text]


async def test_a_federation_server_that_cannot_be_reached_is_503(
    tenant: EmulatedTenant, clock: FakeClock
) -> None:
    """Nobody answers under its name; no password has left."""
    tenant.control.patch_account(sample.SERVICE_ACCOUNT, federated=True)
    signing = Signing(tenant, clock)
    assert (await signing.refusal())["code"] == "signInUnavailable"
    tenant.control.patch_account(sample.SERVICE_ACCOUNT, federated=False)
    await signing.token()
