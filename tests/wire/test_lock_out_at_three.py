"""Where three failures in half an hour lock an account (US Government), ours never has a third."""

from __future__ import annotations

import pytest

from dev.tenant import sample
from dev.tenant.server import EmulatedTenant
from tests.clocks import FakeClock
from tests.wire.signing import Signing


@pytest.fixture
def signing(tenant: EmulatedTenant, clock: FakeClock) -> Signing:
    """Workers of a tenant that locks at the third failure, for hours."""
    tenant.control.switch(lockout_threshold=3, lockout_seconds=1800)
    return Signing(tenant, clock)


def failures(signing: Signing) -> int:
    """Return how many failures Entra counts now."""
    account = signing.tenant.state.accounts[sample.SERVICE_ACCOUNT]
    return sum(when > signing.clock.now().timestamp() - 1800 for when in account.failed_sign_ins)


async def test_wrong_passwords_one_after_another_do_not_lock_the_account(signing: Signing) -> None:
    """A new version every minute for two hours, each with a cold worker, and each wrong."""
    most = 0
    for minute in range(120):
        signing.control.put_secret("mfa-sync-password", f"wrong-{minute}")
        signing.cold_start()
        await signing.refusal()
        most = max(most, failures(signing))
        signing.clock.advance(60)
    assert most == 2
    assert signing.sign_ins() <= 7
    signing.control.put_secret("mfa-sync-password", sample.PASSWORD)
    signing.clock.advance(2401)
    await signing.token()


async def test_a_secret_that_waits_for_its_trial_is_not_called_wrong(signing: Signing) -> None:
    """Two were refused, and the right one is stored: nobody has to act, and the answer says until when."""
    for wrong in ("wrong-1", "wrong-2"):
        signing.control.put_secret("mfa-sync-password", wrong)
        signing.cold_start()
        assert (await signing.refusal())["code"] == "signInRefused"
        signing.clock.advance(60)
    signing.control.put_secret("mfa-sync-password", sample.PASSWORD)
    signing.cold_start()
    answer = await signing.answer()
    assert answer
    assert (answer.status, answer.body["code"]) == (503, "signInUnavailable")
    assert "AADSTS50126" in answer.body["detail"]
    signing.clock.advance(float(answer.headers["Retry-After"]))
    await signing.token()


async def test_lost_answers_do_not_lock_the_account(signing: Signing) -> None:
    """The password was changed in Entra alone, and nobody hears that it is wrong."""
    signing.control.patch_account(sample.SERVICE_ACCOUNT, password="changed-in-Entra-alone")
    signing.control.fault(host="login.*", path="/token$", status=502, times=99, after_commit=True)
    most = 0
    for _ in range(240):
        signing.cold_start()
        await signing.refusal()
        most = max(most, failures(signing))
        signing.clock.advance(30)
    assert most == 2


async def test_while_the_brake_cannot_be_seen_no_password_leaves(signing: Signing) -> None:
    """Any number of workers would each have a trial of their own."""
    signing.control.put_secret("mfa-sync-password", "wrong")
    signing.table.down = True
    for _ in range(10):
        signing.cold_start()
        body = await signing.refusal()
        assert (body["status"], body["code"]) == (503, "signInUnavailable")
        signing.clock.advance(11)
    assert signing.sign_ins() == 0
    signing.control.put_secret("mfa-sync-password", sample.PASSWORD)
    signing.table.down = False
    await signing.cold_start().token()


async def test_with_a_token_in_hand_a_storage_that_is_down_stops_nobody(signing: Signing) -> None:
    """The refresh token renews it without a password."""
    token = await signing.token()
    signing.table.down = True
    assert await signing.worker.token(rejected=token) != token
