"""The product's own clients, with the real SDKs, on a real wire to the emulated tenant."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from dev.stack import example_settings
from dev.tenant import sample
from dev.tenant.people import Person, Phone
from dev.tenant.server import REMOVED_VARIABLES, EmulatedTenant
from mfa_sync.composition import Worker, build_worker
from mfa_sync.push import push
from tests.clocks import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mfa_sync.answers import Answer


@pytest.fixture(scope="session")
def emulated() -> Iterator[EmulatedTenant]:
    """The emulated cloud, started once."""
    with EmulatedTenant(sample=True) as running:
        yield running


@pytest.fixture
def tenant(emulated: EmulatedTenant, monkeypatch: pytest.MonkeyPatch) -> EmulatedTenant:
    """The emulated cloud as it was at the start, and this test's environment pointed at it."""
    emulated.control.reset()
    for name in REMOVED_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in emulated.environment().items():
        monkeypatch.setenv(name, value)
    return emulated


@pytest.fixture
def clock() -> FakeClock:
    """The worker's time, wound by hand."""
    return FakeClock()


class Bench:
    """One worker on the wire, and short ways to people, pushes and the request log."""

    def __init__(self, tenant: EmulatedTenant, clock: FakeClock) -> None:
        self.tenant = tenant
        self.control = tenant.control
        self.clock = clock
        self.worker: Worker = build_worker(example_settings(), clock)
        self._former: list[Worker] = []

    def configure(self, **settings: str) -> None:
        """Take a fresh worker with these settings, as after a restart."""
        self._former.append(self.worker)
        self.worker = build_worker({**example_settings(), **settings}, self.clock)

    async def aclose(self) -> None:
        """Close every worker's connections."""
        for worker in (*self._former, self.worker):
            await worker.graph.aclose()

    def person(self, attribute: str | None, mobile: str | None = None, **facts: Any) -> Person:
        """Add somebody to the tenant."""
        name = facts.pop("upn", f"{uuid.uuid4().hex[:12]}@contoso.com")
        phones = {"mobile": Phone(mobile)} if mobile else {}
        methods = facts.pop("methods", ["password", "microsoftAuthenticator"])
        person = Person(str(uuid.uuid4()), name, attribute=attribute, phones=phones, methods=methods, **facts)
        return self.tenant.state.add_person(person)

    async def push(
        self,
        rows: Any,
        query: dict[str, str] | None = None,
        handshake: str = sample.HANDSHAKE,
        **headers: str,
    ) -> Answer:
        """Send a push to the use case."""
        return await push(
            self.worker, {"message": handshake, **headers}, query or {}, json.dumps(rows).encode()
        )

    async def one(self, person: Person, **row: Any) -> dict[str, Any]:
        """Push one person and return the line of the answer."""
        answer = await self.push([{"Id": person.id, **row}])
        line: dict[str, Any] = answer.body["results"][0]
        return line

    def mobile(self, person: Person) -> str | None:
        """Return what is registered for a person now."""
        phone = person.phones.get("mobile")
        return phone.number if phone else None

    def calls(self, host: str) -> list[Any]:
        """Return the log's calls of one host."""
        return [entry for entry in self.control.log() if entry["host"] == host]

    def writes(self) -> list[tuple[str, str]]:
        """Return all writes that reached Graph, alone or in batches."""
        return [
            (item["method"], item["url"])
            for entry in self.calls("graph.microsoft.com")
            for item in entry.get("items", [])
            if item["method"] != "GET"
        ]


@pytest.fixture
async def bench(tenant: EmulatedTenant, clock: FakeClock) -> AsyncIterator[Bench]:
    """A worker on the wire."""
    made = Bench(tenant, clock)
    yield made
    await made.aclose()
