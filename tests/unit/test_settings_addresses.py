"""An address that cannot be one is a fault like any other."""

from __future__ import annotations

import pytest

from mfa_sync.settings.settings import Settings
from shared.errors import SettingsError

NEEDED = {
    "TENANT_ID": "contoso.com",
    "CLIENT_ID": "22222222-2222-4222-8222-222222222222",
    "KEY_VAULT_URL": "https://contoso.vault.azure.net",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
}


@pytest.mark.parametrize("name", ["KEY_VAULT_URL", "AUTHORITY_HOST", "GRAPH_URL"])
@pytest.mark.parametrize(
    "address", ["https://[bad", "https://host:abc", "https://host:99999999", "https://exa mple.net"]
)
def test_a_malformed_address_is_named_and_nothing_raises_but_a_settings_error(
    name: str, address: str
) -> None:
    """What only fails at the first call out is found when the settings are read."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({**NEEDED, name: address})
    assert any(fault.startswith(f"{name}: must be ") for fault in refused.value.faults)


@pytest.mark.parametrize("given", ["", "/", "/v1.0", "/v1.0/", "//v1.0//"])
def test_graph_is_taken_with_its_version_and_without(given: str) -> None:
    """Without it Graph answers 404 for everybody, who then were no users at all."""
    settings = Settings.from_environment({**NEEDED, "GRAPH_URL": f"https://graph.microsoft.us{given}"})
    assert settings.graph_url == "https://graph.microsoft.us/v1.0"


@pytest.mark.parametrize(
    "path", ["/beta", "/v1", "/v1.0/users", "/v1.0/v1.0", "/v2.0", "/V1.0", "/v1x0", "?a=b", "/v1.0#"]
)
def test_another_path_of_graph_is_a_fault_with_its_remedy(path: str) -> None:
    """Nothing may be concluded about users from a wrong address; /beta may change any day."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({**NEEDED, "GRAPH_URL": f"https://graph.microsoft.com{path}"})
    assert refused.value.faults == (
        "GRAPH_URL: must be Graph's https:// address, alone or with /v1.0 behind it and no other path",
    )


@pytest.mark.parametrize("name", ["KEY_VAULT_URL", "AUTHORITY_HOST", "GRAPH_URL"])
def test_trap_32_an_address_over_plain_http_is_refused(name: str) -> None:
    """MSAL and Key Vault's library would refuse it at the first call, and Graph's client send our bearer."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({**NEEDED, name: "http://contoso.vault.azure.net"})
    assert [fault.partition(":")[0] for fault in refused.value.faults] == [name]
