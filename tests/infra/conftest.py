"""The snapshots of infra/, each read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra.snapshot import MAIN, ROOT, Snapshot, snapshot


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(params=MAIN)
def each(request: pytest.FixtureRequest) -> Snapshot:
    """Every set of parameters of the resources."""
    return snapshot(request.param)


@pytest.fixture(scope="session")
def private() -> Snapshot:
    """What is made when only what is required is given."""
    return snapshot("private")


@pytest.fixture(scope="session")
def public() -> Snapshot:
    """The same without a network."""
    return snapshot("public")


@pytest.fixture(scope="session")
def everything() -> Snapshot:
    """The same with all that can be switched on."""
    return snapshot("everything")


@pytest.fixture(scope="session")
def choices() -> Snapshot:
    """The same with what can be chosen otherwise."""
    return snapshot("choices")
