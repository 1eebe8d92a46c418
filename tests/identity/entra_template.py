"""The deployment of Entra's objects, as a parse tree: what it makes and what it grants."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "infra" / "identity"
FILES = sorted(FOLDER.glob("*.bicep"))
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
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_SECONDS)  # noqa: S603
    parsed: dict[str, Any] = json.loads(ran.stdout)
    return parsed


def granted(*, methods: str | None = None) -> list[str]:
    """Every permission that main.bicep grants with all features on, and one or the other for methods."""
    main = tree(FOLDER / "main.bicep")
    names = [methods or main["parameters"]["methodsPermission"]["default"]]
    for variable in ("always", "forGroups", "forRoles", "forAudit"):
        names += [name for name in _texts(main["variables"][variable]["value"]) if "." in name]
    return sorted(set(names))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for child in children for text in _texts(child)]
