"""The part of OData's `$filter` that is used on users, with the rules of advanced queries."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from dev.tenant.graph.errors import bad_request, unsupported_query
from dev.tenant.graph.user_properties import GETTERS
from dev.tenant.people import Person

type Test = Callable[[Person], bool]


MOST_CLAUSES = 15
_LITERAL = r"(?:'(?:[^']|'')*'|true|false|null)"
_CLAUSE = re.compile(rf"([A-Za-z/0-9]+)\s+(eq|ne)\s+({_LITERAL})")
_IN = re.compile(rf"([A-Za-z/0-9]+)\s+in\s*\(\s*({_LITERAL}(?:\s*,\s*{_LITERAL})*)\s*\)")
_STARTS = re.compile(rf"startsWith\(\s*([A-Za-z/0-9]+)\s*,\s*({_LITERAL})\s*\)", re.IGNORECASE)
_ATTRIBUTE = "onPremisesExtensionAttributes/extensionAttribute15"


def compiled(text: str, *, advanced: bool) -> Test:
    """A test for one person; `advanced` says that ConsistencyLevel and $count were sent."""
    alternatives = _split(text, "or")
    if len(alternatives) > MOST_CLAUSES and not advanced:
        raise unsupported_query(
            "Too many child clauses specified in search filter expression containing 'OR' operators: "
            f"{len(alternatives)}. Max allowed: {MOST_CLAUSES}."
        )
    tests = [
        [_clause(part, advanced=advanced) for part in _split(alternative, "and")]
        for alternative in alternatives
    ]
    return lambda person: any(all(test(person) for test in group) for group in tests)


def named_ids(text: str) -> list[str] | None:
    """The ids that a filter `id in (…)` names; None of another filter, for which everybody is looked at."""
    match = _IN.fullmatch(text.strip())
    if match is None or match.group(1) != "id":
        return None
    return [str(_value(literal)) for literal in re.findall(_LITERAL, match.group(2))]


def _split(text: str, word: str) -> list[str]:
    # Literals are matched first, so a word inside quotes does not divide.
    parts, start = [], 0
    for match in re.finditer(rf"'(?:[^']|'')*'|\s+{word}\s+", text):
        if not match.group().startswith("'"):
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


def _clause(text: str, *, advanced: bool) -> Test:
    clause = text.strip()
    if match := _CLAUSE.fullmatch(clause):
        name, operator, literal = match.groups()
        return _comparison(name, operator, _value(literal), advanced=advanced)
    if match := _IN.fullmatch(clause):
        name, literals = match.groups()
        values = [_value(literal) for literal in re.findall(_LITERAL, literals)]
        if len(values) > MOST_CLAUSES and not advanced:
            raise unsupported_query(
                "Too many child clauses specified in search filter expression containing 'OR' operators: "
                f"{len(values)}. Max allowed: {MOST_CLAUSES}."
            )
        get = _getter(name, advanced=advanced)
        return lambda person: _fold(get(person)) in values
    if match := _STARTS.fullmatch(clause):
        get, prefix = _getter(match.group(1), advanced=advanced), _value(match.group(2))
        return lambda person: str(_fold(get(person)) or "").startswith(str(prefix))
    raise bad_request("Invalid filter clause")


def _comparison(name: str, operator: str, value: Any, *, advanced: bool) -> Test:
    get = _getter(name, advanced=advanced)
    if operator == "eq":
        return lambda person: bool(_fold(get(person)) == value)
    if not advanced:
        raise unsupported_query(
            "Operator 'ne' is not supported because the required header 'ConsistencyLevel' is missing."
        )
    return lambda person: bool(_fold(get(person)) != value)


def _getter(name: str, *, advanced: bool) -> Callable[[Person], Any]:
    if name == _ATTRIBUTE:
        if not advanced:
            # Misleading, and what Graph says: the attribute is there, the header and $count are not.
            raise unsupported_query(
                "Property 'extensionAttribute15' does not exist as a declared property or extension property."
            )
        return lambda person: person.attribute or None
    if name not in GETTERS:
        raise bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.user'.")
    return GETTERS[name]


def _value(literal: str) -> Any:
    constants = {"true": True, "false": False, "null": None}
    return constants[literal] if literal in constants else literal[1:-1].replace("''", "'").lower()


def _fold(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
