"""Nothing of a sign-in reaches a log, even where a library would write it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import requests

from dev.tenant import sample
from dev.tenant.server import EmulatedTenant
from mfa_sync.settings.transports import Transports
from mfa_sync.telemetry.events import quieten_libraries
from tests.clocks import FakeClock
from tests.wire.federation import FederationServer
from tests.wire.signing import Signing

if TYPE_CHECKING:
    import pytest


async def test_trap_33_an_answer_that_cannot_be_read_is_not_logged(
    tenant: EmulatedTenant, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """MSAL logs it whole, and a token may be in it."""
    quieten_libraries()
    session = requests.Session()
    cut_off = FederationServer("", 200, '{"token_type": "Bearer", "access_token": "eyJ0aGUtdG9rZW4i')
    session.mount(f"https://login.microsoftonline.com/{sample.TENANT_ID}/oauth2/v2.0/token", cut_off)
    signing = Signing(tenant, clock, Transports(session=session))
    with caplog.at_level(logging.DEBUG):
        body = await signing.refusal()
    assert (body["status"], len(cut_off.envelopes)) == (503, 1)
    assert "eyJ" not in caplog.text
    assert "eyJ" not in body["detail"]
