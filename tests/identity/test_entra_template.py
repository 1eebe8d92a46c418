"""The Graph Bicep: it parses, and it grants what the docs say, to whom they say, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.identity.entra_template import FILES, FOLDER, ROOT, granted, tree

# Types of microsoftgraph/v1.0:1.0.0 that are used, and the properties that are set on each.
TYPES = {
    "Microsoft.Graph/applications": {"displayName", "uniqueName", "signInAudience", "isFallbackPublicClient"},
    "Microsoft.Graph/servicePrincipals": {"appId"},
    "Microsoft.Graph/applications/federatedIdentityCredentials": {
        *("name", "description", "issuer", "subject", "audiences"),
    },
    "Microsoft.Graph/oauth2PermissionGrants": {
        *("clientId", "consentType", "principalId", "resourceId", "scope"),
    },
    "Microsoft.Graph/appRoleAssignedTo": {"appRoleId", "principalId", "resourceId"},
}
PERMISSION = re.compile(r"`([A-Z][A-Za-z-]+(?:\.[A-Za-z]+)+)`")


def resources() -> dict[str, dict[str, Any]]:
    """Every resource by `file/name`."""
    return {
        f"{file.stem}/{name}": row for file in FILES for name, row in tree(file).get("resources", {}).items()
    }


def config(row: dict[str, Any]) -> dict[str, Any]:
    """The properties of a resource, out of its loop or condition."""
    found: dict[str, Any] = row["config"]
    while "config" in found:
        found = found["config"]
    return found


def test_every_file_parses() -> None:
    """And there are some."""
    assert {file.name for file in FILES} == {
        *("app-roles.bicep", "delegated-grant.bicep", "main.bicep", "registration.bicep"),
    }
    assert all(tree(file) for file in FILES)


def test_only_known_types_and_properties_are_used() -> None:
    """A misspelt property would first be seen in the tenant."""
    assert resources()
    for name, row in resources().items():
        assert (row["api_version"], row["type"] in TYPES) == ("v1.0", True), name
        assert set(config(row)) <= TYPES[row["type"]], name


def test_the_extension_is_pinned() -> None:
    """Another version may mean other types."""
    document = json.loads((FOLDER / "bicepconfig.json").read_text(encoding="utf-8"))
    assert document["extensions"] == {
        "microsoftGraphV1": "br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0"
    }
    for file in FILES:
        used = any(
            row["type"].startswith("Microsoft.Graph/") for row in tree(file).get("resources", {}).values()
        )
        assert used == ("microsoftGraphV1" in tree(file).get("extensions", {})), file.name


def test_consent_is_for_the_service_account_alone() -> None:
    """AllPrincipals would let the app act for every user."""
    grant = config(resources()["delegated-grant/grant"])
    assert grant["consentType"] == "Principal"
    assert grant["principalId"] == "serviceAccountObjectId"
    assert not [file.name for file in FILES if "AllPrincipals" in file.read_text(encoding="utf-8")]


def test_the_federated_credential_is_the_managed_identitys() -> None:
    """Subject and audience are what makes it nobody else's."""
    credential = config(resources()["registration/credential"])
    assert credential["subject"] == "federatedSubject"
    assert credential["audiences"] == ["api://AzureADTokenExchange"]
    modules = tree(FOLDER / "main.bicep")["modules"]
    given = modules["registration"]["config"]["config"]["params"]["federatedSubject"]
    assert "managedIdentityPrincipalId" in json.dumps(given)


def test_each_mode_grants_to_its_own_principal() -> None:
    """Delegated for the account; of the app alone; of the managed identity alone."""
    modules = tree(FOLDER / "main.bicep")["modules"]
    said = {}
    for name, row in modules.items():
        condition = row["config"]["condition"]["operator"]
        said[name] = (row["detail"]["full"], condition["type"], condition["operands"]["operand_2"])
    assert said == {
        "registration": ("registration.bicep", "not_equals", "managed-identity"),
        "delegated": ("delegated-grant.bicep", "equals", "ropc"),
        "ofApplication": ("app-roles.bicep", "equals", "client-secret"),
        "ofManagedIdentity": ("app-roles.bicep", "equals", "managed-identity"),
    }
    principal = modules["ofManagedIdentity"]["config"]["config"]["params"]["principalId"]
    assert principal == "managedIdentityPrincipalId"


@pytest.mark.parametrize("module", ["delegated-grant", "app-roles"])
def test_a_name_that_graph_does_not_know_ends_the_deployment(module: str) -> None:
    """It would be granted to nobody's use, and found out by the first 403."""
    variables = json.dumps(tree(FOLDER / f"{module}.bicep")["variables"])
    everything = (FOLDER / f"{module}.bicep").read_text(encoding="utf-8")
    assert "unknown" in variables
    assert re.search(r"empty\(unknown\) \? [^\n]+ : fail\(", everything)


def test_the_permissions_are_those_of_the_docs() -> None:
    """No feature without its permission, and none that no feature needs."""
    documented = set(PERMISSION.findall((ROOT / "docs" / "graph.md").read_text(encoding="utf-8")))
    assert documented == {*granted(), *granted(phonesOnly=False)}
    assert "UserAuthenticationMethod.ReadWrite.All" not in granted()
    assert "UserAuthenticationMethod.Read.All" not in granted(lastFactorGuard=False)


def test_no_secret_and_no_password_is_made() -> None:
    """Outputs stand in the deployment's history for everybody who may read it."""
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"passwordCredentials|keyCredentials|listKeys|secretText", text), file.name
    assert set(tree(FOLDER / "main.bicep")["outputs"]) == {"clientId", "permissions"}


def test_the_example_of_parameters_names_what_is_required() -> None:
    """Every parameter that has no default, and none that does not exist."""
    parameters = tree(FOLDER / "main.bicep")["parameters"]
    example = json.loads((FOLDER / "main.parameters.example.json").read_text(encoding="utf-8"))["parameters"]
    required = {name for name, row in parameters.items() if row["default"] is None}
    assert required <= set(example) <= set(parameters)
