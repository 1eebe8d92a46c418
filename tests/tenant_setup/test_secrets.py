"""The app's secrets: made where they are missing, replaced on demand, never shown."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import pytest

from dev.tenant import sample
from dev.tenant.secrets_and_accounts import SecretVersion
from ops.tenant_setup import vault as setup
from tests.tenant_setup.conftest import SIGN_IN, Operator, Ran

RANDOM = [setup.HANDSHAKE, setup.APPROVER, setup.FINGERPRINT_KEY]
DAY = 24 * 3600
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def vault(operator: Operator) -> dict[str, list[SecretVersion]]:
    """The sample's vault, emptied."""
    held = operator.tenant.state.vaults[sample.VAULT_NAME]
    held.clear()
    return held


def secrets(operator: Operator, action: str, *more: str) -> Ran:
    """Run the command on the sample's vault, and see that no value was printed."""
    ran = operator.raw("secrets", action, *SIGN_IN, "--vault", sample.VAULT_URL, *more)
    for versions in operator.tenant.state.vaults[sample.VAULT_NAME].values():
        assert not any(version.value in ran.out + ran.err for version in versions)
    return ran


def test_what_is_missing_is_made_once(operator: Operator, vault: dict[str, list[SecretVersion]]) -> None:
    """Random, different, with an end; the version is told; a second run sets nothing."""
    planned = secrets(operator, "plan")
    assert (planned.code, vault) == (0, {})
    applied = secrets(operator, "apply")
    assert applied.code == 0, applied.err
    assert sorted(vault) == sorted(RANDOM)
    made = {name: version for name, (version,) in vault.items()}
    assert len({version.value for version in made.values()}) == len(RANDOM)
    for name, version in made.items():
        assert version.exp is not None
        assert abs(version.exp - version.created - 365 * DAY) < DAY
        assert f"{name}: version {version.version}" in applied.out
    again = secrets(operator, "apply")
    assert "Nothing to set." in again.out
    assert {name: len(versions) for name, versions in vault.items()} == dict.fromkeys(RANDOM, 1)


def test_the_values_are_what_the_app_wants(operator: Operator, vault: dict[str, list[SecretVersion]]) -> None:
    """Handshakes travel in a header; the key has as many bits as the digest."""
    secrets(operator, "apply")
    for name in (setup.HANDSHAKE, setup.APPROVER):
        word = vault[name][0].value
        assert word.isascii()
        assert word.replace("-", "").replace("_", "").isalnum()
        assert len(word) >= 43
    assert len(base64.b64decode(vault[setup.FINGERPRINT_KEY][0].value)) == 32


def test_the_names_are_those_that_the_app_reads() -> None:
    """By its defaults, which the example of local settings spells out."""
    example = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    assert {value for name, value in example.items() if name.endswith("_SECRET")} == {
        *RANDOM,
        *(setup.PREVIOUS, setup.USERNAME, setup.PASSWORD, setup.CLIENT_SECRET),
        *(setup.SIGNING_KEY, setup.SIGNING_PREVIOUS),
    }


def test_what_a_person_knows_is_read_from_the_input(
    operator: Operator, vault: dict[str, list[SecretVersion]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line each, in the order asked; never an argument, which other processes could see."""
    monkeypatch.setattr("sys.stdin", io.StringIO("svc@contoso.com\np ss-word 9&\nKq8~x\n"))
    ask = ("--ask", "username", "--ask", "password", "--ask", "client-secret")
    assert secrets(operator, "apply", *ask).code == 0
    assert vault[setup.USERNAME][0].value == "svc@contoso.com"
    assert vault[setup.PASSWORD][0].value == "p ss-word 9&"
    assert vault[setup.CLIENT_SECRET][0].value == "Kq8~x"


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("username", "not a name", "is no user principal name"),
        ("password", " p4ss", "begins or ends with a blank"),
        ("password", "", "is empty"),
        ("client-secret", "11111111-2222-3333-4444-555555555555", "is the id of a client secret"),
    ],
)
def test_a_value_that_cannot_be_right_is_not_set(
    operator: Operator,
    vault: dict[str, list[SecretVersion]],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    given: str,
    why: str,
) -> None:
    """And is not repeated in the reason."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{given}\n"))
    ran = secrets(operator, "apply", "--ask", name)
    assert ran.code == 1
    assert why in ran.err
    assert not given.strip() or given not in ran.out + ran.err
    assert setup.ASKED[name].name not in vault


def test_a_replaced_handshake_counts_for_a_while(
    operator: Operator, vault: dict[str, list[SecretVersion]]
) -> None:
    """Its former value moves to the previous one, with the end that the app demands."""
    secrets(operator, "apply")
    former = vault[setup.HANDSHAKE][0].value
    assert secrets(operator, "apply", "--replace", "handshake", "--overlap-hours", "24").code == 0
    assert [version.value == former for version in vault[setup.HANDSHAKE]] == [True, False]
    (previous,) = vault[setup.PREVIOUS]
    assert previous.value == former
    assert previous.exp is not None
    assert abs(previous.exp - previous.created - DAY) < 60
    assert len(vault[setup.APPROVER]) == 1


def test_a_signing_key_is_made_on_demand_and_replaced_like_a_handshake(
    operator: Operator, vault: dict[str, list[SecretVersion]]
) -> None:
    """Random, as the specification of signed calls writes keys; the former one counts for a while."""
    assert secrets(operator, "apply", "--ask", "signing-key").code == 0
    former = vault[setup.SIGNING_KEY][0].value
    assert len(base64.b64decode(former.removeprefix("whsec_"), validate=True)) == 32
    assert secrets(operator, "apply", "--replace", "signing-key").code == 0
    assert [version.value for version in vault[setup.SIGNING_PREVIOUS]] == [former]


@pytest.mark.parametrize(("mode", "why"), [("rbac", "Key Vault Secrets Officer"), ("firewall", "firewall")])
def test_a_vault_that_refuses(operator: Operator, mode: str, why: str) -> None:
    """The reason names the role and the firewall."""
    operator.tenant.control.switch(vault=mode)
    ran = secrets(operator, "apply")
    assert ran.code == 1
    assert why in ran.err
