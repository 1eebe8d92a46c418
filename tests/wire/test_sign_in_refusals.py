"""Every refusal of Entra's, over the wire: what the caller is told, and how often Entra is asked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from dev.tenant import sample
from dev.tenant.server import EmulatedTenant
from mfa_sync.telemetry.events import quieten_libraries
from shared.errors import TransientError
from tests.clocks import FakeClock
from tests.wire.signing import SECRETS, Signing

# Token requests after: a push, a second one at once, after 1, 10 and 30 minutes.
NEVER = [1, 1, 1, 1, 1]
TEN_MINUTES = [1, 1, 1, 2, 3]
# Where Entra may have counted a wrong password, the third leaves forty minutes after the first.
TWO_IN_FORTY = [1, 1, 1, 2, 2]
HALF_AN_HOUR = [1, 1, 1, 1, 2]
SECONDS = [1, 1, 2, 3, 4]
SECONDS_TWICE = [1, 1, 2, 2, 2]
MINUTES = (0, 0, 1, 10, 30)

PERMANENT = {
    **dict.fromkeys((50126, 50055, 50144, 50056, 7000215, 7000222, 7000218), NEVER),
    **dict.fromkeys((50034, 50057, 50072, 50074, 50076, 50079), TEN_MINUTES),
    **dict.fromkeys((53000, 53001, 53002, 53003, 53004, 530032, 530035), TEN_MINUTES),
    **dict.fromkeys((65001, 70011, 700016, 700025, 90002, 9001023), TEN_MINUTES),
    **dict.fromkeys((99999, 123456789), TWO_IN_FORTY),
    50053: HALF_AN_HOUR,
}
TRANSIENT = {
    **dict.fromkeys((50033, 50087, 90006, 90012, 90024, 90033, 90055, 80001, 80002), SECONDS),
    50196: TEN_MINUTES,
}


@pytest.fixture
def signing(tenant: EmulatedTenant, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> Iterator[Signing]:
    """Workers that sign in, whose log is searched for secrets at the end."""
    quieten_libraries()
    with caplog.at_level(logging.DEBUG):
        yield Signing(tenant, clock)
    assert not [secret for secret in SECRETS if secret in caplog.text]


@pytest.mark.parametrize(("number", "sign_ins"), PERMANENT.items())
async def test_traps_27_and_30_a_permanent_refusal_is_502_with_its_number_and_is_braked(
    signing: Signing, number: int, sign_ins: list[int]
) -> None:
    """A person must act; until that can have happened nothing is sent."""
    signing.control.switch(token_error=number)
    seen, body = await signing.pushes(MINUTES)
    assert seen == sign_ins
    assert (body["status"], body["code"], body["aadsts"]) == (502, "signInRefused", number)


@pytest.mark.parametrize(("number", "sign_ins"), TRANSIENT.items())
async def test_a_passing_refusal_is_503_and_tried_again_by_itself(
    signing: Signing, number: int, sign_ins: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody need act, and so nobody is alerted."""
    signing.control.switch(token_error=number)
    seen, body = await signing.pushes(MINUTES)
    assert seen == sign_ins
    assert (body["status"], body["code"]) == (503, "signInUnavailable")
    assert f"AADSTS{number}" in body["detail"]
    assert {one.message.partition(" ")[0] for one in caplog.records if "signIn" in one.message} == {
        "signIn.delayed"
    }


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_failing_token_endpoint_is_503(signing: Signing, status: int) -> None:
    """MSAL raises on 5xx and would answer from memory; neither shows. A gateway may hide a verdict."""
    signing.control.switch(token_status=status)
    seen, body = await signing.pushes(MINUTES)
    sign_ins = SECONDS_TWICE if status in {502, 504} else SECONDS
    assert (seen, body["status"], body["code"]) == (sign_ins, 503, "signInUnavailable")


@pytest.mark.parametrize("switches", [{"token_status": 429}, {"token_status": 503}, {"token_error": 90033}])
async def test_trap_29_a_repair_is_seen_by_the_worker_that_was_refused(
    signing: Signing, switches: dict[str, Any]
) -> None:
    """MSAL would go on answering from memory, for seconds or a minute by the machine's clock."""
    signing.control.switch(**switches)
    assert (await signing.refusal())["status"] == 503
    signing.control.switch(**dict.fromkeys(switches))
    signing.clock.advance(60)
    await signing.token()
    assert signing.sign_ins() == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_the_wait_that_entra_asks_for_is_kept_and_passed_on(signing: Signing, status: int) -> None:
    """Retry-After of the token endpoint, by all workers."""
    signing.control.switch(token_status=status, token_retry_after=120)
    answer = await signing.answer()
    assert answer
    assert answer.headers["Retry-After"] == "120"
    signing.control.switch(token_status=None)
    signing.clock.advance(119)
    signing.cold_start()
    assert (await signing.refusal())["status"] == 503
    signing.clock.advance(1)
    await signing.token()
    assert signing.sign_ins() == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"path": "/token$", "reset": True},
        {"path": "/token$", "status": 200, "body": "html"},
        {"path": "/token$", "status": 200, "body": "empty"},
        {"path": "/token$", "status": 502, "body": "html"},
    ],
)
async def test_a_password_sent_without_a_verdict_is_a_miss(signing: Signing, fault: dict[str, Any]) -> None:
    """Entra may have counted it: two such sign-ins, then one in forty minutes."""
    signing.control.fault(host="login.*", times=99, **fault)
    for _ in range(10):
        body = await signing.refusal()
        assert (body["status"], body["code"]) == (503, "signInUnavailable")
        signing.cold_start()
        signing.clock.advance(11)
    assert signing.sign_ins() == 2
    signing.control.clear_faults()
    signing.clock.advance(2400)
    await signing.token()


