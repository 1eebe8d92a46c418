"""The whole app: function_app.py in the real worker library, against the emulated tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dev.stack import LocalStack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def running() -> Iterator[LocalStack]:
    """The stack, started once."""
    with LocalStack() as stack:
        yield stack


@pytest.fixture
def stack(running: LocalStack) -> LocalStack:
    """The stack with the sample's people as they were at the start.

    The host goes on: its token and secrets are of the former test, as in a worker that lives long.
    """
    control = running.tenant.control
    control.reset()
    return running
