"""Bicep's compiler: where it is, and infra/ as it is shown to it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

NEEDED = 0, 49
"""The version from which on `bicep snapshot` is what is used here."""
GRAPH_TYPES = "microsoftgraph-v1.0-1.0.0.tgz"
_TYPES_OF_IDENTITY = Path("identity", "bicepconfig.json")
_SECONDS = 300
_GET_ONE = f"Install {NEEDED[0]}.{NEEDED[1]} or later (az bicep install), or name it in BICEP."
_VERSION = re.compile(r"([0-9]+)\.([0-9]+)\.[0-9]+")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FAULT = re.compile(r"\) : (Warning|Error) ")


class NoCompilerError(Exception):
    """There is none; the text says how to get one."""


class RefusedError(Exception):
    """The compiler refuses, warns or sees a difference; the text is its own."""


def find(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the compiler: BICEP, `bicep` on the path, or the one that `az bicep install` put down.

    Raises:
        NoCompilerError: There is none, or BICEP names none.
    """
    if named := environment.get("BICEP"):
        if not os.access(named, os.X_OK):
            raise NoCompilerError(f"BICEP={named} is no program.")
        return _new_enough(Path(named).absolute())
    home = environment.get("AZURE_CONFIG_DIR") or Path(environment.get("HOME", ""), ".azure")
    folders = os.pathsep.join([environment.get("PATH", ""), str(Path(home, "bin"))])
    found = shutil.which("bicep", path=folders)
    if not found:
        raise NoCompilerError(f"No Bicep compiler was found. {_GET_ONE}")
    return _new_enough(Path(found))


def _new_enough(compiler: Path) -> Path:
    """Return the compiler: an older one knows neither the snapshots nor the types that infra/ names."""
    done = subprocess.run(  # noqa: S603  the compiler that was asked for
        [str(compiler), "--version"], capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    version = _VERSION.search(done.stdout)
    if version is None or tuple(map(int, version.groups())) < NEEDED:
        seen = version.group() if version else "of no version that it tells"
        raise NoCompilerError(f"{compiler} is {seen}. {_GET_ONE}")
    return compiler


class Copy:
    """A copy of infra/ that the compiler may write beside, its Graph types replaced where a file has them.

    Without such a file (BICEP_GRAPH_TYPES, or beside the compiler) it fetches them from Microsoft's registry.
    """

    def __init__(
        self, compiler: Path, infra: Path, folder: Path, environment: Mapping[str, str] = os.environ
    ) -> None:
        self.root = folder / "infra"
        self._compiler = compiler
        self._original = infra
        shutil.copytree(infra, self.root)
        types = Path(environment.get("BICEP_GRAPH_TYPES") or compiler.with_name(GRAPH_TYPES))
        if types.is_file():
            shutil.copy(types, folder / "graph.tgz")
            config = self.root / _TYPES_OF_IDENTITY
            said = json.loads(config.read_text(encoding="utf-8"))
            said["extensions"] = dict.fromkeys(said["extensions"], "../../graph.tgz")
            config.write_text(json.dumps(said), encoding="utf-8")

    def run(self, *arguments: str) -> str:
        """Return what the compiler prints.

        Raises:
            RefusedError: It fails or warns. A remark (Info) is printed and lets pass.
        """
        done = subprocess.run(  # noqa: S603  the compiler that was asked for
            [str(self._compiler), *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        said = (
            _COLOUR.sub("", done.stdout + done.stderr)
            .replace(f"{self.root}/", f"{self._original.name}/")
            .strip()
        )
        if done.returncode or _FAULT.search(said):
            raise RefusedError(f"bicep {' '.join(arguments)}: exit {done.returncode}\n{said}")
        return said
