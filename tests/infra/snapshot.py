"""What Bicep's compiler made of infra/ and one set of parameters (infra/snapshots), as resources."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
MAIN = ("private", "public", "everything", "choices")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as it would be deployed; what only Azure knows stays an expression in brackets."""

    body: dict[str, Any]

    @property
    def type(self) -> str:
        """`Microsoft.Storage/storageAccounts` and the like."""
        return str(self.body["type"])

    @property
    def name(self) -> str:
        """The last part of its name: its own, without its parents'."""
        return str(self.body["name"]).rpartition("/")[2]

    @property
    def extends(self) -> str | None:
        """The type of the resource that it extends; None if it extends none."""
        parent = str(self.body["id"]).rpartition("/providers/")[0]
        if "/providers/" not in parent:
            return None
        provider, *parts = parent.rpartition("/providers/")[2].split("/")
        return "/".join([provider, *parts[::2]])

    def __str__(self) -> str:
        """Return where to look."""
        return f"{self.type} {self.name}"

    def at(self, path: str) -> Any:
        """Return the value at a dotted path; None if there is none."""
        value: Any = self.body
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one deployment makes."""

    resources: list[Resource]
    outputs: dict[str, Any]

    def of(self, kind: str) -> list[Resource]:
        """Return the resources of a type."""
        return [one for one in self.resources if one.type == kind]

    def settings(self) -> dict[str, str]:
        """Return the settings that the app is given."""
        (found,) = (one for one in self.of("Microsoft.Web/sites/config") if one.name == "appsettings")
        return dict(found.body["properties"])


@cache
def snapshot(name: str) -> Snapshot:
    """Return the snapshot of a set of parameters, by the file's name."""
    text = (INFRA / "snapshots" / f"{name}.snapshot.json").read_text(encoding="utf-8")
    read = json.loads(text)
    assert read["diagnostics"] == []
    return Snapshot([Resource(one) for one in read["predictedResources"]], read["outputs"])
