"""Requests made up from the OpenAPI document: a small part, always the same, of what `make fuzz` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dev.fuzz.runner import SETTINGS, fuzz
from dev.stack import LocalStack
from mfa_sync.openapi.document import document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dev.azurite import Azurite


@pytest.fixture
def fuzzed(azurite: Azurite) -> Iterator[LocalStack]:
    """A stack whose limits hold nothing back."""
    with LocalStack({**SETTINGS, "STATE_TABLE": "fuzzedintests"}, storage=azurite) as stack:
        yield stack


def test_what_is_made_up_is_answered_as_documented_and_nothing_refused_writes(fuzzed: LocalStack) -> None:
    """Valid and invalid data of each operation; the tenant is looked at after each call."""
    report = fuzz(fuzzed, examples=6, seed=15, phases=("fuzzing",))
    assert report.failures == []
    called = {operation for operation, _ in report.calls}
    named = {
        operation["operationId"]
        for item in document()["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert called == named
    assert {kind for _, kind in report.calls} >= {"positive", "negative"}
