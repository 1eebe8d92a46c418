"""One worker on the wire, and short ways to people, pushes and the request log."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from dev.azurite import Azurite
from dev.stack.local_stack import example_settings
from dev.tenant import sample
from dev.tenant.people import Person, Phone
from dev.tenant.server import EmulatedTenant
from mfa_sync.api.explain import explain
from mfa_sync.api.push import push
from mfa_sync.api.worker import Call, Worker
from mfa_sync.composition import build_worker
from mfa_sync.settings.transports import OWN, Transports
from mfa_sync.storage.azure_calls import StorageCalls
from mfa_sync.storage.table import Blobs, Table
from shared.clock import Deadline
from shared.guard import Guard, Limit
from shared.plan import Intent, Plan, Request
from shared.reconciler import apply, plan
from shared.results import Result
from shared.tenant import Kind
from tests.answering import Read, read
from tests.clocks import FakeClock


class Bench:
    """One worker on the wire, and short ways to people, pushes and the request log."""

    def __init__(self, tenant: EmulatedTenant, clock: FakeClock, azurite: Azurite) -> None:
        self.tenant = tenant
        self.control = tenant.control
        self.clock = clock
        self.storage = azurite
        # A table of its own for each test, so that none remembers another's people.
        self.settings = {
            **example_settings(),
            "AzureWebJobsStorage": azurite.connection_string,
            # Tests give one number to whoever needs one.
            "MAX_USERS_PER_NUMBER": "1000000",
            "STATE_TABLE": f"test{uuid.uuid4().hex}",
            "STATE_CONTAINER": f"test{uuid.uuid4().hex}",
        }
        # All that were ever built: a test may put any of them back into `worker`.
        self._built: list[Worker] = []
        self.worker = self._build({})

    def _build(
        self,
        settings: Mapping[str, str],
        transports: Transports = OWN,
        table: Table | None = None,
        blobs: Blobs | None = None,
    ) -> Worker:
        environ = {**self.settings, **settings}
        self._built.append(build_worker(environ, self.clock, transports, table=table, blobs=blobs))
        return self._built[-1]

    def configure(self, **settings: str) -> None:
        """Take a fresh worker with these settings, as after a restart."""
        self.worker = self._build(settings)

    def rewire(self, transports: Transports, **settings: str) -> None:
        """Take a fresh worker whose calls go over these transports, with these settings."""
        self.worker = self._build(settings, transports)

    def restore(self, *, table: Table | None = None, blobs: Blobs | None = None) -> None:
        """Take a fresh worker that keeps its state here."""
        self.worker = self._build({}, table=table, blobs=blobs)

    def deadline(self, seconds: float = 90) -> Deadline:
        """Return by when a call that begins now is to be answered."""
        return Deadline.after(self.clock, seconds)

    async def planned(self, person: Person, *, seconds: float = 90) -> Plan:
        """Plan for one person, within a call of so many seconds."""
        policy = self.worker.settings.policy
        deadline = self.deadline(seconds)
        self._tenant = self.worker.tenant(deadline)
        self._memory = self.worker.last_written.of_call("test", policy, deadline)
        return await plan([Request(0, person.id, Intent())], self._tenant, policy, self._memory)

    async def applied(self, made: Plan, **limits: Limit) -> list[Result]:
        """Apply what `planned` returned, in the same call, with other limits if they are given."""
        settings = self.worker.settings
        guard = Guard(
            {**settings.limits, **{Kind(kind): one for kind, one in limits.items()}}, self.worker.counters
        )
        return await apply(await guard.admit(made), self._tenant, settings.policy, guard, self._memory)

    async def aclose(self) -> None:
        """Close every worker's connections."""
        for worker in self._built:
            await worker.graph.aclose()
            for storage in (worker.table, worker.runs._blobs):
                if isinstance(
                    storage, StorageCalls
                ):  # else sockets are left to the collector, amid another test
                    storage.close()

    def person(self, attribute: str | None, mobile: str | None = None, **facts: Any) -> Person:
        """Add somebody to the tenant."""
        name = facts.pop("upn", f"{uuid.uuid4().hex[:8]}x{uuid.uuid4().hex[:8]}@contoso.com")
        phones = {"mobile": Phone(mobile)} if mobile else {}
        methods = facts.pop("methods", ["password", "microsoftAuthenticator"])
        person = Person(str(uuid.uuid4()), name, attribute=attribute, phones=phones, methods=methods, **facts)
        return self.tenant.state.add_person(person)

    async def push(
        self,
        rows: Any,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Read:
        """Send a push to the use case, with the handshake unless the headers hold another."""
        sent = {"message": sample.HANDSHAKE, **(headers or {})}
        return read(await push(Call(self.worker, sent, query or {}, json.dumps(rows).encode())))

    async def one(self, person: Person, **row: Any) -> dict[str, Any]:
        """Push one person and return the line of the answer."""
        answer = await self.push([{"Id": person.id, **row}])
        line: dict[str, Any] = answer.body["results"][0]
        return line

    async def explain(self, person: Person) -> dict[str, Any]:
        """Return the explanation of one person."""
        answer = await explain(Call(self.worker, {}, {}, json.dumps({"Id": person.id}).encode()))
        return read(answer).body

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
