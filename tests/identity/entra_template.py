"""The deployment of Entra's objects, as a parse tree: what it makes and what it grants."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from dev.gates.bicep_parsing import parse
from dev.gates.bicep_values import Scope

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "infra" / "identity"
FILES = sorted(FOLDER.glob("*.bicep"))
_MAIN = FOLDER / "main.bicep"
# The parser was seen to run for ever on some texts.
LIMIT_SECONDS = 30
_PARSE = (
    "import json, sys, pathlib, pycep; "
    "print(json.dumps(pycep.BicepParser().parse(file_path=pathlib.Path(sys.argv[1])), default=str))"
)


@cache
def tree(file: Path) -> dict[str, Any]:
    """The parse tree of one file, within a time limit."""
    command = [sys.executable, "-c", _PARSE, str(file)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_SECONDS)  # noqa: S603  ours
    parsed: dict[str, Any] = json.loads(ran.stdout)
    return parsed


@cache
def _main() -> dict[str, Any]:
    return parse([_MAIN])[_MAIN]


def granted(**switches: bool) -> list[str]:
    """Every permission that main.bicep grants with all features on, but for the switches that are named."""
    scope = Scope(_MAIN, _main(), {"mode": "ropc", "managedIdentityPrincipalId": "", **switches})
    return sorted(scope.value({"$name": "permissions"}))
