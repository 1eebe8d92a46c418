"""No two routes answer one call: the host tries them by their functions' names, and the first one wins."""

from __future__ import annotations

from itertools import combinations, zip_longest

import pytest

from ops.cli.vocabulary import BACKGROUND_FUNCTIONS
from tests.project.test_function_app import functions

type Route = tuple[str, frozenset[str]]


def _routes() -> dict[str, Route]:
    """Return each function's template and methods."""
    return {
        name: (binding[0], frozenset(binding[1]))
        for name, bindings in functions().items()
        for binding in bindings
        if name not in BACKGROUND_FUNCTIONS
    }


def overlap(one: Route, other: Route) -> bool:
    """Return whether a method and a path fit both.

    A literal part and a parameter may always fit the same text: neither goes first, and constraints are not
    counted (seen on host 4.1037).
    """
    (first, methods), (second, others) = one, other
    if not methods & others:
        return False
    pairs = zip_longest(first.split("/"), second.split("/"))
    for left, right in pairs:
        if "{*" in f"{left}{right}":
            return True
        if None in (left, right):
            return _may_be_absent(left or right)
        if not ("{" in left or "{" in right or left.casefold() == right.casefold()):
            return _may_be_absent(left) and _may_be_absent(right)
    return True


def _may_be_absent(part: str) -> bool:
    return part.endswith("?}")


@pytest.mark.parametrize(("one", "other"), list(combinations(sorted(_routes()), 2)))
def test_no_two_routes_overlap(one: str, other: str) -> None:
    """Else a call would reach the function whose name comes first, and need that one's key."""
    routes = _routes()
    assert not overlap(routes[one], routes[other]), f"{one} {routes[one]}, {other} {routes[other]}"


POST, GET = frozenset({"POST"}), frozenset({"GET"})


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("runs/{runId}", GET), ("runs/newest", GET), True),
        (("runs/{runId:guid}", GET), ("runs/{number:int}", GET), True),
        (("runs/{runId}", GET), ("runs/newest", POST), False),
        (("RUNS", GET), ("runs", GET), True),
        (("mfa-sync/{runId?}", POST), ("mfa-sync", POST), True),
        (("mfa-sync/{runId?}", POST), ("mfa-sync/{runId}/stop", POST), False),
        (("mfa-sync/{*rest}", POST), ("mfa-sync/a/b", POST), True),
        (("{all}", GET), ("health", GET), True),
        (("runs/{runId}/stop", POST), ("runs/{runId}/approve", POST), False),
        (("runs/{runId}/stop", POST), ("runs/newest/{what}", POST), True),
    ],
)
def test_an_overlap_is_seen(one: Route, other: Route, expected: bool) -> None:  # noqa: FBT001  a table
    """Both ways."""
    assert overlap(one, other) is overlap(other, one) is expected
