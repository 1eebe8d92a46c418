"""Key Vault and the managed identity, by the Azure SDK itself."""

from collections.abc import Iterator

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import CredentialUnavailableError, ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

from dev.tenant import sample
from dev.tenant.server import EmulatedTenant

SCOPE = "https://vault.azure.net/.default"


@pytest.fixture
def credential(running: EmulatedTenant) -> Iterator[ManagedIdentityCredential]:
    """The app's managed identity, by the App Service protocol."""
    assert running.proxy_port
    with ManagedIdentityCredential(retry_total=0) as credential:
        yield credential


@pytest.fixture
def vault(credential: ManagedIdentityCredential) -> Iterator[SecretClient]:
    """The sample's vault, without the SDK's patience."""
    with SecretClient(sample.VAULT_URL, credential, retry_total=0) as client:
        yield client


def test_the_latest_version_is_served(running: EmulatedTenant, vault: SecretClient) -> None:
    """Unless one is asked for by its name."""
    first = vault.get_secret("mfa-sync-password")
    assert first.value == sample.PASSWORD
    running.control.put_secret("mfa-sync-password", "rotated")
    assert vault.get_secret("mfa-sync-password").value == "rotated"
    assert vault.get_secret("mfa-sync-password", first.properties.version).value == sample.PASSWORD


def test_trap_37_the_vault_asks_for_a_token_first(running: EmulatedTenant, vault: SecretClient) -> None:
    """The SDK sends none until it was challenged, and checks that the challenge fits the host."""
    bare = httpx.get(f"{sample.VAULT_URL}/secrets/mfa-sync-handshake/?api-version=7.6")
    assert bare.status_code == 401
    assert 'resource="https://vault.azure.net"' in bare.headers["www-authenticate"]
    vault.get_secret("mfa-sync-handshake")
    statuses = [
        entry["status"] for entry in running.control.log() if entry["host"].endswith("vault.azure.net")
    ]
    assert statuses[-1] == 200
    assert set(statuses[:-1]) <= {401}


def test_dates_only_inform(running: EmulatedTenant, vault: SecretClient) -> None:
    """An expired and a not yet valid secret are served."""
    running.control.patch_secret("mfa-sync-handshake", exp=1, nbf=4_000_000_000)
    secret = vault.get_secret("mfa-sync-handshake")
    assert secret.value == sample.HANDSHAKE
    assert secret.properties.expires_on is not None
    assert secret.properties.expires_on.timestamp() == 1


def test_a_disabled_secret_is_refused(running: EmulatedTenant, vault: SecretClient) -> None:
    """403 with SecretDisabled inside."""
    running.control.patch_secret("mfa-sync-handshake", enabled=False)
    with pytest.raises(HttpResponseError) as refused:
        vault.get_secret("mfa-sync-handshake")
    assert refused.value.status_code == 403
    assert refused.value.error is not None
    assert refused.value.error.innererror is not None
    assert refused.value.error.innererror["code"] == "SecretDisabled"


def test_a_missing_secret_is_not_found(running: EmulatedTenant, vault: SecretClient) -> None:
    """A deleted one too."""
    running.control.remove_secret("mfa-sync-handshake")
    for name in ("mfa-sync-handshake", "none"):
        with pytest.raises(ResourceNotFoundError):
            vault.get_secret(name)


@pytest.mark.parametrize(
    ("mode", "status", "inner"),
    [("rbac", 403, "ForbiddenByRbac"), ("firewall", 403, "ForbiddenByFirewall"), ("throttled", 429, None),
     ("unavailable", 503, None)],
)  # fmt: skip
def test_the_vault_may_refuse_everything(
    running: EmulatedTenant, vault: SecretClient, mode: str, status: int, inner: str | None
) -> None:
    """Each refusal has its status and inner code."""
    running.control.switch(vault=mode)
    with pytest.raises(HttpResponseError) as refused:
        vault.get_secret("mfa-sync-handshake")
    assert refused.value.status_code == status
    found = refused.value.error.innererror if refused.value.error is not None else None
    assert (found or {}).get("code") == inner


def test_any_seeded_vault_answers(running: EmulatedTenant, credential: ManagedIdentityCredential) -> None:
    """Under its own name; one nobody seeded does not exist."""
    running.control.put_secret("colour", "green", vault="fabrikam")
    with SecretClient("https://fabrikam.vault.azure.net", credential) as client:
        assert client.get_secret("colour").value == "green"
    with pytest.raises(httpx.ProxyError):
        httpx.get("https://unseeded.vault.azure.net/secrets/x/")


def test_a_token_for_graph_opens_no_vault(
    running: EmulatedTenant, credential: ManagedIdentityCredential
) -> None:
    """Audiences are kept apart."""
    assert running.proxy_port
    token = credential.get_token("https://graph.microsoft.com/.default").token
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{sample.VAULT_URL}/secrets/mfa-sync-handshake/", headers=headers).status_code == 401
    assert httpx.get("https://graph.microsoft.com/v1.0/users?$top=1", headers=headers).status_code == 200


@pytest.mark.parametrize("mode", ["absent", "400", "500"])
def test_there_may_be_no_identity(
    running: EmulatedTenant, credential: ManagedIdentityCredential, mode: str
) -> None:
    """The SDK calls all of it unavailable."""
    running.control.switch(identity=mode)
    with pytest.raises((CredentialUnavailableError, ClientAuthenticationError)):
        credential.get_token(SCOPE)


def test_trap_38_the_identity_endpoint_wants_its_header_and_tells_the_end_as_text(
    running: EmulatedTenant,
) -> None:
    """And says when a token ends as a string."""
    environment = running.environment()
    url = environment["IDENTITY_ENDPOINT"] + "?api-version=2019-08-01&resource=https://vault.azure.net"
    header = {"X-IDENTITY-HEADER": environment["IDENTITY_HEADER"]}
    assert httpx.get(url).status_code == 401
    answer = httpx.get(url, headers=header).json()
    assert isinstance(answer["expires_on"], str)
    assert "expires_in" not in answer
    wrong = httpx.get(url.replace("vault.azure.net", "example.com"), headers=header)
    assert (wrong.status_code, wrong.json()["statusCode"]) == (500, 500)
    assert httpx.get(url + "&client_id=unknown", headers=header).status_code == 400
