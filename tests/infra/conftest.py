"""The template, read once, with every part of it switched on."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev.gates.bicep_template import Template, load

ROOT = Path(__file__).parents[2]
MAIN = ROOT / "infra" / "main.bicep"
REQUIRED = {"environmentName": "test", "location": "swedencentral", "alertEmail": "operators@contoso.com"}
CLIENT_ID = "22222222-2222-4222-8222-222222222222"
EVERYTHING = {
    **REQUIRED,
    "tenantId": "contoso.com",
    "clientId": CLIENT_ID,
    "hrAddresses": ["192.0.2.0/28"],
    "operatorAddresses": ["198.51.100.7/32"],
    "vaultAddresses": ["198.51.100.7/32"],
    "easyAuth": True,
    "easyAuthClientId": CLIENT_ID,
    "easyAuthCallers": ["33333333-3333-4333-8333-333333333333"],
    "deployerPrincipalId": "44444444-4444-4444-8444-444444444444",
}


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def template() -> Template:
    """What the template makes when only what is required is given."""
    return load(MAIN, REQUIRED)


@pytest.fixture(scope="session")
def everything() -> Template:
    """The same with all that can be chosen."""
    return load(MAIN, EVERYTHING)
