"""The workflows: of the right shape, with nothing to be said against them, and their promises kept."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.y*ml"))
TOOLS = Path(sys.executable).parent
PINNED = re.compile(r"\s*-?\s*uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def run(tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a checker of this environment."""
    command = [str(TOOLS / tool), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=100)  # noqa: S603


def schema(*files: Path) -> subprocess.CompletedProcess[str]:
    """Check against the schema that check-jsonschema brings along."""
    return run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files)


def audit(*files: Path) -> list[dict[str, Any]]:
    """What zizmor says against files, at its strictest. Its exit code tells findings and failure apart."""
    ran = run("zizmor", "--offline", "--persona=auditor", "--format=json", "--no-exit-codes", *files)
    assert ran.returncode == 0, ran.stderr
    findings: list[dict[str, Any]] = json.loads(ran.stdout)
    return findings


def loaded(file: Path) -> dict[Any, Any]:
    """A workflow as YAML reads it: `on` becomes true."""
    document: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


def spoilt(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of a workflow with one thing changed."""
    text = (FOLDER / file).read_text(encoding="utf-8")
    assert old in text
    copy = folder / file
    copy.write_text(text.replace(old, new), encoding="utf-8")
    return copy


def test_there_are_workflows_to_check() -> None:
    """A gate that looks at nothing is always green."""
    assert {file.name for file in FILES} >= {"ci.yml", "deploy.yml"}


def test_the_workflows_fit_the_schema(tmp_path: Path) -> None:
    """And one with a misspelt key does not."""
    assert schema(*FILES).returncode == 0
    assert schema(spoilt(tmp_path, "ci.yml", "runs-on:", "run-on:")).returncode == 1


def test_nothing_is_found_against_the_workflows() -> None:
    """With every rule on that works without a network."""
    assert [(row["ident"], row["desc"]) for row in audit(*FILES)] == []


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("ci.yml", "@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2", "@v4", "unpinned-uses"),
        ("ci.yml", "persist-credentials: false", "persist-credentials: true", "artipacked"),
        ("ci.yml", "permissions:\n      contents: read", "permissions: write-all", "excessive-permissions"),
        ("deploy.yml", "mfa-sync smoke", "mfa-sync smoke ${{ inputs.environment }}", "template-injection"),
    ],
)  # fmt: skip
def test_a_fault_is_found(tmp_path: Path, file: str, old: str, new: str, finding: str) -> None:
    """Each gate is seen to close."""
    assert finding in {row["ident"] for row in audit(spoilt(tmp_path, file, old, new))}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_actions_are_pinned_by_commit_and_say_which_version(file: Path) -> None:
    """A tag can be moved; a bare hash tells no reader anything."""
    uses = [line for line in file.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert uses
    assert [line for line in uses if not PINNED.fullmatch(line)] == []


READ = {"contents": "read"}
RIGHTS = {
    "ci.yml": {"check": READ, "infrastructure": READ},
    "deploy.yml": {
        "gates": READ,
        "package": READ,
        "attest": {"id-token": "write", "attestations": "write"},
        "publish": {"id-token": "write", "attestations": "read"},
        "smoke": READ,
    },
}
"""What each job may do, and nothing else: reading the sources, or signing, or publishing."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_job_has_a_right_it_does_not_name(file: Path) -> None:
    """Nothing by default, and no two kinds of rights in one job."""
    workflow = loaded(file)
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == RIGHTS[file.name]


def test_ci_runs_the_gates_that_a_person_runs() -> None:
    """There is one list of gates, in .ci/run."""
    jobs = loaded(FOLDER / "ci.yml")["jobs"]
    ran = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()}
    assert ran["check"] == [".ci/run"]


def test_ci_has_infra_judged_by_a_compiler_of_one_version() -> None:
    """Named, so that a job without one is red; other versions may say other things."""
    install, check = (
        step["run"] for step in loaded(FOLDER / "ci.yml")["jobs"]["infrastructure"]["steps"][2:]
    )
    assert re.fullmatch(r"az bicep install --version v\d+\.\d+\.\d+", install)
    assert check == 'BICEP="$HOME/.azure/bin/bicep" python -m dev.infra check'


