"""The whole app: function_app.py in the real worker library, against the emulated tenant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from dev.fuzz.contract import Contract
from dev.stack.local_stack import LocalStack

if TYPE_CHECKING:
    import httpx


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The documented answers."""
    return Contract()


@pytest.fixture(autouse=True)
def as_documented(contract: Contract) -> Iterator[None]:
    """Every answer that a test of this folder gets from a host is one that the document promises."""

    def check(response: httpx.Response) -> None:
        request = response.request
        contract.check(
            request.method,
            request.url.path,
            response.status_code,
            response.headers.multi_items(),
            response.content,
        )

    LocalStack.listeners.append(check)
    yield
    LocalStack.listeners.remove(check)


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
