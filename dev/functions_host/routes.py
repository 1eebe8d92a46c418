"""Which function answers a path and a method, by the route templates of Azure."""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote


class TemplateError(ValueError):
    """A route template that this host does not understand."""


def _is_guid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return not text.startswith("urn:")


def _is_integer(bits: int) -> Callable[[str], bool]:
    limit = 1 << (bits - 1)

    def check(text: str) -> bool:
        return re.fullmatch(r"[+-]?[0-9]{1,20}", text) is not None and -limit <= int(text) < limit

    return check


CONSTRAINTS: Mapping[str, Callable[[str], bool]] = {
    "guid": _is_guid,
    "int": _is_integer(32),
    "long": _is_integer(64),
    "bool": lambda text: text.lower() in {"true", "false"},
    "alpha": lambda text: re.fullmatch(r"[A-Za-z]+", text) is not None,
}

_PARAMETER = re.compile(r"\{(?P<rest>\*{0,2})(?P<name>\w+)(?::(?P<constraint>[a-z]+))?(?P<optional>\?)?\}")


@dataclass(frozen=True)
class Segment:
    """One part of a template between slashes: a literal, or a parameter."""

    name: str
    literal: bool = False
    constraint: str | None = None
    optional: bool = False
    takes_the_rest: bool = False

    def accepts(self, text: str) -> bool:
        """Whether this part of a path fits."""
        if self.literal:
            return text.casefold() == self.name.casefold()
        return bool(text) and (self.constraint is None or CONSTRAINTS[self.constraint](text))


def _segment(text: str) -> Segment:
    if "{" not in text and "}" not in text:
        return Segment(text, literal=True)
    found = _PARAMETER.fullmatch(text)
    if found is None or (found["constraint"] or "guid") not in CONSTRAINTS:
        known = ", ".join(CONSTRAINTS)
        raise TemplateError(f"The route part {text!r} is not understood by this host (constraints: {known}).")
    return Segment(
        found["name"],
        constraint=found["constraint"],
        optional=bool(found["optional"]),
        takes_the_rest=bool(found["rest"]),
    )


def decoded(part: str) -> str:
    """A part of a path, or all of it, as ASP.NET Core decodes it."""
    # A slash that the caller encoded stays encoded: ASP.NET Core leaves it so in a path.
    return unquote(re.sub("%2f", "%252F", part, flags=re.IGNORECASE))


@dataclass(frozen=True)
class Route[Target]:
    """A template, the methods it takes (none named: all) and what answers there."""

    segments: tuple[Segment, ...]
    methods: frozenset[str]
    target: Target

    @classmethod
    def parse(cls, template: str, methods: Iterable[str], target: Target) -> Self:
        """Read a template such as users/{id:guid}/{kind?}.

        Raises:
            TemplateError: If it uses what this host does not know.
        """
        segments = tuple(_segment(part) for part in template.strip("/").split("/") if part)
        return cls(segments, frozenset(method.upper() for method in methods), target)

    def match(self, parts: list[str]) -> dict[str, str] | None:
        """The values of the parameters, or None if the path does not fit."""
        values: dict[str, str] = {}
        for position, segment in enumerate(self.segments):
            if segment.takes_the_rest:
                values[segment.name] = "/".join(parts[position:])
                return values
            if position >= len(parts):
                if segment.optional:
                    continue
                return None
            if not segment.accepts(parts[position]):
                return None
            if not segment.literal:
                values[segment.name] = parts[position]
        return values if len(parts) <= len(self.segments) else None


@dataclass(frozen=True)
class Match[Target]:
    """What answers, with the values of the route's parameters."""

    target: Target
    parameters: Mapping[str, str]


class RouteTable[Target]:
    """All routes in the order in which they are tried: the first that fits answers.

    The host tries them by the names of their functions; literal parts and constraints go before nothing.
    """

    def __init__(self, routes: Iterable[Route[Target]]) -> None:
        self._routes = tuple(routes)

    def find(self, method: str, path: str) -> Match[Target] | None:
        """What answers a method and a path that is still percent-encoded; None: nothing does.

        One slash at the end is passed over. One too many elsewhere is a part without a name.
        """
        stripped = path.removeprefix("/").removesuffix("/")
        parts = [decoded(part) for part in stripped.split("/")] if stripped else []
        for route in self._routes:
            values = route.match(parts)
            if values is not None and (not route.methods or method in route.methods):
                return Match(route.target, values)
        return None
