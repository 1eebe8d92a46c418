"""What is published, and what the platform will make of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pathspec
import pytest

from tests.infra.snapshot import Snapshot

SCHEMA = Path(__file__).with_name("azure-yaml.schema.json")
# What the doctor remarks and is not so here.
REMARKS = {
    "check_blueprint_registration": "it sees no blueprints of other modules; tests/project indexes them",
    "check_app_insights": "it looks at local settings alone; the template has it",
    "check_native_dependency_risk": "wheels are built for Linux and Python 3.13, see docs/azure.md",
    "check_binding_connection_resolution": "it looks for AzureWebJobsStorage alone; the parts of it are set",
}


@pytest.fixture(scope="module")
def published(root: Path, private: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that are published, with the template as the doctor can read it."""
    folder = tmp_path_factory.mktemp("published")
    for name in [*_published(root), ".funcignore"]:
        copy = shutil.copytree if (root / name).is_dir() else shutil.copy
        copy(root / name, folder / name)
    (folder / "infra").mkdir()
    (folder / "infra" / "main.json").write_text(
        json.dumps(_as_the_doctor_reads_it(private)), encoding="utf-8"
    )
    return folder


def test_azure_yaml_says_what_azd_knows(root: Path, private: Snapshot) -> None:
    """The service is found by its tag; the build in Azure, which is azd's default, is off."""
    done = subprocess.run(  # noqa: S603  our own tool
        [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA), str(root / "azure.yaml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (app,) = private.of("Microsoft.Web/sites")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert app.at("tags")["azd-service-name"] in schema["properties"]["services"]["properties"]


def test_host_json_fits_the_plan_and_the_queue(root: Path) -> None:
    """One chain per run, a pause before a message is tried again, and time for a step within its claim."""
    host = json.loads((root / "host.json").read_text(encoding="utf-8"))
    queues = host["extensions"]["queues"]
    assert host["version"] == "2.0"
    assert host["extensionBundle"]["version"] == "[4.*, 5.0.0)"
    assert host.get("telemetryMode", "OpenTelemetry") == "OpenTelemetry"
    assert (queues["batchSize"], queues["newBatchThreshold"]) == (1, 0)
    assert queues["visibilityTimeout"] != "00:00:00", "the default tries again at once, five times"
    assert queues["maxDequeueCount"] == 5
    assert queues["messageEncoding"] == "base64"
    assert host["functionTimeout"] == "00:10:00"
    assert "applicationInsights" not in host["logging"], "host.json: its sampling would drop events"


def test_the_doctor_finds_nothing_wrong(published: Path, root: Path) -> None:
    """azure-functions-doctor knows Flex Consumption; it must have looked, at the template too."""
    done = subprocess.run(  # noqa: S603  our own tool
        [
            str(Path(sys.executable).with_name("azure-functions-doctor")),
            *("doctor", "--path", str(published), "--format", "json", "--profile", "deploy"),
            *(
                "--hosting-plan",
                "flex-consumption",
                "--target-python",
                "3.13",
                "--deployment-mode",
                "local-prebuilt",
            ),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    report = json.loads(done.stdout)
    checks: list[dict[str, Any]] = [item for section in report["results"] for item in section["items"]]
    by_status = {
        status: {check["rule_id"]: check["value"] for check in checks if check["status"] == status}
        for status in ("pass", "warn", "fail", "skip")
    }
    assert not by_status["fail"], by_status["fail"]
    assert set(by_status["warn"]) <= set(REMARKS), by_status["warn"]
    assert len(by_status["pass"]) >= 20, by_status
    assert {
        "check_flex_runtime_config",
        "check_flex_deprecated_settings",
        "check_flex_deployment_storage",
    } <= set(by_status["pass"]), by_status


def _ignored(root: Path) -> pathspec.PathSpec[Any]:
    lines = (root / ".funcignore").read_text(encoding="utf-8").splitlines()
    return pathspec.PathSpec.from_lines("gitignore", lines)


def _published(root: Path) -> list[str]:
    """Return what lies in the project's folder and .funcignore lets pass."""
    ignored = _ignored(root)
    return sorted(one.name for one in root.iterdir() if not ignored.match_file(one.name))


def _as_the_doctor_reads_it(private: Snapshot) -> dict[str, Any]:
    """Return the template as ARM, with the settings where the doctor looks for them."""
    (site,) = private.of("Microsoft.Web/sites")
    settings = [{"name": name, "value": value} for name, value in private.settings().items()]
    config = {**site.at("properties.siteConfig"), "appSettings": settings}
    resources = [one.body for one in private.resources if one is not site]
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {**site.body, "properties": {**site.at("properties"), "siteConfig": config}},
            *resources,
        ],
    }
