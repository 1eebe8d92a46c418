"""Sign-in as the managed identity, and as a service account whose app the identity proves."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from dev.tenant import sample
from dev.tenant.identity_endpoint import MANAGED_IDENTITY_ID
from dev.tenant.server import EmulatedTenant
from mfa_sync.telemetry.events import quieten_libraries
from shared.errors import TransientError
from tests.clocks import FakeClock
from tests.wire.signing import SECRETS, Signing

GRAPH, EXCHANGE, VAULT = (
    "https://graph.microsoft.com",
    "api://AzureADTokenExchange",
    "https://vault.azure.net",
)
USER_ASSIGNED = "33333333-3333-4333-8333-333333333333"


@pytest.fixture
def signing(tenant: EmulatedTenant, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> Iterator[Signing]:
    """Workers that sign in as the identity, whose log is searched for secrets and tokens at the end."""
    quieten_libraries()
    with caplog.at_level(logging.DEBUG):
        yield Signing(tenant, clock, GRAPH_AUTH="managed-identity", TENANT_ID="", CLIENT_ID="")
    assert not [secret for secret in (*SECRETS, *tenant.state.tokens) if secret in caplog.text]


@pytest.fixture
def ropc(tenant: EmulatedTenant, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> Iterator[Signing]:
    """The same as the service account, through an app that trusts the identity."""
    quieten_libraries()
    with caplog.at_level(logging.DEBUG):
        yield Signing(tenant, clock, ROPC_CREDENTIAL="managed-identity")
    assert not [secret for secret in (*SECRETS, *tenant.state.tokens) if secret in caplog.text]


async def test_nothing_is_stored_for_it_and_entra_is_not_asked_by_us(signing: Signing) -> None:
    """Neither a secret nor a tenant or client id is needed."""
    token = await signing.token()
    assert (signing.secrets_read(), signing.sign_ins(), signing.asked_of_identity()) == (set(), 0, [GRAPH])
    assert token.principals == {
        MANAGED_IDENTITY_ID,
        signing.tenant.state.service_principal_id(MANAGED_IDENTITY_ID),
    }
    assert signing.table.written == 0


async def test_the_user_assigned_identity_is_named(signing: Signing) -> None:
    """By AZURE_CLIENT_ID, as for the vault."""
    signing.control.switch(identity_client_ids=[USER_ASSIGNED])
    signing.cold_start(AZURE_CLIENT_ID=USER_ASSIGNED)
    assert USER_ASSIGNED in (await signing.token()).principals


@pytest.mark.parametrize(
    ("switches", "status", "code", "detail", "remedy"),
    [
        ({"identity": "absent"}, 502, "signInRefused", "answered 400", "Assign the managed identity"),
        ({"identity": "400"}, 502, "signInRefused", "answered 400", "AZURE_CLIENT_ID"),
        ({"identity": "500"}, 503, "signInUnavailable", "a fault", "GRAPH_URL"),
        ({"identity": "500-empty"}, 503, "signInUnavailable", "no readable answer", "Try again later"),
        ({"identity": "html"}, 503, "signInUnavailable", "no readable answer", "Try again later"),
        # The library would sleep for the hour that it is asked to.
        (
            {"identity": "429", "identity_retry_after": 3600},
            503,
            "signInUnavailable",
            "throttles",
            "Try again later",
        ),
    ],
)
async def test_each_failure_has_its_remedy_and_heals_at_once(
    signing: Signing, switches: dict[str, Any], status: int, code: str, detail: str, remedy: str
) -> None:
    """No identity, a refusal, a fault: nothing is braked, since nothing can be locked."""
    signing.control.switch(**switches)
    body = await signing.refusal()
    assert (body["status"], body["code"]) == (status, code)
    assert detail in body["detail"]
    assert remedy in body["remedy"]
    signing.control.switch(identity="ok")
    await signing.token()


async def test_a_host_without_an_identity_is_told_at_once(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library would look for a virtual machine's for a minute."""
    monkeypatch.delenv("IDENTITY_ENDPOINT")
    body = await signing.refusal()
    assert (body["status"], body["code"]) == (502, "signInRefused")
    assert "no managed identity" in body["detail"]
    assert "Assign" in body["remedy"]


