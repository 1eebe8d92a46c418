"""Every way in which Key Vault and the managed identity fail: who acts, and how often we ask."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter

from dev.stack.local_stack import example_settings
from dev.tenant import sample
from dev.tenant.server import EmulatedTenant
from mfa_sync.settings.settings import Settings
from mfa_sync.settings.transports import Transports
from mfa_sync.telemetry.events import quieten_libraries
from mfa_sync.vault import vault_faults
from mfa_sync.vault.key_vault import KeyVault
from shared.errors import PermanentError, TransientError
from tests.clocks import FakeClock
from tests.wire.signing import SECRETS, Signing

USERNAME = "mfa-sync-username"
VAULT = {"host": r".*\.vault\.azure\.net", "times": 99}


@pytest.fixture
def signing(tenant: EmulatedTenant, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> Iterator[Signing]:
    """Workers that sign in, whose log is searched for secrets at the end."""
    quieten_libraries()
    with caplog.at_level(logging.DEBUG):
        yield Signing(tenant, clock)
    assert not [secret for secret in SECRETS if secret in caplog.text]


def asked(signing: Signing) -> int:
    """Return the calls that reached the vault or the identity, the vault's challenges left out."""
    hosts = {"identity", sample.VAULT_URL.removeprefix("https://").rstrip("/")}
    return sum(entry["host"] in hosts and entry["status"] != 401 for entry in signing.control.log())


@pytest.mark.parametrize(
    ("switches", "detail", "remedy"),
    [
        ({"vault": "rbac"}, "ForbiddenByRbac", "Key Vault Secrets User"),
        ({"vault": "firewall"}, "ForbiddenByFirewall", "firewall"),
        ({"identity": "absent"}, "managed identity", "Assign the managed identity"),
        ({"identity": "400"}, "managed identity", "Assign the managed identity"),
    ],
)
async def test_trap_35_what_waits_for_a_person_is_502_and_asked_for_twice_a_minute(
    signing: Signing, switches: dict[str, Any], detail: str, remedy: str
) -> None:
    """Each push would repeat it; and half a minute after the repair it is over."""
    signing.control.switch(**switches)
    body = await signing.refusal()
    assert (body["status"], body["code"]) == (502, "vaultRefused")
    assert detail in body["detail"]
    assert remedy in body["remedy"]
    calls = asked(signing)
    for _ in range(10):
        assert await signing.refusal() == body
    assert asked(signing) == calls
    signing.control.switch(vault="ok", identity="ok")
    signing.clock.advance(30)
    await signing.token()


@pytest.mark.parametrize("code", ["AccessDenied", "ForbiddenByPolicy", "ForbiddenByConnection", "Unheard"])
async def test_trap_35_403_alike_is_told_apart_by_its_innermost_code(signing: Signing, code: str) -> None:
    """Each cause has its own remedy."""
    signing.control.fault(status=403, code=code, **VAULT)
    body = await signing.refusal()
    assert (body["status"], body["code"]) == (502, "vaultRefused")
    assert code in body["detail"]


async def test_a_disabled_secret_is_named(signing: Signing) -> None:
    """The latest version counts, and it is switched off."""
    signing.control.patch_secret(USERNAME, enabled=False)
    body = await signing.refusal()
    assert (body["status"], body["code"]) == (502, "vaultRefused")
    assert USERNAME in body["detail"]
    assert "Enable" in body["remedy"]
    signing.control.patch_secret(USERNAME, enabled=True)
    signing.clock.advance(30)
    await signing.token()


@pytest.mark.parametrize("what", ["does not exist", "is empty"])
async def test_a_missing_and_an_empty_secret_are_named_and_soon_seen_to_be_set(
    signing: Signing, what: str
) -> None:
    """A soft-deleted secret is answered like one that never was."""
    signing.control.remove_secret(USERNAME)
    if what == "is empty":
        signing.control.put_secret(USERNAME, " ")
    body = await signing.refusal()
    assert (body["status"], body["code"]) == (502, "vaultRefused")
    assert f"{USERNAME} {what}" in body["detail"]
    signing.control.put_secret(USERNAME, sample.SERVICE_ACCOUNT)
    signing.clock.advance(30)
    await signing.token()


async def test_trap_34_an_expired_secret_is_served_and_warned_of(
    signing: Signing, caplog: pytest.LogCaptureFixture
) -> None:
    """For secrets both dates only inform; the warning comes once in five minutes, not with each call."""
    signing.control.patch_secret("mfa-sync-password", exp=1)
    for _ in range(5):
        await signing.token()
    warnings = [record for record in caplog.records if record.message.startswith("secret.expires")]
    assert len(warnings) == 1
    assert "mfa-sync-password" in warnings[0].message


@pytest.mark.parametrize("switch", ["throttled", "unavailable"])
async def test_a_vault_that_asks_for_minutes_is_503_with_its_time(signing: Signing, switch: str) -> None:
    """Azure's library would sleep for as long, and every call behind it."""
    signing.control.switch(vault=switch, vault_retry_after=120)
    answer = await signing.answer()
    assert answer
    assert (answer.status, answer.body["code"], answer.headers["Retry-After"]) == (
        503,
        "vaultUnavailable",
        "120",
    )
    assert [status for _, status in signing.vault_calls() if status != 401] in ([429], [503])


