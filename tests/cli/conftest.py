"""The command line against the whole app, as its operators have it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from dev.stack import LocalStack
from tests.cli.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dev.azurite import Azurite

_SEEDS = count(100)


@pytest.fixture(scope="session")
def running(azurite: Azurite) -> Iterator[LocalStack]:
    """The stack, started once; each test begins sweeps of its own, and a new one takes a held one's place."""
    with LocalStack(
        {"STATE_TABLE": "commandline", "STATE_CONTAINER": "command-line"}, storage=azurite
    ) as stack:
        yield stack


@pytest.fixture
def stack(running: LocalStack) -> LocalStack:
    """The stack with the sample's people as they were at the start, and some whom nobody has written yet.

    Whom we wrote in the last minutes a sweep leaves to the next one, so each test needs people of its own.
    """
    running.tenant.control.reset()
    running.tenant.control.generate(9, seed=next(_SEEDS), fractions={"missing": 0.34, "different": 0.34})
    return running


@pytest.fixture
def operator(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stack: LocalStack
) -> Operator:
    """An operator with all keys of the stack in the environment."""
    return Operator(monkeypatch, capsys, stack)
