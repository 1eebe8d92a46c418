"""A template with its modules, as the resources that it would deploy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev.gates.bicep_parsing import parse
from dev.gates.bicep_values import Expression, Scope, TemplateError


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource, its values filled in as far as they are known.

    Attributes:
        path: The file that declares it.
        symbol: Its name there; one declaration in a loop makes several resources.
        type: `Microsoft.Storage/storageAccounts` and the like.
        api_version: By which it is deployed.
        body: What it is declared to be.
        scope: The type of the resource that it extends; None if it extends none.
        deployed: Whether its condition, and that of its module, holds.
    """

    path: Path
    symbol: str
    type: str
    api_version: str
    body: dict[str, Any]
    scope: str | None
    deployed: bool

    def __str__(self) -> str:
        """Return where to look: file, symbol and type."""
        return f"{self.path}: {self.symbol} ({self.type})"

    def at(self, path: str) -> Any:
        """Return the value at a dotted path of the body; None if there is none."""
        value: Any = self.body
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value


@dataclass(frozen=True, slots=True)
class Template:
    """What a template makes of some parameters.

    Attributes:
        trees: The tree of each file.
        resources: Of all modules, deployed or not.
        outputs: Of the main file.
        unused: Parameters and variables that nothing asks for, as `file: name`.
    """

    trees: Mapping[Path, Mapping[str, Any]]
    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[Resource]:
        """Return the resources of a type."""
        return [one for one in self.resources if one.type == kind]

    def arm(self) -> dict[str, Any]:
        """Return what is deployed in the shape of an ARM template, for tools that read no Bicep."""
        return {
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "resources": [
                {"type": one.type, "apiVersion": one.api_version, **_without_symbols(one.body)}
                for one in self.resources
                if one.deployed
            ],
        }


def load(main: Path, parameters: Mapping[str, Any]) -> Template:
    """Return what a template makes of `parameters`.

    Raises:
        BrokenBicepError: A file cannot be read as Bicep.
        TemplateError: The files do not fit each other, or name what is not declared.
    """
    template = Template(parse([main, *sorted((main.parent / "app").glob("*.bicep"))]))
    template.outputs.update(_expand(template, main, parameters, deployed=True))
    return template


def _expand(template: Template, path: Path, given: Mapping[str, Any], *, deployed: bool) -> dict[str, Any]:
    tree = template.trees[path]
    _refuse_wrong_parameters(path, tree, given)
    scope = Scope(path, tree, given)
    for symbol in _in_order(tree):
        if symbol in tree.get("modules", {}):
            _expand_module(template, scope, symbol, tree["modules"][symbol], deployed=deployed)
        else:
            template.resources.extend(_resources(scope, symbol, tree, deployed=deployed))
    outputs = {name: scope.value(one["value"]) for name, one in tree.get("outputs", {}).items()}
    declared = {*tree.get("parameters", {}), *tree.get("variables", {})}
    template.unused.extend(f"{path}: {name}" for name in sorted(declared - scope.used))
    return outputs


def _expand_module(
    template: Template, scope: Scope, symbol: str, module: Mapping[str, Any], *, deployed: bool
) -> None:
    body, holds = _unwrapped(scope, module["config"])
    path = scope.path.parent / module["detail"]["path"]
    if path not in template.trees:
        raise TemplateError(f"{scope.path}: module {symbol}: there is no file {path}.")
    values = {name: scope.value(one) for name, one in body.get("params", {}).items()}
    scope.set_outputs(symbol, _expand(template, path, values, deployed=deployed and holds))


def _resources(scope: Scope, symbol: str, tree: Mapping[str, Any], *, deployed: bool) -> Iterator[Resource]:
    declared = tree["resources"][symbol]
    if declared["existing"]:
        scope.value(declared["config"]["name"])
        return
    config, holds = _unwrapped(scope, declared["config"])
    turns = scope.turns(config["loop_type"], {}) if "loop_type" in config else [{}]
    for items in turns:
        node = dict(config.get("config", config) if "loop_type" in config else config)
        extended = node.get("scope", {}).get("$name")
        yield Resource(
            path=scope.path,
            symbol=symbol,
            type=declared["type"],
            api_version=declared["api_version"],
            body=scope.value(node, items),
            scope=tree["resources"][extended]["type"] if extended else None,
            deployed=deployed and holds,
        )


def _unwrapped(scope: Scope, config: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """Return what is declared, and whether its condition holds; one that only Azure knows does."""
    if set(config) == {"condition", "config"}:
        return config["config"], bool(scope.value(config["condition"]))
    return config, True


def _in_order(tree: Mapping[str, Any]) -> list[str]:
    """Return resources and modules, each after the modules whose outputs it takes."""
    declared = {**tree.get("resources", {}), **tree.get("modules", {})}
    modules = set(tree.get("modules", {}))
    order: list[str] = []

    def place(symbol: str) -> None:
        if symbol not in order:
            for other in sorted(_names(declared[symbol]) & modules - {symbol}):
                place(other)
            order.append(symbol)

    for symbol in declared:
        place(symbol)
    return order


def _names(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$name"]} if list(node) == ["$name"] else set()
        return own.union(*map(_names, node.values()))
    return set().union(*map(_names, node)) if isinstance(node, list) else set()


def _refuse_wrong_parameters(path: Path, tree: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    declared = tree.get("parameters", {})
    for name in given:
        if name not in declared:
            raise TemplateError(f"{path}: it has no parameter {name}. Declare it there, or do not give it.")
    for name, one in declared.items():
        if name not in given and one["default"] is None:
            raise TemplateError(
                f"{path}: its parameter {name} is not given. Give it, or let it have a default."
            )


def _without_symbols(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body as ARM has it: no Bicep words, expressions in brackets."""
    return {
        name: _bracketed(one) for name, one in body.items() if name not in {"parent", "scope", "dependsOn"}
    }


def _bracketed(value: Any) -> Any:
    match value:
        case Expression():
            return f"[{value}]"
        case dict():
            return {name: _bracketed(one) for name, one in value.items()}
        case list():
            return [_bracketed(one) for one in value]
        case _:
            return value
