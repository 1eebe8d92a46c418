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


@pytest.mark.parametrize("name", ["KEY_VAULT_URL", "AUTHORITY_HOST", "GRAPH_URL"])
def test_trap_32_an_address_over_plain_http_is_refused(name: str) -> None:
    """MSAL and Key Vault's library would refuse it at the first call, and Graph's client send our bearer."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({**NEEDED, name: "http://contoso.vault.azure.net"})
    assert [fault.partition(":")[0] for fault in refused.value.faults] == [name]