@pytest.mark.parametrize("header", ["9" * 400, "soon", "Wed, 21 Oct 2099 07:28:00 GMT"])
async def test_an_absurd_retry_after_is_no_reason_to_sleep(signing: Signing, header: str) -> None:
    """It is answered at once, with a time of ours."""
    signing.control.fault(status=429, headers={"Retry-After": header}, **VAULT)
    answer = await signing.answer()
    assert answer
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")


@pytest.mark.parametrize(
    ("switches", "fault"),
    [
        ({"vault": "throttled"}, {}),
        ({"vault": "unavailable"}, {}),
        ({}, {"status": 500}),
        ({}, {"status": 504, "body": "html"}),
        ({}, {"reset": True}),
        ({"identity": "500"}, {}),
        ({"identity": "500-empty"}, {}),
    ],
)
async def test_what_passes_is_tried_three_times_and_then_503(
    signing: Signing, switches: dict[str, Any], fault: dict[str, Any]
) -> None:
    """It heals by itself, and the next call tries again."""
    signing.control.switch(**switches)
    if fault:
        signing.control.fault(**VAULT | fault)
    body = await signing.refusal()
    assert (body["status"], body["code"]) == (503, "vaultUnavailable")
    failed = [entry for entry in signing.control.log() if entry["status"] not in {200, 401}]
    assert 1 <= len(failed) <= 4
    signing.control.switch(vault="ok", identity="ok")
    signing.control.clear_faults()
    await signing.token()


@pytest.mark.parametrize("fault", [{"status": 200, "body": "html"}, {"status": 404, "body": "html"}])
async def test_a_page_of_something_in_between_is_no_answer_of_the_vault(
    signing: Signing, fault: dict[str, Any]
) -> None:
    """Not "does not exist": nobody asked the vault."""
    signing.control.fault(**VAULT | fault)
    body = await signing.refusal()
    assert (body["status"], body["code"]) == (503, "vaultUnavailable")


async def test_a_fault_in_passing_is_not_noticed(signing: Signing) -> None:
    """The library's second try succeeds."""
    signing.control.fault(status=503, **VAULT | {"times": 1})
    signing.control.fault(reset=True, **VAULT | {"times": 1})
    await signing.token()


class Nobody(HTTPAdapter):
    """Where nobody answers in time."""

    def __init__(self, error: type[requests.RequestException]) -> None:
        super().__init__()
        self.error = error
        self.tries = 0

    def send(self, *_: Any, **__: Any) -> requests.Response:
        """Run out of time."""
        self.tries += 1
        raise self.error


@pytest.mark.parametrize("error", [requests.ConnectTimeout, requests.ReadTimeout])
async def test_a_vault_that_is_too_slow_is_503(
    signing: Signing, error: type[requests.RequestException]
) -> None:
    """Bounded in tries, and each in time: the patience with the identity does not multiply."""
    nobody, session = Nobody(error), requests.Session()
    session.mount("http://", nobody)
    session.mount("https://", nobody)
    transports = Transports(azure=lambda: RequestsTransport(session=session, session_owner=False))
    vault = KeyVault(Settings.from_environment(example_settings()), signing.clock, transports)
    with pytest.raises(TransientError, match="could not be reached"):
        await vault.secret(USERNAME)
    assert nobody.tries == 3


async def test_an_app_without_an_identity_is_told_at_once(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library would look for a virtual machine's identity, and wait."""
    monkeypatch.delenv("IDENTITY_ENDPOINT")
    body = await signing.refusal()
    assert (body["status"], body["code"], signing.vault_calls()) == (502, "vaultRefused", [])
    assert "Assign" in body["remedy"]


async def test_an_identity_that_is_rejected_by_the_vault_gets_a_new_token_once(signing: Signing) -> None:
    """The library keeps a token for a day."""
    await signing.token()
    signing.control.revoke_tokens()
    signing.clock.advance(301)
    signing.cold_start()
    await signing.token()


async def test_a_password_rotated_between_two_reads_is_tried_with_what_was_read(signing: Signing) -> None:
    """The sign-in may use a version that is no longer the latest: refused, read again, done."""
    await signing.token()
    signing.control.patch_account(sample.SERVICE_ACCOUNT, password="rotated-Passw0rd")
    signing.control.put_secret("mfa-sync-password", "rotated-Passw0rd")
    signing.tenant.state.refresh_tokens.clear()
    signing.clock.advance(4000)
    await signing.token()


def test_trap_37_another_clouds_vault_is_told_apart_from_a_strange_answer() -> None:
    """The library refuses to send our token elsewhere, by a ValueError."""
    elsewhere = ValueError("The challenge resource 'vault.azure.cn' does not match the requested domain.")
    assert isinstance(vault_faults.of_shape(elsewhere), PermanentError)
    assert isinstance(vault_faults.of_shape(ValueError("Expecting value: line 1")), TransientError)
