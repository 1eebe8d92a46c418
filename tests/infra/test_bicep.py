"""Every Bicep file is one, the files fit each other, and their names are Azure's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dev.gates.bicep_parsing import parse
from dev.gates.bicep_template import Template
from dev.gates.model_names import BY_HAND, NoModelError, faults

# One version for each provider, known to be in force; a change is a decision.
API_VERSIONS = {
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",  # there is none without "preview"
    "Microsoft.Insights/scheduledQueryRules": "2023-12-01",
    "Microsoft.Insights/workbooks": "2023-06-01",
    "Microsoft.KeyVault": "2023-07-01",
    "Microsoft.ManagedIdentity": "2023-01-31",
    "Microsoft.Network": "2024-05-01",
    "Microsoft.Network/privateDnsZones": "2024-06-01",
    "Microsoft.OperationalInsights": "2023-09-01",
    "Microsoft.Resources": "2024-03-01",
    "Microsoft.Storage": "2024-01-01",
    "Microsoft.Web": "2025-03-01",  # siteUpdateStrategy came with 2024-11-01
}
# What the linter cannot be told by default, and what is worth an error.
ERRORS = {
    "no-unused-params",
    "no-unused-vars",
    "outputs-should-not-contain-secrets",
    "secure-parameter-default",
}


def test_every_bicep_file_can_be_read(root: Path) -> None:
    """Also those of the Entra objects; a file that breaks or hangs the parser is named."""
    files = sorted((root / "infra").rglob("*.bicep"))
    assert len(parse(files)) >= 12


def test_the_files_fit_each_other_and_hold_nothing_unused(template: Template) -> None:
    """Loading looks up every name, parameter and output; what nothing asks for misleads."""
    assert not template.unused, "Take out, or use: " + ", ".join(template.unused)


def test_no_module_comes_from_a_registry(template: Template) -> None:
    """A module from elsewhere hides its properties from these tests, and must be fetched to build."""
    for path, tree in template.trees.items():
        for name, module in tree.get("modules", {}).items():
            assert module["type"] == "local", f"{path}: module {name}: write its resources out"


def test_every_file_of_the_app_is_part_of_the_template(template: Template, root: Path) -> None:
    """A file that nothing includes deploys nothing."""
    included = {resource.path for resource in template.resources}
    assert included == {root / "infra" / "main.bicep", *(root / "infra" / "app").glob("*.bicep")}


@pytest.mark.parametrize("which", ["template", "everything"])
def test_every_property_is_one_that_azure_knows(which: str, request: pytest.FixtureRequest) -> None:
    """A misspelt property is taken in silence, and its default stays in force."""
    wrong: list[str] = []
    for resource in request.getfixturevalue(which).resources:
        try:
            found = faults(resource.type, resource.body["name"], resource.body)
        except NoModelError:
            found = [f"no model: add {resource.type} to MODELS, or write its properties into BY_HAND"]
        wrong.extend(f"{resource}: {fault}" for fault in found)
    assert not wrong, "\n".join(wrong)


def test_what_is_written_by_hand_is_used(template: Template) -> None:
    """The list of types without a model stays short."""
    assert {resource.type for resource in template.resources} >= set(BY_HAND)


def test_api_versions_are_fixed(template: Template) -> None:
    """Each resource has the version of its type or provider: no other, and no preview that is not listed."""
    for resource in template.resources:
        names = resource.type.split("/")
        listed = [API_VERSIONS.get("/".join(names[:length])) for length in range(len(names), 0, -1)]
        expected = next(filter(None, listed), None)
        assert resource.api_version == expected, f"{resource}: use {expected}, or change API_VERSIONS"


def test_every_parameter_says_what_it_is(template: Template) -> None:
    """The portal and `azd` show it to whoever must answer."""
    for path, tree in template.trees.items():
        for name, parameter in tree.get("parameters", {}).items():
            decorators = {decorator["type"] for decorator in parameter["decorators"]}
            assert "description" in decorators, f"{path}: parameter {name}: add @description"


def test_the_parameters_file_gives_what_is_required_and_nothing_unknown(
    template: Template, root: Path
) -> None:
    """A parameter that no longer exists stops a deployment; one without default stops it too."""
    declared = template.trees[root / "infra" / "main.bicep"]["parameters"]
    given = json.loads((root / "infra" / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    assert set(given) <= set(declared)
    assert {name for name, one in declared.items() if one["default"] is None} <= set(given)


def test_nobody_is_alerted_by_default(template: Template, root: Path) -> None:
    """The address has no default, so whoever deploys must name one."""
    declared = template.trees[root / "infra" / "main.bicep"]["parameters"]
    assert {name for name, one in declared.items() if one["default"] is None} == {
        "environmentName",
        "location",
        "alertEmail",
    }


def test_the_linter_of_bicep_stops_a_build(root: Path) -> None:
    """Where `bicep build` can be run, its rules are errors and no remarks."""
    rules = json.loads((root / "infra" / "bicepconfig.json").read_text(encoding="utf-8"))["analyzers"][
        "core"
    ]["rules"]
    assert set(rules) >= ERRORS
    assert {rule["level"] for rule in rules.values()} == {"error"}
