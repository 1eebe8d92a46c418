"""What the template gives the app is what it reads: settings, and names of queues, containers and table."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dev.gates.settings_read import settings_read
from mfa_sync.settings.settings import Settings
from mfa_sync.triggers.run_queue import CONNECTION, POISON_QUEUE, QUEUE
from tests.infra.snapshot import Snapshot, snapshot

# Read by the platform and not by the app, each for its reason.
PLATFORM = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",  # the component takes no key
    "AzureWebJobsDisableHomepage",  # a page of 150 KB for anybody, at our cost
    "AzureWebJobsStorage__queueServiceUri",  # the host's trigger; the app itself opens no queue
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID",  # App Service authentication, in place of a client secret
}
# The other ways to name a storage account: the template uses the addresses.
OTHER_FORMS = {"AzureWebJobsStorage", "AzureWebJobsStorage__accountName"}
LOCAL = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsDisableHomepage"}
# Where an installation begins otherwise than the app by itself.
OTHERWISE = {"TELEMETRY": "on"}
GUID = "22222222-2222-4222-8222-222222222222"
STAND_INS = {
    "AZURE_CLIENT_ID": "55555555-5555-4555-8555-555555555555",
    "AzureWebJobsStorage__blobServiceUri": "https://account.blob.core.windows.net/",
    "AzureWebJobsStorage__tableServiceUri": "https://account.table.core.windows.net/",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={GUID};IngestionEndpoint=https://in.example/",
    "AzureWebJobsStorage__clientId": "55555555-5555-4555-8555-555555555555",
    "KEY_VAULT_URL": "https://vault.vault.azure.net/",
}


def test_the_template_sets_what_the_app_reads_and_nothing_else(everything: Snapshot) -> None:
    """A setting that is missing could not be found to be changed; one that is not read does nothing."""
    given, read = set(everything.settings()), settings_read() - OTHER_FORMS
    strange, missing = given - read - PLATFORM, read - given - PLATFORM
    assert not strange, (
        f"infra/settings.json, infra/app/function.bicep: {strange}: take out, the app reads none"
    )
    assert not missing, f"infra/settings.json: {missing}: add what the app reads"
    assert given >= PLATFORM


def test_the_example_for_local_use_has_the_same(everything: Snapshot, root: Path) -> None:
    """Whoever tries the app locally meets the same choices."""
    example = json.loads((root / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    given = {name for name in everything.settings() if "__" not in name}
    assert set(example) - LOCAL - OTHER_FORMS == given - PLATFORM


def test_the_documented_settings_are_the_same_with_the_same_defaults(root: Path) -> None:
    """An installation begins with the defaults of docs/settings.md, but for what OTHERWISE lists."""
    documented = defaults(root)
    ours = json.loads((root / "infra" / "settings.json").read_text(encoding="utf-8"))
    assert set(documented) - OTHER_FORMS >= set(ours) - PLATFORM
    for name, value in ours.items():
        if name in documented:
            assert value == OTHERWISE.get(name, documented[name]), (
                f"infra/settings.json: {name}: docs/settings.md"
            )


def test_the_app_takes_the_settings(everything: Snapshot) -> None:
    """None is wrong, and together they are what is documented."""
    given = {**everything.settings(), **STAND_INS}
    settings = Settings.from_environment({name: str(value) for name, value in given.items()})
    assert (settings.sweeps.mode, settings.easy_auth, settings.tenant_id) == ("plan", True, "contoso.com")


@pytest.mark.parametrize(("name", "parameter"), [("SWEEP_MODE", "sweepMode"), ("PUSH_MODE", "pushMode")])
def test_an_installation_begins_by_planning(private: Snapshot, root: Path, name: str, parameter: str) -> None:
    """Nothing is written unseen, nor by a caller who comes too early, until somebody decides so.

    The app by itself begins with PUSH_MODE=apply (docs/settings.md): that is for the day after.
    """
    assert private.settings()[name] == "plan"
    parameters = json.loads((root / "infra" / "main.parameters.json").read_text(encoding="utf-8"))[
        "parameters"
    ]
    assert parameters[parameter]["value"] == f"${{{name}=plan}}"


@pytest.mark.parametrize(
    ("which", "name", "expected"),
    [
        ("everything", "MAX_DELETES", "5"),
        ("choices", "EASY_AUTH", "false"),  # or a forged header would be believed
        ("everything", "EASY_AUTH", "true"),
        ("choices", "GRAPH_AUTH", "managed-identity"),
        ("everything", "PUSH_MODE", "apply"),
        ("everything", "CLIENT_ID", GUID),
        ("private", "PYTHON_ENABLE_OPENTELEMETRY", "true"),
        ("choices", "PYTHON_ENABLE_OPENTELEMETRY", "false"),
        ("everything", "ROPC_CREDENTIAL", "managed-identity"),
    ],
)
def test_parameters_become_settings(which: str, name: str, expected: str) -> None:
    """The operator's choice wins, except over what follows from the resources."""
    assert snapshot(which).settings()[name] == expected


def test_the_identity_is_the_client_where_it_signs_in(choices: Snapshot) -> None:
    """With managed-identity, whatever clientId says."""
    given = choices.settings()
    assert given["CLIENT_ID"] == given["AZURE_CLIENT_ID"]
    assert given["CLIENT_ID"].endswith(".clientId]")


def test_no_setting_holds_a_secret(root: Path) -> None:
    """Settings named so hold the names of secrets in the vault."""
    ours = json.loads((root / "infra" / "settings.json").read_text(encoding="utf-8"))
    for name, value in ours.items():
        if name.endswith("_SECRET"):
            assert re.fullmatch(r"mfa-sync-[a-z-]+", value), f"infra/settings.json: {name}: the secret's name"


def test_queues_containers_and_table_are_the_codes_own(private: Snapshot) -> None:
    """They are made before the first message; under another name the app would find none."""
    storage = "Microsoft.Storage/storageAccounts"
    queues = {one.name for one in private.of(f"{storage}/queueServices/queues")}
    containers = {one.name for one in private.of(f"{storage}/blobServices/containers")}
    tables = {one.name for one in private.of(f"{storage}/tableServices/tables")}
    environment = {name: str(value) for name, value in private.settings().items()}
    own = Settings.from_environment(
        {**environment, **STAND_INS, "TENANT_ID": "contoso.com", "CLIENT_ID": GUID}
    )
    assert queues == {QUEUE, POISON_QUEUE}, "infra/app/storage.bicep: queueNames"
    assert containers == {own.state_container, "app-package"}, "infra/app/storage.bicep: containerNames"
    assert tables == {own.state_table}
    assert any(name.startswith(f"{CONNECTION}__") for name in environment)


def test_another_table_is_made_where_it_is_set(everything: Snapshot) -> None:
    """The setting decides, so both are told by one value."""
    (table,) = everything.of("Microsoft.Storage/storageAccounts/tableServices/tables")
    containers = everything.of("Microsoft.Storage/storageAccounts/blobServices/containers")
    assert table.name == "other"
    assert [one.name for one in containers] == ["app-package", "others"]


def defaults(root: Path) -> dict[str, str]:
    """Return the default of each setting in docs/settings.md; empty where there is none."""
    lines = (root / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| `")
    ]
    return {
        name.strip("`"): default.strip("`") if default.startswith("`") else "" for name, default, *_ in rows
    }
