"""The part of OData's `$filter` that the audit log takes (Graph "directoryAudit", "List directoryAudits")."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from dev.tenant.audit_log import MICROSECONDS, Entry
from dev.tenant.graph.errors import GraphError, bad_request

type Test = Callable[[Entry], bool]


SERVICE, DIRECTORY, CATEGORY = "Authentication Methods", "Core Directory", "UserManagement"
_TIME = "activityDateTime"
_STRING = r"'(?:[^']|'')*'"
_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<bracket>[()])
    | (?P<word>and|or)\b
    | startswith\(\s*(?P<prefixed>[\w/]+)\s*,\s*(?P<prefix>{_STRING})\s*\)
    | targetResources/any\(\s*(?P<each>\w+)\s*:\s*(?P=each)/(?P<part>\w+)\s+eq\s+(?P<wanted>{_STRING})\s*\)
    | (?P<name>[A-Za-z][\w/]*)\s+(?P<operator>[a-z]+)\s+(?P<value>{_STRING}|[\w:.+-]+)
    )\s*""",
    re.VERBOSE,
)
_EQUAL: dict[str, Callable[[Entry], str | None]] = {
    "activityDisplayName": lambda entry: entry.activity,
    "loggedByService": lambda entry: DIRECTORY if entry.by_directory else SERVICE,
    "category": lambda entry: entry.category or CATEGORY,
    "result": lambda _: "success",
    "correlationId": lambda entry: entry.correlation_id,
    "initiatedBy/user/id": lambda entry: entry.by.id if entry.by.upn else None,
    "initiatedBy/user/displayName": lambda entry: entry.by.name if entry.by.upn else None,
    "initiatedBy/user/userPrincipalName": lambda entry: entry.by.upn,
    "initiatedBy/app/appId": lambda entry: None if entry.by.upn else entry.by.id,
    "initiatedBy/app/displayName": lambda entry: None if entry.by.upn else entry.by.name,
}
_STARTS = {"activityDisplayName", "initiatedBy/user/userPrincipalName"}
_TARGET: dict[str, Callable[[Entry], str | None]] = {
    "id": lambda entry: entry.target.id,
    "displayName": lambda entry: entry.target.name,
    "userPrincipalName": lambda entry: entry.target.upn,
}


def compiled(text: str, *, by_service: bool) -> Test:
    """A test for one entry; without `by_service` a filter by the service finds nothing, as once seen."""
    tokens: list[re.Match[str]] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise bad_request("Invalid filter clause")
        tokens.append(match)
        place = match.end()
    test, rest = _any_of(tokens, by_service=by_service)
    if rest:
        raise bad_request("Invalid filter clause")
    return test


def _any_of(tokens: list[re.Match[str]], *, by_service: bool) -> tuple[Test, list[re.Match[str]]]:
    first, rest = _all_of(tokens, by_service=by_service)
    tests = [first]
    while rest and rest[0]["word"] == "or":
        test, rest = _all_of(rest[1:], by_service=by_service)
        tests.append(test)
    return lambda entry: any(test(entry) for test in tests), rest


def _all_of(tokens: list[re.Match[str]], *, by_service: bool) -> tuple[Test, list[re.Match[str]]]:
    first, rest = _one(tokens, by_service=by_service)
    tests = [first]
    while rest and rest[0]["word"] == "and":
        test, rest = _one(rest[1:], by_service=by_service)
        tests.append(test)
    return lambda entry: all(test(entry) for test in tests), rest


def _one(tokens: list[re.Match[str]], *, by_service: bool) -> tuple[Test, list[re.Match[str]]]:
    if tokens and tokens[0]["bracket"] == "(":
        test, rest = _any_of(tokens[1:], by_service=by_service)
        if rest and rest[0]["bracket"] == ")":
            return test, rest[1:]
    elif tokens and tokens[0]["bracket"] is None and tokens[0]["word"] is None:
        return _clause(tokens[0], by_service=by_service), tokens[1:]
    raise bad_request("Invalid filter clause")


def _clause(match: re.Match[str], *, by_service: bool) -> Test:
    if match["part"]:
        return _compare(_getter(_TARGET, match["part"]), _literal(match["wanted"]))
    if match["prefixed"]:
        if match["prefixed"] not in _STARTS:
            raise bad_request(f"The function startswith is not supported for '{match['prefixed']}'.")
        get, prefix = _EQUAL[match["prefixed"]], _literal(match["prefix"])
        return lambda entry: (get(entry) or "").lower().startswith(prefix)
    name, operator, value = match["name"], match["operator"], match["value"]
    if name == _TIME:
        return _time(operator, value)
    get = _getter(_EQUAL, name)
    if operator != "eq" or not value.startswith("'"):
        raise bad_request(f"The operator '{operator}' is not supported for '{name}'.")
    if name == "loggedByService" and not by_service:
        return lambda _: False
    return _compare(get, _literal(value))


def _time(operator: str, value: str) -> Test:
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        raise bad_request(f"Invalid date and time: '{value}'.") from None
    if when.tzinfo is None:
        raise bad_request(f"Invalid date and time: '{value}'.")
    spent = when.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    at = (spent.days * 86_400 + spent.seconds) * MICROSECONDS + spent.microseconds
    tests: dict[str, Test] = {
        "eq": lambda entry: entry.at == at,
        "ge": lambda entry: entry.at >= at,
        "le": lambda entry: entry.at <= at,
    }
    if operator not in tests:
        raise bad_request(f"The operator '{operator}' is not supported for '{_TIME}'.")
    return tests[operator]


def _compare(get: Callable[[Entry], str | None], wanted: str) -> Test:
    return lambda entry: (get(entry) or "").lower() == wanted


def _getter(known: dict[str, Any], name: str) -> Any:
    if name not in known:
        # createdDateTime among them: it belongs to sign-ins.
        raise bad_request(
            f"Could not find a property named '{name}' on type 'microsoft.graph.directoryAudit'."
        )
    return known[name]


def unknown_property(name: str) -> GraphError:
    """400 for a name that an entry does not have."""
    return bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.directoryAudit'.")


def _literal(text: str) -> str:
    return text[1:-1].replace("''", "'").lower()
