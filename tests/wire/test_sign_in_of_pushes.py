"""A push that has no token: what Entra says is named, braked, and heals by itself."""

from __future__ import annotations

import pytest

from dev.tenant import sample
from shared.errors import PermanentError, Problem
from tests.wire.bench import Bench
from tests.wire.stopping import stopped

ONE = "+46701740611"


def sign_ins(bench: Bench) -> int:
    """Return the number of token requests that Entra saw."""
    return sum(entry["path"].endswith("/token") for entry in bench.calls("login.microsoftonline.com"))


async def test_trap_28_a_wrong_password_costs_one_sign_in_and_heals_by_a_new_version(bench: Bench) -> None:
    """Nothing is tried again until the secret has a new version, looked up once a minute."""
    bench.control.put_secret("mfa-sync-password", "not-the-password")
    for _ in range(10):
        error = await stopped(bench)
        assert isinstance(error, PermanentError)
        assert (error.code, error.aadsts) == (Problem.SIGN_IN_REFUSED, 50126)
        assert "new version of the password secret" in error.remedy
        bench.clock.advance(20)
    assert sign_ins(bench) == 1
    bench.control.put_secret("mfa-sync-password", sample.PASSWORD)
    bench.clock.advance(61)
    assert (await bench.one(bench.person(ONE)))["outcome"] == "created"


async def test_trap_36_a_password_rotated_since_it_was_cached_is_tried_once_more(bench: Bench) -> None:
    """After 50126 the vault is read once; a new version is tried at once."""
    await bench.one(bench.person(ONE))
    bench.control.patch_account(sample.SERVICE_ACCOUNT, password="rotated-Passw0rd")
    bench.control.put_secret("mfa-sync-password", "rotated-Passw0rd")
    bench.control.revoke_tokens()
    bench.tenant.state.refresh_tokens.clear()
    bench.control.clear_log()
    assert (await bench.one(bench.person(ONE)))["outcome"] == "created"
    # The refresh token that is gone, the password that was kept, and the one of the vault.
    assert sign_ins(bench) == 3


@pytest.mark.parametrize(
    "number", [50126, 50034, 50053, 50055, 50057, 50076, 53003, 65001, 700016, 7000215, 7000222, 99999]
)
async def test_each_refusal_of_entra_is_named_with_its_remedy_and_braked(bench: Bench, number: int) -> None:
    """However often the app is called, Entra is asked at most twice."""
    bench.control.switch(token_error=number)
    for _ in range(5):
        error = await stopped(bench)
        assert isinstance(error, PermanentError)
        assert error.aadsts == number
        assert error.remedy
    assert sign_ins(bench) <= 2


async def test_trap_29_a_policy_lifted_is_noticed_after_ten_minutes(bench: Bench) -> None:
    """One trial per ten minutes after a permanent refusal that no secret can heal."""
    bench.control.switch(token_error=53003)
    await stopped(bench)
    bench.control.switch(token_error=None)
    bench.clock.advance(599)
    await stopped(bench)
    bench.clock.advance(2)
    assert (await bench.one(bench.person(ONE)))["outcome"] == "created"


async def test_a_token_that_graph_no_longer_takes_is_renewed_once(bench: Bench) -> None:
    """401 renews; the rows notice nothing."""
    person = bench.person(ONE)
    await bench.one(person)
    bench.control.revoke_tokens()
    assert (await bench.one(person))["outcome"] == "unchanged"


async def test_a_claims_challenge_is_answered(bench: Bench) -> None:
    """Continuous access evaluation: the 401 carries claims for the next token request."""
    bench.control.switch(claims_challenge=True)
    assert (await bench.one(bench.person(ONE)))["outcome"] == "created"


async def test_an_unknown_tenant_is_named(bench: Bench) -> None:
    """MSAL says so by a ValueError."""
    bench.configure(TENANT_ID="22222222-2222-4222-8222-222222222222")
    error = await stopped(bench)
    assert isinstance(error, PermanentError)
    assert "TENANT_ID" in error.remedy
