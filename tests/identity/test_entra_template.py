"""The Graph Bicep: it grants in each mode what the docs say, to whom they say, and nothing else."""

from __future__ import annotations

import json
import re

import pytest

from tests.identity.entra_template import FILES, FOLDER, MODES, ROOT, granted, snapshot

GRAPH = "Microsoft.Graph"
REGISTRATION = [
    f"{GRAPH}/applications@v1.0",
    f"{GRAPH}/servicePrincipals@v1.0",
    f"{GRAPH}/applications/federatedIdentityCredentials@v1.0",
]
# Of which type, and for which principal, the permissions are: delegated for the account, or of the app alone.
GRANTS = {
    "ropc": (f"{GRAPH}/oauth2PermissionGrants@v1.0", "66666666-6666-4666-8666-666666666666"),
    "client-secret": (f"{GRAPH}/appRoleAssignedTo@v1.0", "outputs.servicePrincipalId.value]"),
    "managed-identity": (f"{GRAPH}/appRoleAssignedTo@v1.0", "55555555-5555-4555-8555-555555555555"),
}
PERMISSION = re.compile(r"`([A-Z][A-Za-z-]+(?:\.[A-Za-z]+)+)`")


def test_the_extension_is_pinned() -> None:
    """Another version may mean other types."""
    document = json.loads((FOLDER / "bicepconfig.json").read_text(encoding="utf-8"))
    assert document["extensions"] == {
        "microsoftGraphV1": "br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0"
    }


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_grants_to_its_own_principal(mode: str) -> None:
    """Delegated for the account; of the app alone; of the identity alone, which needs no registration."""
    made = snapshot(f"identity-{mode}").resources
    kind, principal = GRANTS[mode]
    grants = [one for one in made if one.type == kind]
    others = [one.type for one in made if one not in grants]
    assert others == ([] if mode == "managed-identity" else REGISTRATION)
    assert len(grants) == (1 if mode == "ropc" else len(granted(mode)))
    assert all(one.at("properties.principalId").endswith(principal) for one in grants)


def test_consent_is_for_the_service_account_alone() -> None:
    """AllPrincipals would let the app act for every user."""
    (grant,) = (one for one in snapshot("identity-ropc").resources if "Grants" in one.type)
    assert grant.at("properties.consentType") == "Principal"
    assert all(f"'{name}'" in grant.at("properties.scope") for name in ("openid", *granted()))


def test_the_federated_credential_is_the_managed_identitys() -> None:
    """Subject and audience are what makes it nobody else's; the audience is the cloud's own."""
    (credential,) = (one for one in snapshot("identity-ropc").resources if "federated" in one.type)
    assert credential.at("properties.subject") == "55555555-5555-4555-8555-555555555555"
    (audience,) = credential.at("properties.audiences")
    clouds = re.findall(r"'(Azure\w+)', '(api://\w+)'", audience)
    assert dict(clouds) == {
        "AzureCloud": "api://AzureADTokenExchange",
        "AzureUSGovernment": "api://AzureADTokenExchangeUSGov",
        "AzureChinaCloud": "api://AzureADTokenExchangeChina",
    }
    assert audience.endswith("[environment().name]]")
    without = [one for one in snapshot("identity-no-last-factor").resources if "federated" in one.type]
    assert without == []


@pytest.mark.parametrize("mode", MODES)
def test_a_name_that_graph_does_not_know_ends_the_deployment(mode: str) -> None:
    """It would be granted to nobody's use, and found out by the first 403."""
    kind, _ = GRANTS[mode]
    for one in snapshot(f"identity-{mode}").resources:
        if one.type == kind:
            said = one.at("properties.scope") or one.at("properties.appRoleId")
            assert "fail(format('Graph has no " in said


def test_the_permissions_are_those_of_the_docs() -> None:
    """No feature without its permission, and none that no feature needs; all modes grant the same."""
    documented = set(PERMISSION.findall((ROOT / "docs" / "graph.md").read_text(encoding="utf-8")))
    # One is for the doctor alone, which says what it cannot tell without it.
    assert documented == {*granted(), *granted("every-method"), "Policy.Read.All"}
    assert granted() == granted("client-secret") == granted("managed-identity")
    assert "UserAuthenticationMethod.ReadWrite.All" not in granted()
    assert "UserAuthenticationMethod.Read.All" not in granted("no-last-factor")


def test_no_secret_and_no_password_is_made() -> None:
    """Outputs stand in the deployment's history for everybody who may read it."""
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"passwordCredentials|keyCredentials|listKeys|secretText", text), file.name
    for mode in MODES:
        assert set(snapshot(f"identity-{mode}").outputs) == {"clientId", "permissions"}
