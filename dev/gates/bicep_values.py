"""What the expressions of one Bicep file come to, as far as that is known before anything is deployed.

What only Azure knows (ids, endpoints, hashes) stays an `Expression`: text that says where it would come from.
A name that nobody declares is an error, as it is to the compiler.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dev.gates.bicep_parsing import NAME

# The public cloud: https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-deployment
_ENVIRONMENT = {
    "suffixes": {"storage": "core.windows.net", "keyvaultDns": ".vault.azure.net"},
    "authentication": {"loginEndpoint": "https://login.microsoftonline.com/"},
}
# Known to Azure alone.
_LATER = {
    "guid",
    "unique_string",
    "subscription",
    "resource_group",
    "tenant",
    "subscription_resource_id",
    "string",
}
_HOLE = re.compile(r"\$\{((?:[^{}']|'[^']*')*)\}")
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_OUTER_NAME = re.compile(r"'[^']*'|(?<![.\w])([A-Za-z_]\w*)(?!\w*\()")


class TemplateError(Exception):
    """A template says something that cannot be deployed; the text names file, symbol and remedy."""


class Expression(str):
    """What is known only to Azure, as text."""

    __slots__ = ()


class Scope:
    """The names of one file, and what they stand for.

    Attributes:
        used: The parameters and variables that something asked for.
    """

    def __init__(self, path: Path, tree: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Take the file, its tree and the values of its parameters. Those not given have their defaults."""
        self.path = path
        self.used: set[str] = set()
        self._tree = tree
        self._given = given
        self._symbols = {*tree.get("resources", {}), *tree.get("modules", {})}
        self._outputs: dict[str, dict[str, Any]] = {}

    def set_outputs(self, module: str, outputs: dict[str, Any]) -> None:
        """Say what a module of this file gives back."""
        self._outputs[module] = outputs

    def value(self, node: Any, items: Mapping[str, Any] | None = None) -> Any:
        """Return what a node of the tree comes to.

        Args:
            node: The node.
            items: What the loops around it have in hand.

        Raises:
            TemplateError: It names what is not declared.
        """
        items = items or {}
        if isinstance(node, dict):
            return self._of_dict(node, items)
        if isinstance(node, list):
            return [self.value(one, items) for one in node]
        return self._text(node, items) if isinstance(node, str) else node

    def _of_dict(self, node: dict[str, Any], items: Mapping[str, Any]) -> Any:
        match node:
            case {"loop_type": loop, "config": body}:
                return [self.value(body, {**items, **turn}) for turn in self.turns(loop, items)]
            case {"operator": {"type": kind, "operands": operands}} if len(node) == 1:
                return self._operator(kind, operands, items)
            case {"function": {"type": name} as call} if len(node) == 1:
                given = [one for one in call.get("parameters", {}).values() if one is not None]
                return self._function(name, [self.value(one, items) for one in given])
            case {"$name": name} if len(node) == 1:
                return self._path([name], items)
        return {self._text(key.strip("'"), items): self.value(one, items) for key, one in node.items()}

    def turns(self, loop: Mapping[str, Any], items: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what a loop has in hand at each turn; one turn of Expressions if its list is not known."""
        detail = loop["detail"]
        over = self.value(detail["array_name"], items)
        if not isinstance(over, list):
            over = [Expression(f"{over}[]")]
        index = detail.get("index_name")
        return [{detail["item_name"]: item, **({index: i} if index else {})} for i, item in enumerate(over)]

    def _path(self, path: list[str], items: Mapping[str, Any]) -> Any:
        first, *rest = path
        if first in items:
            return self._within(items[first], rest)
        if first in self._tree.get("parameters", {}):
            self.used.add(first)
            declared = self._tree["parameters"][first]
            return self._within(self._given.get(first, self.value(declared["default"])), rest)
        if first in self._tree.get("variables", {}):
            self.used.add(first)
            return self._within(self.value(self._tree["variables"][first]["value"]), rest)
        if first in self._symbols:
            return self._of_symbol(first, rest)
        raise TemplateError(f"{self.path}: {first} is not declared. Declare it, or mend its spelling.")

    def _of_symbol(self, symbol: str, rest: list[str]) -> Any:
        if rest[:1] == ["outputs"] and symbol in self._outputs:
            outputs = self._outputs[symbol]
            if rest[1] not in outputs:
                raise TemplateError(
                    f"{self.path}: module {symbol} has no output {rest[1]}: {', '.join(outputs)}."
                )
            return self._within(outputs[rest[1]], rest[2:])
        if rest == ["name"] and symbol in self._tree.get("resources", {}):
            config = self._tree["resources"][symbol]["config"]
            return self.value(config.get("config", config)["name"])
        return Expression(f"{self.path.stem}:{'.'.join([symbol, *rest])}")

    def _within(self, value: Any, rest: list[str]) -> Any:
        for name in rest:
            if isinstance(value, Expression):
                return Expression(f"{value}.{'.'.join(rest)}")
            if not isinstance(value, dict) or name not in value:
                raise TemplateError(f"{self.path}: there is no property {name} to take. Mend its spelling.")
            value = value[name]
        return value

    def _operator(self, kind: str, operands: Mapping[str, Any], items: Mapping[str, Any]) -> Any:
        if kind == "property_accessor":
            base, *rest = _flat(operands["operand_1"]), *_flat(operands["operand_2"])
            if not all(isinstance(one, str) for one in rest):
                raise TemplateError(
                    f"{self.path}: the gates follow no call or index behind a dot. Take apart: {operands}"
                )
            if len(base) == 1 and isinstance(base[0], str):
                return self._path([base[0], *rest], items)
            return self._within(self.value(operands["operand_1"], items), rest)
        values = {name: self.value(one, items) for name, one in operands.items()}
        if any(
            isinstance(one, Expression)
            for one in list(values.values())[: 1 if kind == "conditional" else None]
        ):
            return Expression(f"{kind}({', '.join(map(str, values.values()))})")
        if kind == "conditional":
            return values["true_value" if values["condition"] else "false_value"]
        if kind == "index_accessor" and not isinstance(values["operand_1"], list):
            return Expression(f"{values['operand_1']}[{values['operand_2']}]")
        if kind not in _OPERATORS:
            raise TemplateError(f"{self.path}: the gates do not know the operator {kind}. Teach it to them.")
        return _OPERATORS[kind](*values.values())

    def _function(self, name: str, given: list[Any]) -> Any:
        if name in {"load_text_content", "load_json_content"}:
            text = self._read(given[0])
            return text if name == "load_text_content" else json.loads(text)
        if name in _LATER or (name != "empty" and any(isinstance(one, Expression) for one in given)):
            return Expression(f"{name}({', '.join(str(one) for one in given)})")
        if name not in _FUNCTIONS:
            raise TemplateError(
                f"{self.path}: the gates do not know {name}(). Mend its spelling, or teach it to them."
            )
        return _FUNCTIONS[name](*given)

    def _read(self, name: str) -> str:
        try:
            return (self.path.parent / name).read_text(encoding="utf-8")
        except OSError:
            raise TemplateError(f"{self.path}: the file {name} that it loads is not there.") from None

    def _text(self, text: str, items: Mapping[str, Any]) -> str:
        """Fill the holes of a text; one with a function in it only has its names looked up."""
        known = True

        def fill(hole: re.Match[str]) -> str:
            nonlocal known
            inner = hole[1].strip()
            if _PATH.fullmatch(inner):
                value = self._path(inner.split("."), items)
            else:
                value = Expression(hole[0])
                for name in filter(None, _OUTER_NAME.findall(inner)):
                    self._path([name], items)
            known = known and not isinstance(value, Expression)
            return str(value)

        filled = _HOLE.sub(fill, text)
        return filled if known else Expression(filled)


def _flat(node: Any) -> list[Any]:
    """Return `a.b.c` as its names; what is no name stays a node."""
    match node:
        case {"operator": {"type": "property_accessor", "operands": operands}}:
            return [*_flat(operands["operand_1"]), *_flat(operands["operand_2"])]
        case dict() if list(node) == [NAME]:
            return [node[NAME]]
        case _:
            return [node]


def _union(*given: Any) -> Any:
    if all(isinstance(one, dict) for one in given):
        return {name: value for one in given for name, value in one.items()}
    return list(dict.fromkeys(item for one in given for item in one))


_OPERATORS: dict[str, Callable[..., Any]] = {
    "equals": operator.eq,
    "not_equals": operator.ne,
    "not": operator.not_,
    "and": lambda one, other: one and other,
    "or": lambda one, other: one or other,
    "add": operator.add,
    "index_accessor": operator.getitem,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "concat": lambda *given: [item for one in given for item in one],
    "empty": lambda one: not isinstance(one, Expression) and not one,
    "environment": lambda: _ENVIRONMENT,
    "replace": lambda text, old, new: text.replace(old, new),
    "to_lower": str.lower,
    "union": _union,
}
