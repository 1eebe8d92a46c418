"""docs/http.md is the one page of routes: it names every one of the app's, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project.pages import ROOT, code, manuals, name
from tests.project.test_function_app import functions

_CONTRACT = ROOT / "docs" / "http.md"
_NAMED = re.compile(
    r"\b(GET|POST|PUT|PATCH|DELETE) (?:https?://[^/\s]+)?/api/((?:/?(?:[\w.-]+|\{\w+\??\}))+)"
)


def _bare(route: str) -> str:
    """Return a route whose parameters have no names."""
    return re.sub(r"\{[^}]*\}", "{}", route).strip("/")


def _documented(page: Path) -> set[tuple[str, str]]:
    return {(method, _bare(route)) for text in code(page) for method, route in _NAMED.findall(text)}


def _served() -> list[set[tuple[str, str]]]:
    """Return each method and route of the app; an optional last part may be named with or without."""
    found = []
    for route, methods, _ in (
        http for function in functions().values() for http in function if len(http) == 3
    ):
        forms = {_bare(route), _bare(re.sub(r"/\{\w+\?\}", "", route))} if "?}" in route else {_bare(route)}
        found += [{(method, form) for form in forms} for method in methods]
    return found


def test_every_route_is_documented() -> None:
    """What can be called is told."""
    documented = _documented(_CONTRACT)
    assert [forms for forms in _served() if not forms & documented] == []


@pytest.mark.parametrize("page", manuals(), ids=name)
def test_every_route_that_is_named_is_served(page: Path) -> None:
    """And what is told can be called."""
    assert _documented(page) - set().union(*_served()) == set()


def test_every_function_whose_key_a_caller_needs_is_named_beside_its_route() -> None:
    """Keys are given out by the function's name."""
    named = set(code(_CONTRACT))
    keyed = {
        function
        for function, bindings in functions().items()
        for http in bindings
        if len(http) == 3 and http[2] == "function"
    }
    assert keyed <= named
