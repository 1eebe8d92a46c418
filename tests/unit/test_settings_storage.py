"""Which storage is meant, and as whom: a connection string, or the managed identity at an account."""

from __future__ import annotations

import pytest

from mfa_sync.settings.settings import Settings, StorageSettings
from shared.errors import SettingsError

GUID = "22222222-2222-4222-8222-222222222222"
NEEDED = {"TENANT_ID": "contoso.com", "CLIENT_ID": GUID, "KEY_VAULT_URL": "https://contoso.vault.azure.net"}
KEY = "c2VjcmV0LXNlY3JldA=="
KEYED = f"DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey={KEY};EndpointSuffix=core.windows.net"
BLOBS_ALONE = f"BlobEndpoint=https://contoso.blob.core.windows.net/;SharedAccessSignature=sv=1&sig={KEY}"
SIGNED = f"TableEndpoint=https://contoso.table.core.windows.net/;{BLOBS_ALONE}"
ACCOUNT = {"AzureWebJobsStorage__accountName": "contoso"}
TABLES = {"AzureWebJobsStorage__tableServiceUri": "https://contoso.table.core.usgovcloudapi.net/"}
BLOBS = {"AzureWebJobsStorage__blobServiceUri": "https://contoso.blob.core.usgovcloudapi.net/"}
ADDRESS = {**TABLES, **BLOBS}
PUBLIC = ("https://contoso.table.core.windows.net", "https://contoso.blob.core.windows.net")
NATIONAL = ("https://contoso.table.core.usgovcloudapi.net", "https://contoso.blob.core.usgovcloudapi.net")
IDENTITY = {"AzureWebJobsStorage__credential": "managedidentity"}


def storage(values: dict[str, str]) -> StorageSettings:
    """Return the storage that these settings mean, beside those that are needed anyway."""
    return Settings.from_environment({**NEEDED, **values}).storage


@pytest.mark.parametrize("text", [KEYED, SIGNED, "UseDevelopmentStorage=true", f"{KEYED};"])
def test_a_connection_string_is_taken_as_it_is(text: str) -> None:
    """Azure's library reads it, so that every form that the portal hands out works."""
    assert storage({"AzureWebJobsStorage": text}) == StorageSettings(text)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (ACCOUNT, StorageSettings(None, *PUBLIC)),
        ({**ACCOUNT, **IDENTITY}, StorageSettings(None, *PUBLIC)),
        (
            {**ADDRESS, **IDENTITY, "AzureWebJobsStorage__clientId": GUID},
            StorageSettings(None, *NATIONAL, GUID),
        ),
    ],
)
def test_an_identity_needs_no_stored_key(values: dict[str, str], expected: StorageSettings) -> None:
    """The names are the Functions host's own: what serves the one serves the other."""
    assert storage(values) == expected


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"AzureWebJobsStorage": KEYED, **ACCOUNT},
        {"AzureWebJobsStorage": KEYED, **ADDRESS},
        {**ACCOUNT, **ADDRESS},
        IDENTITY,
    ],
)
def test_exactly_one_way_may_be_named(values: dict[str, str]) -> None:
    """With two, nobody would know where the state lies."""
    with pytest.raises(SettingsError) as refused:
        storage(values)
    (fault,) = refused.value.faults
    assert fault.startswith("AzureWebJobsStorage: ")
    assert "AzureWebJobsStorage__accountName" in fault
    assert "AzureWebJobsStorage__tableServiceUri" in fault
    assert "AzureWebJobsStorage__blobServiceUri" in fault


@pytest.mark.parametrize(("given", "missing"), [(TABLES, "blob"), (BLOBS, "table")])
def test_an_address_is_never_guessed_from_another(given: dict[str, str], missing: str) -> None:
    """Our token goes there."""
    with pytest.raises(SettingsError, match=f"AzureWebJobsStorage__{missing}ServiceUri: is missing; "):
        storage(given)


@pytest.mark.parametrize("text", [BLOBS_ALONE, SIGNED.replace("BlobEndpoint", "QueueEndpoint")])
def test_a_signature_must_open_tables_and_blobs(text: str) -> None:
    """A signature without the address of one of them would fail only when a run begins."""
    with pytest.raises(SettingsError, match="AzureWebJobsStorage: must be "):
        storage({"AzureWebJobsStorage": text})


@pytest.mark.parametrize("name", ["Contoso", "ab", "contoso.blob", "a" * 25])
def test_an_account_name_that_cannot_be_one_is_refused(name: str) -> None:
    """It becomes a part of the host that our token goes to."""
    with pytest.raises(SettingsError, match="AzureWebJobsStorage__accountName: must be "):
        storage({"AzureWebJobsStorage__accountName": name})


@pytest.mark.parametrize("text", [KEYED, SIGNED, f"AccountKey={KEY}"])
def test_the_key_is_never_shown(text: str) -> None:
    """A connection string is a secret that the platform keeps among the settings."""
    try:
        shown = repr(Settings.from_environment({**NEEDED, "AzureWebJobsStorage": text}))
    except SettingsError as refused:
        shown = f"{refused!r} {refused} {refused.faults}"
    assert KEY not in shown
