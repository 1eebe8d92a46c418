"""What tests of several folders share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dev.azurite import Azurite

if TYPE_CHECKING:
    from collections.abc import Iterator


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
