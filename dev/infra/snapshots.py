"""What each set of parameters in infra/snapshots comes to, kept beside it, and the digests of its sources."""

from __future__ import annotations

import hashlib
import json
import shutil
from difflib import unified_diff
from pathlib import Path

from dev.infra.compiler import Copy, RefusedError

DIGESTS = Path("snapshots", "sha256sums")
_KINDS = ("bicep", "bicepparam")
# Placeholders: a snapshot is nobody's deployment.
_PLACE = (
    *("--subscription-id", "00000000-0000-4000-8000-000000000001"),
    *("--tenant-id", "00000000-0000-4000-8000-000000000002"),
)
# The deployment of Entra's objects goes into a resource group, the other into a subscription.
_IDENTITY = ("--resource-group", "rg-test")


def check(copy: Copy, infra: Path) -> list[str]:
    """Return what the compiler says: it builds, lints, finds formatted, and evaluates to the snapshots.

    Raises:
        RefusedError: One of these is not so; its text says which and how it differs.
    """
    said = [copy.run(verb, "--pattern", "**/*.bicep") for verb in ("build", "lint")]
    said += [copy.run("format", "--pattern", f"**/*.{kind}") for kind in _KINDS]
    for file in _sources(infra):
        if file.read_bytes() != (copy.root / file.relative_to(infra)).read_bytes():
            raise RefusedError(f"{file}: bicep format writes it otherwise: run `make infra`.")
    said += [_validate(copy, parameters) for parameters in _parameters(infra)]
    return [text for text in said if text]


def write(copy: Copy, infra: Path) -> list[Path]:
    """Format the sources, evaluate all parameters anew, and return the snapshots.

    Raises:
        RefusedError: The compiler refuses or warns.
    """
    copy.run("build", "--pattern", "**/*.bicep")
    for kind in _KINDS:
        copy.run("format", "--pattern", f"**/*.{kind}")
    for file in _sources(infra):
        shutil.copyfile(copy.root / file.relative_to(infra), file)
    made = []
    for parameters in _parameters(infra):
        made.append(parameters.with_suffix(".snapshot.json"))
        made[-1].write_text(_evaluated(copy, parameters), encoding="utf-8")
    lines = [f"{digest}  {name}\n" for name, digest in digests(infra).items()]
    (infra / DIGESTS).write_text("".join(lines), encoding="utf-8")
    return made


def digests(infra: Path) -> dict[str, str]:
    """Return the digest of each file that a snapshot is made of, and of each snapshot, by its path in infra/.

    Parameters of installations (main.parameters.json) are not among them.
    """
    files = sorted(file for file in infra.rglob("*") if file.is_file() and file != infra / DIGESTS)
    return {
        file.relative_to(infra).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if ".parameters." not in file.name
    }


def changed(infra: Path) -> list[str]:
    """Return the files that are otherwise than when the snapshots were made, new or gone."""
    lines = (infra / DIGESTS).read_text(encoding="utf-8").splitlines()
    then = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    now = digests(infra)
    return sorted(name for name in {*then, *now} if then.get(name) != now.get(name))


def _sources(infra: Path) -> list[Path]:
    return sorted(file for kind in _KINDS for file in infra.rglob(f"*.{kind}"))


def _parameters(infra: Path) -> list[Path]:
    return sorted((infra / "snapshots").glob("*.bicepparam"))


def _validate(copy: Copy, parameters: Path) -> str:
    if not _is_identity(parameters):
        return _snapshot(copy, parameters, "validate")
    # Its own comparison breaks (0.49.2: KeyNotFoundException) on an extension's resources: they have no id.
    kept = parameters.with_suffix(".snapshot.json").read_text(encoding="utf-8").splitlines()
    now = _evaluated(copy, parameters).splitlines()
    if difference := "\n".join(unified_diff(kept, now, parameters.stem, "now", lineterm="", n=1)):
        raise RefusedError(difference)
    return ""


def _evaluated(copy: Copy, parameters: Path) -> str:
    """Return a snapshot made anew, its outputs in order: the compiler's own is another each time."""
    _snapshot(copy, parameters, "overwrite")
    file = copy.root / "snapshots" / f"{parameters.stem}.snapshot.json"
    made = json.loads(file.read_text(encoding="utf-8"))
    made["outputs"] = dict(sorted(made["outputs"].items()))
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _is_identity(parameters: Path) -> bool:
    return parameters.name.startswith("identity-")


def _snapshot(copy: Copy, parameters: Path, mode: str) -> str:
    place = _IDENTITY if _is_identity(parameters) else ("--location", "swedencentral")
    return copy.run("snapshot", f"snapshots/{parameters.name}", "--mode", mode, *_PLACE, *place)
