"""What tests of several folders share."""

from __future__ import annotations

import signal
from collections.abc import Generator, Iterator

import pytest

from dev.azurite import Azurite

# What pytest-timeout knows of the test.
_LIMIT = pytest.StashKey[object]()


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: object) -> Generator[None, object, object]:
    """Let the alarm of a test's limit come again and again, as one may hang again where it ends.

    Such as asyncio, which waits for its threads.
    """
    is_set = yield
    item.stash[_LIMIT] = settings
    seconds, _ = signal.getitimer(signal.ITIMER_REAL)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    return is_set


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Give taking down a limit of its own: the test's, and pytest's watchdog, are called off by a failure."""
    if _LIMIT in item.stash:
        item.ihook.pytest_timeout_cancel_timer(item=item)
        item.ihook.pytest_timeout_set_timer(item=item, settings=item.stash[_LIMIT])
    yield


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """The emulated storage account, started once. Each test takes a table of its own."""
    with Azurite() as running:
        yield running


@pytest.fixture(scope="session")
def steady_azurite() -> Iterator[Azurite]:
    """Another one, which no test stops: for hosts that outlive a test."""
    with Azurite() as running:
        yield running