@pytest.mark.parametrize(
    "fault",
    [
        {"path": "openid-configuration", "reset": True},
        {"path": "openid-configuration", "status": 503},
        {"path": "openid-configuration", "status": 200, "body": "html"},
        {"path": "openid-configuration", "status": 200, "body": "json"},
        {"path": "userrealm", "reset": True},
        {"path": "userrealm", "status": 500},
        {"path": "userrealm", "status": 200, "body": "html"},
    ],
)
async def test_a_password_that_never_left_brakes_nobody(signing: Signing, fault: dict[str, Any]) -> None:
    """The network, or discovery: 503, and free to try again."""
    signing.control.fault(host="login.*", times=99, **fault)
    for _ in range(10):
        body = await signing.refusal()
        assert (body["status"], body["code"]) == (503, "signInUnavailable")
    assert signing.sign_ins() == 0
    signing.control.clear_faults()
    await signing.token()


async def test_trap_27_an_answer_that_gives_no_reason_is_a_refusal(signing: Signing) -> None:
    """An error that is no word of OAuth's: permanent, without a number."""
    signing.control.fault(host="login.*", path="/token$", status=400, times=99)
    seen, body = await signing.pushes(MINUTES)
    assert (seen, body["status"]) == (TWO_IN_FORTY, 502)
    assert "aadsts" not in body


async def test_an_unknown_tenant_is_told_apart_from_a_fault(signing: Signing) -> None:
    """Discovery says 400, and MSAL a ValueError."""
    signing.cold_start(TENANT_ID="22222222-2222-4222-8222-222222222222")
    body = await signing.refusal()
    assert (body["status"], body["aadsts"]) == (502, 90002)
    assert "TENANT_ID" in body["remedy"]


async def test_a_client_secret_rotated_since_it_was_cached_is_read_again_once(signing: Signing) -> None:
    """401 invalid_client: the vault has the new one."""
    await signing.token()
    signing.control.patch_app(sample.CLIENT_ID, secrets=["another-secret"])
    signing.control.put_secret("mfa-sync-client-secret", "another-secret")
    signing.control.revoke_tokens()
    signing.clock.advance(200)
    token = await signing.token()
    signing.control.clear_log()
    renewed = await signing.worker.token(rejected=token)
    assert renewed != token
    # The refresh token and the password, both with the old secret; then the password with the new one.
    assert signing.sign_ins() == 3


async def test_trap_36_a_client_secret_that_is_wrong_and_was_not_rotated_is_read_again_once(
    signing: Signing,
) -> None:
    """The versions are equal: nothing is tried until they are not."""
    signing.control.patch_app(sample.CLIENT_ID, secrets=["another-secret"])
    for _ in range(5):
        assert (await signing.refusal())["aadsts"] == 7000215
    assert signing.sign_ins() == 1
    reads = [path for path, status in signing.vault_calls() if "client-secret" in path and status == 200]
    assert len(reads) == 2


async def test_trap_28_each_wrong_version_is_tried_once_and_the_right_one_heals(signing: Signing) -> None:
    """By any worker, however cold; within a minute of being stored."""
    for version in range(2):
        signing.control.put_secret("mfa-sync-password", f"wrong-{version}")
        for _ in range(4):
            signing.cold_start()
            assert (await signing.refusal())["aadsts"] == 50126
        assert signing.sign_ins() == version + 1
    signing.control.put_secret("mfa-sync-password", sample.PASSWORD)
    signing.clock.advance(2400)
    await signing.token()


async def test_a_renewal_by_refresh_token_needs_no_brake(signing: Signing) -> None:
    """No password is sent: while another worker's was refused, this one goes on."""
    token = await signing.token()
    first = signing.worker
    signing.control.put_secret("mfa-sync-password", "wrong")
    signing.cold_start()
    assert (await signing.refusal())["aadsts"] == 50126
    writes = signing.table.written
    assert await first.token(rejected=token) != token
    assert signing.table.written == writes


async def test_a_token_near_its_end_is_renewed_by_the_refresh_token(signing: Signing) -> None:
    """And when that is no longer taken, by the password."""
    # MSAL goes by the machine's clock, and gives out no token that ends within five minutes.
    signing.control.switch(token_lifetime=250)
    first = await signing.token()
    assert await signing.token() is first
    signing.clock.advance(126)
    second = await signing.token()
    assert (second != first, signing.sign_ins(), signing.table.written) == (True, 2, 2)
    signing.tenant.state.refresh_tokens.clear()
    signing.clock.advance(126)
    assert (await signing.token() != second, signing.sign_ins()) == (True, 4)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_renewal_that_fails_sends_no_password(signing: Signing, status: int) -> None:
    """Entra throttles or is down: another way in would only add to it."""
    token = await signing.token()
    signing.control.switch(token_status=status)
    writes = signing.table.written
    with pytest.raises(TransientError):
        await signing.worker.token(rejected=token)
    assert (signing.sign_ins(), signing.table.written) == (2, writes)


async def test_trap_31_a_guests_user_name_is_told_before_it_is_sent(signing: Signing) -> None:
    """MSAL would cut the address of the user realm at the #."""
    signing.control.put_secret("mfa-sync-username", "anna_fabrikam.com#EXT#@contoso.com")
    answer = await signing.answer()
    assert answer
    assert (answer.status, signing.sign_ins()) == (500, 0)
