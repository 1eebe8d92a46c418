"""Filters that compare by `eq` alone, joined by `and`: all that these collections are asked."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dev.tenant.graph.errors import bad_request

_CLAUSE = re.compile(r"(\w+)\s+eq\s+'((?:[^']|'')*)'")
_AND = re.compile(r"\s+and\s+")


def equalities(text: str | None, known: set[str]) -> dict[str, str]:
    """The value that each property must have; a name outside `known` is refused."""
    found: dict[str, str] = {}
    rest = (text or "").strip()
    while rest:
        clause = _CLAUSE.match(rest)
        if clause is None or clause[1] not in known:
            raise bad_request("Invalid filter clause")
        found[clause[1]] = clause[2].replace("''", "'")
        rest = rest[clause.end() :]
        joint = _AND.match(rest)
        if rest and joint is None:
            raise bad_request("Invalid filter clause")
        rest = rest[joint.end() :] if joint else rest
    return found


def fits(row: Mapping[str, object], wanted: dict[str, str]) -> bool:
    """Whether a row has these values; names are compared without case, as the directory does."""
    return all(str(row.get(name)).casefold() == value.casefold() for name, value in wanted.items())
