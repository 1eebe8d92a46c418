"""Sign-in as the app alone with its client secret: the brake holds for it too, and no password is read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from dev.tenant import sample
from dev.tenant.server import EmulatedTenant
from mfa_sync.telemetry.events import quieten_libraries
from tests.clocks import FakeClock
from tests.wire.signing import SECRETS, Signing

SECRET = "mfa-sync-client-secret"
# Token requests after: a push at once, after 1, 10 and 30 minutes.
NEVER = [1, 1, 1, 1]
TEN_MINUTES = [1, 1, 2, 3]
SECONDS = [1, 2, 3, 4]
MINUTES = (0, 1, 10, 30)
PERMANENT = {
    **dict.fromkeys((7000215, 7000222, 7000218), NEVER),
    **dict.fromkeys((700016, 7000112, 70011, 700025, 90002, 9001023, 53003, 99999), TEN_MINUTES),
    # Of somebody's password, of which this mode has none: no new version can heal it.
    **dict.fromkeys((50126, 50034), TEN_MINUTES),
}
TRANSIENT = dict.fromkeys((50033, 90033, 90055), SECONDS)


@pytest.fixture
def signing(tenant: EmulatedTenant, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> Iterator[Signing]:
    """Workers that sign in as the app, whose log is searched for secrets at the end."""
    quieten_libraries()
    with caplog.at_level(logging.DEBUG):
        yield Signing(tenant, clock, GRAPH_AUTH="client-secret")
    assert not [secret for secret in SECRETS if secret in caplog.text]


async def test_only_the_client_secret_is_read(signing: Signing) -> None:
    """No service account is there whose name or password could be in the vault."""
    token = await signing.token()
    assert signing.secrets_read() == {SECRET}
    service_principal = signing.tenant.state.service_principal_id(sample.CLIENT_ID)
    assert token.principals == {sample.CLIENT_ID, service_principal}


@pytest.mark.parametrize(("number", "sign_ins"), PERMANENT.items())
async def test_a_permanent_refusal_is_502_with_its_number_and_is_braked(
    signing: Signing, number: int, sign_ins: list[int]
) -> None:
    """A wrong secret is never sent again in that version, anything else once in ten minutes."""
    signing.control.switch(token_error=number)
    seen, body = await signing.pushes(MINUTES)
    assert seen == sign_ins
    assert (body["status"], body["code"], body["aadsts"]) == (502, "signInRefused", number)


@pytest.mark.parametrize(("number", "sign_ins"), TRANSIENT.items())
async def test_a_passing_refusal_is_503_and_tried_again_by_itself(
    signing: Signing, number: int, sign_ins: list[int]
) -> None:
    """Nobody need act."""
    signing.control.switch(token_error=number)
    seen, body = await signing.pushes(MINUTES)
    assert (seen, body["status"], body["code"]) == (sign_ins, 503, "signInUnavailable")


@pytest.mark.parametrize(
    ("app", "number"),
    [
        ({"secrets": ["another"]}, 7000215),
        ({"secrets": [], "expired_secrets": [sample.CLIENT_SECRET]}, 7000222),
    ],
)
async def test_a_wrong_or_an_expired_secret_waits_for_a_new_version(
    signing: Signing, app: dict[str, Any], number: int
) -> None:
    """Stored, it is found by any worker within a minute."""
    signing.control.patch_app(sample.CLIENT_ID, **app)
    for _ in range(3):
        signing.cold_start()
        assert (await signing.refusal())["aadsts"] == number
    assert signing.sign_ins() == 1
    signing.control.patch_app(sample.CLIENT_ID, secrets=["the new one"])
    signing.control.put_secret(SECRET, "the new one")
    signing.clock.advance(61)
    await signing.token()
    assert signing.sign_ins() == 2


async def test_an_app_that_is_unknown_is_told(signing: Signing) -> None:
    """And which setting names it."""
    signing.cold_start(CLIENT_ID="11111111-1111-4111-8111-111111111111")
    body = await signing.refusal()
    assert body["aadsts"] == 700016
    assert "CLIENT_ID" in body["remedy"]


@pytest.mark.parametrize("fault", [{"reset": True}, {"status": 200, "body": "html"}, {"status": 502}])
async def test_a_lost_verdict_is_a_fault_like_another(signing: Signing, fault: dict[str, Any]) -> None:
    """Entra locks no app, so there is nothing to be careful of: tried again after seconds."""
    signing.control.fault(host="login.*", path="/token$", times=99, **fault)
    for _ in range(6):
        body = await signing.refusal()
        assert (body["status"], body["code"]) == (503, "signInUnavailable")
        signing.cold_start()
        signing.clock.advance(11)
    assert signing.sign_ins() == 6
    signing.control.clear_faults()
    await signing.token()


async def test_a_rejected_token_is_renewed_once_for_all_who_had_it(signing: Signing) -> None:
    """MSAL would answer from its own memory: Entra is asked."""
    first = await signing.token()
    second = await signing.worker.token(rejected=first)
    assert second.value != first.value
    assert await signing.worker.token(rejected=first) is second
    assert signing.sign_ins() == 2


async def test_a_claims_challenge_is_passed_on(signing: Signing) -> None:
    """Entra gives a token that answers it."""
    first = await signing.token()
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
    second = await signing.worker.token(rejected=first, claims=claims)
    tokens = signing.tenant.state.tokens
    assert [tokens[one.value].answers_challenge for one in (first, second)] == [False, True]
    assert tokens[first.value].cp1


async def test_a_token_near_its_end_is_renewed(signing: Signing) -> None:
    """It is kept until then."""
    first = await signing.token()
    signing.clock.advance(3600)
    assert await signing.token() is first
    signing.clock.advance(100)
    assert await signing.token() is not first
    assert signing.sign_ins() == 2


async def test_its_brake_is_not_the_service_accounts(signing: Signing) -> None:
    """An account that is locked says nothing of the app: the way out of ROPC stays open."""
    signing.cold_start(GRAPH_AUTH="ropc")
    signing.control.switch(token_error=50053)
    assert (await signing.refusal())["aadsts"] == 50053
    signing.control.switch(token_error=None)
    signing.cold_start()
    await signing.token()
