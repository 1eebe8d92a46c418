"""Requests made up from the OpenAPI document: a small part, always the same, of what `make fuzz` does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.azurite import Azurite
from dev.fuzz.runner import SETTINGS, fuzz
from dev.openapi.document import document
from dev.stack.local_stack import LocalStack

# Hundreds of requests take half a minute alone on a machine, and several minutes on a busy one.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def fuzzed(steady_azurite: Azurite) -> Iterator[LocalStack]:
    """A stack whose limits hold nothing back."""
    with LocalStack({**SETTINGS, "STATE_TABLE": "fuzzedintests"}, storage=steady_azurite) as stack:
        yield stack


def test_each_boundary_of_a_push_is_answered_as_documented(fuzzed: LocalStack) -> None:
    """Every key at and beyond its limits: what is wrong is never looked at, and what is right is taken."""
    report = fuzz(fuzzed, examples=1, seed=15, phases=("coverage",), operations=("push",))
    assert report.failures == []
    assert min(report.calls["push", kind] for kind in ("positive", "negative")) > 50


def test_what_is_made_up_is_answered_as_documented_and_nothing_refused_writes(fuzzed: LocalStack) -> None:
    """Valid and invalid data of each operation; the tenant is looked at after each call."""
    report = fuzz(fuzzed, examples=4, seed=15, phases=("fuzzing",))
    assert report.failures == []
    named = {
        operation["operationId"]
        for item in document()["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert {operation for operation, _ in report.calls} == named
    assert {kind for _, kind in report.calls} >= {"positive", "negative"}
