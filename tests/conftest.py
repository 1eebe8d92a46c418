"""What tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.azurite import Azurite


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