def delivery_faults(workflow: dict[Any, Any]) -> set[str]:
    """What is wrong with the way from the sources to Azure."""
    jobs = workflow["jobs"]
    package, attest, publish = jobs["package"], jobs["attest"], jobs["publish"]
    (build,) = (step for step in package["steps"] if "run" in step)
    (attested,) = attest["steps"]
    used = [step.get("uses", "").partition("@")[0] for step in publish["steps"]]
    verify = next((step for step in publish["steps"] if set(step.get("run", "").split()) >= VERIFIED), None)
    first_of_azure = next(place for place, name in enumerate(used) if name.lower().startswith("azure/"))
    sent = publish["steps"][used.index("Azure/functions-action")]["with"]
    installed = re.findall(r"(?:\s-r|\bmake|\bnpm|\.ci/run) *(\S*)", build["run"])
    digest = "${{ needs.package.outputs.sha256 }}"
    holds = {
        "order": [jobs[name].get("needs") for name in ("gates", "package", "attest", "publish", "smoke")]
        == [None, "gates", "package", "attest", "publish"],
        "development packages": installed == ["dev/delivery/requirements.txt"],
        "hashes": "--require-hashes" in build["run"],
        "failing pipe": build.get("shell") == "bash",
        "the attester": "run" not in attested and attested["with"]["subject-digest"] == f"sha256:{digest}",
        "verified first": verify in publish["steps"][:first_of_azure],
        "the same file": {"app.zip", sent["package"]} == {"app.zip"},
        "remote build": sent["remote-build"] is False,
        "environment": [name for name, job in jobs.items() if "environment" in job] == ["publish"],
        "Azure's rights": [
            name
            for name, job in jobs.items()
            for step in job["steps"]
            if step.get("uses", "").startswith("azure/login@")
        ]
        == ["publish"],
    }
    return {name for name, held in holds.items() if not held}


VERIFIED = {
    *("gh", "attestation", "verify", "app.zip", "--repo", '"$GITHUB_REPOSITORY"'),
    *("--signer-workflow", '"$GITHUB_REPOSITORY/.github/workflows/deploy.yml"'),
    *("--source-ref", '"$GITHUB_REF"', "--source-digest", '"$GITHUB_SHA"', "--deny-self-hosted-runners"),
}
"""The words of the command that verifies: the more of the identity is named, the more is held."""


def test_what_is_published_was_built_alone_attested_and_verified() -> None:
    """By four jobs, none of which can do two of these."""
    assert delivery_faults(loaded(FOLDER / "deploy.yml")) == set()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("    needs: gates\n", "", "order"),
        ("    needs: attest\n", "    needs: package\n", "order"),
        ("-r dev/delivery/requirements.txt", "-r requirements-dev.txt", "development packages"),
        ("          python -m venv .builder", "          make setup", "development packages"),
        ("--require-hashes ", "", "hashes"),
        ("        shell: bash", "        shell: sh", "failing pipe"),
        ("sha256:${{ needs.package.outputs.sha256 }}", "sha256:0", "the attester"),
        ("gh attestation verify app.zip", "echo app.zip", "verified first"),
        ('--source-digest "$GITHUB_SHA" ', "", "verified first"),
        (" --deny-self-hosted-runners", "", "verified first"),
        ("package: app.zip", "package: other.zip", "the same file"),
        ("remote-build: false", "remote-build: true", "remote build"),
        ("    name: Attest the package", "    name: x\n    environment: production", "environment"),
    ],
)
def test_a_fault_of_the_delivery_is_found(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """Each of these would let something through that nobody built, signed or looked at."""
    assert delivery_faults(loaded(spoilt(tmp_path, "deploy.yml", old, new))) == {fault}


def test_what_builds_the_package_is_one_library_known_by_hash() -> None:
    """Of the hundred that development uses; of the same version as theirs."""
    lock = (ROOT / "dev" / "delivery" / "requirements.txt").read_text(encoding="utf-8")
    (line,) = re.findall(r"^(\S+==\S+) ", lock, re.MULTILINE)
    assert re.search(r"--hash=sha256:[0-9a-f]{64}", lock)
    assert f"\n{line} " in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")


def test_publishing_needs_a_protected_environment_and_no_secret() -> None:
    """By hand, after the package was tried, with what Entra trusts about the job alone."""
    text, workflow = (FOLDER / "deploy.yml").read_text(encoding="utf-8"), loaded(FOLDER / "deploy.yml")
    assert list(workflow[True]) == ["workflow_dispatch"]
    assert "secrets." not in text
    publish = workflow["jobs"]["publish"]
    assert publish["environment"] == "${{ inputs.environment }}"
    # Timers may not come back after a publish; no key is stored for asking.
    assert '"$URL/api/doctor"' in publish["steps"][-1]["run"]
    smoke = workflow["jobs"]["smoke"]
    # Both call the app, which lets in whom its rules of addresses name.
    assert smoke["runs-on"] == publish["runs-on"] == "${{ vars.RUNNER || 'ubuntu-24.04' }}"
    assert (smoke["needs"], smoke["steps"][-1]["run"]) == ("publish", ".venv/bin/mfa-sync smoke")