async def test_an_endpoint_that_nobody_answers_at_is_503(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform's fault, and it passes."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token")
    body = await signing.refusal()
    assert (body["status"], body["code"]) == (503, "signInUnavailable")
    assert "could not be reached" in body["detail"]


async def test_the_token_is_kept_until_near_its_end(signing: Signing) -> None:
    """A day, less five minutes."""
    first = await signing.token()
    signing.clock.advance(24 * 3600 - 301)
    assert await signing.token() is first
    signing.clock.advance(2)
    assert await signing.token() is not first
    assert signing.asked_of_identity() == [GRAPH, GRAPH]


async def test_a_rejected_token_is_asked_for_anew(signing: Signing) -> None:
    """Once, for all who had it; the library's memory is not asked."""
    first = await signing.token()
    second = await signing.worker.token(rejected=first, claims="{}")
    assert second.value != first.value
    assert await signing.worker.token(rejected=first) is second
    assert signing.asked_of_identity() == [GRAPH, GRAPH]


async def test_a_platform_that_gives_the_rejected_token_again_is_told_truly(signing: Signing) -> None:
    """It keeps tokens for hours, and nothing makes it renew one: 503, and no loop between Graph and us."""
    signing.control.switch(identity_caches=True)
    first = await signing.token()
    with pytest.raises(TransientError, match="still gives out the same one"):
        await signing.worker.token(rejected=first)
    assert await signing.token() is first
    signing.control.switch(identity_caches=False)
    assert (await signing.worker.token(rejected=first)).value != first.value


# ROPC, with the identity as the app's credential
# -----------------------------------------------


async def test_the_identity_stands_in_for_the_client_secret(ropc: Signing) -> None:
    """The service account signs in, and no client secret is read."""
    token = await ropc.token()
    assert token.principals >= {sample.SERVICE_ACCOUNT}
    assert ropc.secrets_read() == {"mfa-sync-username", "mfa-sync-password"}
    assert sorted(ropc.asked_of_identity()) == sorted([EXCHANGE, VAULT])
    assert ropc.sign_ins() == 1


async def test_the_assertion_serves_renewals_too(ropc: Signing) -> None:
    """By the refresh token, and while it lasts it is not asked for again."""
    first = await ropc.token()
    second = await ropc.worker.token(rejected=first)
    assert second.value != first.value
    assert ropc.asked_of_identity().count(EXCHANGE) == 1
    ropc.clock.advance(25 * 3600)
    await ropc.token()
    assert ropc.asked_of_identity().count(EXCHANGE) == 2


@pytest.mark.parametrize(
    ("app", "number", "remedy"),
    [
        ({"federated_subjects": []}, 700213, "federated credential"),
        ({"public": True}, 700025, "confidential client"),
    ],
)
async def test_an_app_that_does_not_trust_the_identity_is_braked(
    ropc: Signing, app: dict[str, Any], number: int, remedy: str
) -> None:
    """One trial in ten minutes: whether the password counts then is not known."""
    ropc.control.patch_app(sample.CLIENT_ID, **app)
    for _ in range(3):
        ropc.cold_start()
        body = await ropc.refusal()
        assert (body["status"], body["aadsts"]) == (502, number)
        assert remedy in body["remedy"]
    assert ropc.sign_ins() == 1
    trusted = ropc.tenant.state.service_principal_id(MANAGED_IDENTITY_ID)
    ropc.control.patch_app(sample.CLIENT_ID, federated_subjects=[trusted], public=False)
    ropc.clock.advance(601)
    await ropc.token()


async def test_without_the_identity_no_password_is_sent(ropc: Signing) -> None:
    """And the brake hears nothing of it."""
    await ropc.vault.secret("mfa-sync-username")
    await ropc.vault.secret("mfa-sync-password")
    ropc.control.switch(identity="absent")
    body = await ropc.refusal()
    assert (body["status"], body["code"], ropc.sign_ins()) == (502, "signInRefused", 0)
    assert ropc.table.written == 0
    ropc.control.switch(identity="ok")
    await ropc.token()


async def test_a_wrong_password_is_braked_as_with_a_secret(ropc: Signing) -> None:
    """It is sent once in that version."""
    ropc.control.put_secret("mfa-sync-password", "wrong")
    for _ in range(3):
        ropc.cold_start()
        assert (await ropc.refusal())["aadsts"] == 50126
    assert ropc.sign_ins() == 1
    ropc.control.put_secret("mfa-sync-password", sample.PASSWORD)
    ropc.clock.advance(61)
    await ropc.token()


async def test_a_word_about_a_client_secret_that_there_is_none_of_holds_for_minutes_only(
    ropc: Signing,
) -> None:
    """No new version of it can come and heal it."""
    ropc.control.switch(token_error=7000215)
    assert (await ropc.refusal())["aadsts"] == 7000215
    ropc.control.switch(token_error=None)
    assert (await ropc.refusal())["aadsts"] == 7000215
    ropc.clock.advance(601)
    await ropc.token()
