"""Which settings a mode of sign-in needs, and which contradict it."""

from __future__ import annotations

import pytest

from mfa_sync.settings.settings import GraphAuth, RopcCredential, Settings
from shared.errors import SettingsError

GUID = "22222222-2222-4222-8222-222222222222"
ALWAYS = {
    "KEY_VAULT_URL": "https://contoso.vault.azure.net",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
}
APP = {"TENANT_ID": "contoso.com", "CLIENT_ID": GUID}


def faults_of(**values: str) -> tuple[str, ...]:
    """Return what is wrong with these settings beside those that every mode needs."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({**ALWAYS, **values})
    return refused.value.faults


@pytest.mark.parametrize(
    ("values", "auth", "credential"),
    [
        (APP, GraphAuth.ROPC, RopcCredential.SECRET),
        (
            {**APP, "ROPC_CREDENTIAL": "managed-identity"},
            GraphAuth.ROPC,
            RopcCredential.MANAGED_IDENTITY,
        ),
        ({**APP, "GRAPH_AUTH": "client-secret"}, GraphAuth.CLIENT_SECRET, RopcCredential.SECRET),
        ({"GRAPH_AUTH": "managed-identity"}, GraphAuth.MANAGED_IDENTITY, RopcCredential.SECRET),
    ],
)
def test_a_mode_is_told_by_two_settings(
    values: dict[str, str], auth: GraphAuth, credential: RopcCredential
) -> None:
    """Who signs in, and by what the app is proved."""
    settings = Settings.from_environment({**ALWAYS, **values})
    assert (settings.graph_auth, settings.ropc_credential) == (auth, credential)


@pytest.mark.parametrize("auth", ["ropc", "client-secret"])
def test_whoever_signs_in_to_an_app_needs_its_ids(auth: str) -> None:
    """The managed identity alone does without: it belongs to its tenant."""
    assert faults_of(GRAPH_AUTH=auth) == (
        "TENANT_ID: is missing; it must be a tenant id or a verified domain",
        "CLIENT_ID: is missing; it must be an application id (GUID)",
    )


@pytest.mark.parametrize("name", APP)
def test_an_id_that_is_not_needed_must_be_one_all_the_same(name: str) -> None:
    """Whoever goes back to another mode finds out now."""
    (fault,) = faults_of(**{"GRAPH_AUTH": "managed-identity", name: "not an id"})
    assert fault.startswith(f"{name}: must be ")


def test_an_app_alone_that_shall_be_proved_by_the_identity_is_told_the_way() -> None:
    """Nobody shall believe that its secret is not used."""
    (fault,) = faults_of(**APP, GRAPH_AUTH="client-secret", ROPC_CREDENTIAL="managed-identity")
    assert fault.startswith("ROPC_CREDENTIAL: must be secret ")
    assert "GRAPH_AUTH=managed-identity" in fault


def test_the_way_from_ropc_to_the_identity_is_one_setting() -> None:
    """And so is the way back."""
    settings = Settings.from_environment(
        {**ALWAYS, **APP, "GRAPH_AUTH": "managed-identity", "ROPC_CREDENTIAL": "managed-identity"}
    )
    assert settings.graph_auth is GraphAuth.MANAGED_IDENTITY


def test_a_change_of_the_limits_by_entra_lets_everybody_be_looked_at_again() -> None:
    """Other people are out of reach then."""
    digests = {
        Settings.from_environment({**ALWAYS, **APP, "GRAPH_AUTH": auth}).deciding_digest()
        for auth in ("ropc", "client-secret")
    }
    assert len(digests) == 2
