"""The product's own clients, with the real SDKs, on a real wire to the emulated tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dev.azurite import Azurite
from dev.tenant.server import REMOVED_VARIABLES, EmulatedTenant
from tests.clocks import FakeClock
from tests.wire.bench import Bench
from tests.wire.sweeping import Sweeper

_BEGIN = "-----BEGIN CERTIFICATE-----"


class _TestsTime:
    """The time of the test that runs: the cloud is started once, and follows each test's clock."""

    clock = FakeClock()

    def __call__(self) -> float:
        return self.clock.epoch()


@pytest.fixture(scope="session")
def time_of_cloud() -> _TestsTime:
    """Whose time the emulated cloud has."""
    return _TestsTime()


@pytest.fixture(scope="session")
def emulated(time_of_cloud: _TestsTime) -> Iterator[EmulatedTenant]:
    """The emulated cloud, started once."""
    with EmulatedTenant(sample=True, clock=time_of_cloud) as running:
        yield running


@pytest.fixture
def tenant(
    emulated: EmulatedTenant, time_of_cloud: _TestsTime, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> EmulatedTenant:
    """The emulated cloud as it was at the start, in this test's time, and the environment pointed at it."""
    time_of_cloud.clock = clock
    emulated.control.reset()
    for name in REMOVED_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**emulated.environment(), **_own_authority(emulated)}.items():
        monkeypatch.setenv(name, value)
    return emulated


def _own_authority(emulated: EmulatedTenant) -> dict[str, str]:
    """Trust the emulation's authority alone: to read all of certifi's costs each client 18 ms."""
    bundle = Path(emulated.environment()["SSL_CERT_FILE"])
    alone = bundle.with_name("authority.pem")
    if not alone.exists():
        alone.write_text(_BEGIN + bundle.read_text("utf-8").rpartition(_BEGIN)[2], "utf-8")
    return {"SSL_CERT_FILE": str(alone), "REQUESTS_CA_BUNDLE": str(alone)}


@pytest.fixture
def clock() -> FakeClock:
    """The worker's time, wound by hand."""
    return FakeClock()


@pytest.fixture
async def bench(tenant: EmulatedTenant, clock: FakeClock, azurite: Azurite) -> AsyncIterator[Bench]:
    """A worker on the wire."""
    made = Bench(tenant, clock, azurite)
    yield made
    await made.aclose()


@pytest.fixture
def sweeper(bench: Bench) -> Sweeper:
    """A tenant with nobody in it but who a test adds."""
    bench.control.reset(sample=True)
    for person in list(bench.tenant.state.people.values()):
        if person.upn not in bench.tenant.state.accounts:
            bench.tenant.state.remove_person(person)
    bench.control.switch(signed_in_roles=["Privileged Authentication Administrator", "Reports Reader"])
    return Sweeper(bench)


@pytest.fixture
def reader(bench: Bench) -> Bench:
    """A service account that may read the audit log too."""
    bench.control.switch(signed_in_roles=["Privileged Authentication Administrator", "Reports Reader"])
    return bench
