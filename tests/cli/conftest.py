"""The command line against the whole app, as its operators have it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from dev.azurite import Azurite
from dev.functions_host import HostOptions
from dev.stack.local_stack import LocalStack
from tests.cli.operator import Operator

_SEEDS = count(100)
SETTINGS = {
    "STATE_TABLE": "commandline",
    "STATE_CONTAINER": "command-line",
    # No night comes while the tests run.
    "SWEEP_SCHEDULE": "0 0 2 29 2 *",
    # What one test writes must not be over another's limit.
    "MAX_CREATES_PERCENT": "100",
    "MAX_UPDATES_PERCENT": "100",
}


@pytest.fixture(scope="session")
def running(steady_azurite: Azurite) -> Iterator[LocalStack]:
    """The stack, started once; each test begins sweeps of its own, and a new one takes a held one's place."""
    with LocalStack(SETTINGS, storage=steady_azurite, options=HostOptions(max_polling_seconds=0.1)) as stack:
        yield stack


@pytest.fixture
def stack(running: LocalStack) -> LocalStack:
    """The stack with some people more whom nobody has written yet.

    Whom we wrote in the last minutes a sweep leaves to the next one, so each test needs people of its own.
    """
    running.tenant.control.generate(9, seed=next(_SEEDS), fractions={"missing": 0.34, "different": 0.34})
    return running


@pytest.fixture
def operator(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stack: LocalStack
) -> Operator:
    """An operator with all keys of the stack in the environment."""
    return Operator(monkeypatch, capsys, stack)


@pytest.fixture
def newcomer(stack: LocalStack) -> dict[str, Any]:
    """Somebody with a number in the attribute, and no phone yet."""
    people = [one for one in stack.tenant.control.people() if one["upn"].startswith("user")]
    return next(one for one in people if one["attribute"] and "mobile" not in one["phones"])
