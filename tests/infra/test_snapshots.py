"""The snapshots are of infra/ as it stands, and the files they are made of fit together."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from dev.infra import snapshots
from tests.infra.snapshot import INFRA, Snapshot

# One version for each provider, known to be in force; a change is a decision.
API_VERSIONS = {
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",  # there is none without "preview"
    "Microsoft.Insights/scheduledQueryRules": "2026-03-01",
    "Microsoft.Insights/workbooks": "2023-06-01",
    "Microsoft.KeyVault": "2025-05-01",
    "Microsoft.ManagedIdentity": "2024-11-30",
    "Microsoft.Network": "2025-01-01",
    "Microsoft.Network/privateDnsZones": "2024-06-01",
    "Microsoft.OperationalInsights": "2025-02-01",
    "Microsoft.Resources": "2025-04-01",
    "Microsoft.Storage": "2025-01-01",
    "Microsoft.Web": "2025-03-01",  # the newest that has types
}
# Which module makes what has this name: whoever is given the name must come after it.
MAKERS = {
    "identityName": "managedIdentity",
    "insightsName": "monitoring",
    "networkName": "privateNetwork",
    "storageName": "storage",
    "vaultName": "vault",
    "workspaceName": "monitoring",
}
_MODULE = re.compile(r"^module (\w+) '.*?^}", re.MULTILINE | re.DOTALL)
_MACHINE = r"/home/|/root/|/tmp/|\\\\Users"


def test_the_snapshots_are_of_the_files_as_they_are() -> None:
    """So whoever reads a snapshot, a test too, reads what would be deployed."""
    changed = snapshots.changed(INFRA)
    assert not changed, (
        f"infra/: {', '.join(changed)}: changed since the snapshots were made: run `make infra`"
    )


def test_a_change_is_seen_without_a_compiler(tmp_path: Path) -> None:
    """Of a source, of a snapshot by hand, of a file that came; parameters of an installation are its own."""
    copy = tmp_path / "infra"
    shutil.copytree(INFRA, copy)
    for name in ("queries/poison.kql", "snapshots/private.snapshot.json", "main.parameters.json"):
        file = copy / name
        file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    (copy / "app" / "more.bicep").touch()
    assert snapshots.changed(copy) == [
        "app/more.bicep",
        "queries/poison.kql",
        "snapshots/private.snapshot.json",
    ]


def test_a_snapshot_names_no_machine_and_no_real_tenant() -> None:
    """Its subscription and tenant are placeholders."""
    for file in (INFRA / "snapshots").glob("*.snapshot.json"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(_MACHINE, text), file
        assert set(re.findall(r"/subscriptions/([^/\"']+)", text)) <= {"00000000-0000-4000-8000-000000000001"}


def test_api_versions_are_fixed(each: Snapshot) -> None:
    """Each resource has the version of its type or provider: no other, and no preview that is not listed."""
    for resource in each.resources:
        names = resource.type.split("/")
        listed = [API_VERSIONS.get("/".join(names[:length])) for length in range(len(names), 0, -1)]
        expected = next(filter(None, listed), None)
        assert resource.body["apiVersion"] == expected, f"{resource}: use {expected}, or change API_VERSIONS"


def test_what_if_sees_every_resource(each: Snapshot) -> None:
    """A name that comes from another resource's outputs is known to Azure alone, and the preview lacks it."""
    for resource in each.resources:
        assert "reference(" not in resource.body["id"], f"{resource}: make its name in main.bicep"


def test_whoever_is_given_a_name_comes_after_what_has_it() -> None:
    """A name in place of an output tells Azure nothing of the order: dependsOn must."""
    modules = {
        match[1]: match[0] for match in _MODULE.finditer((INFRA / "main.bicep").read_text(encoding="utf-8"))
    }
    assert len(modules) == 10
    after: dict[str, set[str]] = {}
    for module, text in modules.items():  # each stands below what it depends on
        stated = set(re.findall(r"\w+", text.partition("dependsOn: [")[2].partition("]")[0]))
        after[module] = stated.union(*(after[one] for one in stated))
        needed = {
            MAKERS[name] for name in re.findall(r"^    (\w+Name): ", text, re.MULTILINE) if name in MAKERS
        }
        makes = {maker for maker in needed if maker == module}
        assert needed - makes <= after[module], f"infra/main.bicep: module {module}: dependsOn"
    assert {"endpoints", "roles"} <= after["app"], "else its package cannot be stored, nor its host start"


def test_no_module_comes_from_a_registry() -> None:
    """One from elsewhere must be fetched to build, and is changed by others."""
    for file in INFRA.rglob("*.bicep"):
        modules = re.findall(r"^module \w+ '(.*?)'", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert [one for one in modules if ":" in one] == [], f"{file}: write its resources out"


def test_every_file_is_part_of_a_deployment() -> None:
    """A file that nothing includes deploys nothing."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in INFRA.rglob("*.bicep*"))
    for file in INFRA.rglob("*.bicep"):
        assert re.search(rf"'[\w./]*\b{re.escape(file.name)}'", text), f"{file}: include it, or delete it"


def test_every_parameter_says_what_it_is() -> None:
    """The portal and `azd` show it to whoever must answer."""
    for file in INFRA.rglob("*.bicep"):
        blocks = file.read_text(encoding="utf-8").split("\n\n")
        for block in blocks:
            if parameter := re.search(r"^param (\w+)", block, re.MULTILINE):
                assert "@description(" in block, f"{file}: parameter {parameter[1]}: add @description"


@pytest.mark.parametrize(
    ("folder", "file"), [(".", "main.parameters.json"), ("identity", "main.parameters.example.json")]
)
def test_the_parameters_file_gives_what_is_required_and_nothing_unknown(folder: str, file: str) -> None:
    """A parameter that no longer exists stops a deployment; one without default stops it too."""
    text = (INFRA / folder / "main.bicep").read_text(encoding="utf-8")
    given = json.loads((INFRA / folder / file).read_text(encoding="utf-8"))["parameters"]
    declared = dict(re.findall(r"^param (\w+) [^=\n]+(=?)", text, re.MULTILINE))
    assert {name for name, default in declared.items() if not default} <= set(given) <= set(declared)


def test_nobody_is_alerted_by_default() -> None:
    """The address has no default, so whoever deploys must name one."""
    text = (INFRA / "main.bicep").read_text(encoding="utf-8")
    required = re.findall(r"^param (\w+) [^=\n]+$", text, re.MULTILINE)
    assert required == ["environmentName", "location", "alertEmail"]
