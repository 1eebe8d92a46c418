"""An emulated tenant for each test: in-process for Graph's rules, with sockets for the real clients."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from dev.tenant import sample, tokens
from dev.tenant.secrets_and_accounts import Token
from dev.tenant.server import REMOVED_VARIABLES, EmulatedTenant
from dev.tenant.state import TenantState
from tests.clocks import FakeClock
from tests.tenant.delta_rounds import Follow, follower
from tests.tenant.graph_client import GraphClient


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the in-process tenant."""
    return FakeClock()


@pytest.fixture
def tenant(clock: FakeClock) -> EmulatedTenant:
    """The sample tenant without sockets."""
    return EmulatedTenant(clock=clock.epoch, sleep=clock.sleep)


@pytest.fixture
def state(tenant: EmulatedTenant) -> TenantState:
    """What that tenant knows."""
    return tenant.state


@pytest.fixture
async def graph(tenant: EmulatedTenant) -> AsyncIterator[GraphClient]:
    """Graph for the signed-in service account, checked against Microsoft's description."""
    person = tenant.state.person(sample.SERVICE_ACCOUNT)
    expires = tenant.state.clock() + 3600
    token = Token(tokens.GRAPH_AUDIENCE, sample.CLIENT_ID, expires, person.id)
    async with GraphClient(tenant.app, tokens.issue(tenant.state, token)) as client:
        yield client


@pytest.fixture
async def app_only(tenant: EmulatedTenant) -> AsyncIterator[GraphClient]:
    """Graph for the app alone."""
    token = Token(tokens.GRAPH_AUDIENCE, sample.CLIENT_ID, tenant.state.clock() + 3600)
    async with GraphClient(tenant.app, tokens.issue(tenant.state, token)) as client:
        yield client


@pytest.fixture
def follow(graph: GraphClient) -> Follow:
    """Reads a round of users/delta to its end."""
    return follower(graph)


@pytest.fixture(scope="session")
def _running_once() -> Iterator[EmulatedTenant]:
    with EmulatedTenant() as tenant:
        yield tenant


@pytest.fixture
def running(_running_once: EmulatedTenant, monkeypatch: pytest.MonkeyPatch) -> EmulatedTenant:
    """A tenant with sockets, fresh, and this process's environment pointed at it."""
    for name in REMOVED_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in _running_once.environment().items():
        monkeypatch.setenv(name, value)
    _running_once.control.reset()
    return _running_once


@pytest.fixture
def online(running: EmulatedTenant) -> Iterator[httpx.Client]:
    """A plain client that finds its way by the environment alone."""
    assert running.proxy_port
    with httpx.Client() as client:
        yield client


@pytest.fixture
def unhurried_audits(state: TenantState) -> None:
    """An audit log without its limit, its latency and the roles, which have tests of their own."""
    state.switches.reports_limit, state.switches.audit_latency = None, 0.0
    state.switches.signed_in_roles = ["Privileged Authentication Administrator", "Reports Reader"]
