"""Our requests, and the answers to them, held against Microsoft's own description of Graph."""

from __future__ import annotations

import httpx

from dev.tenant.conformance import assert_conforms
from mfa_sync.graph.client import Request
from mfa_sync.graph.phone_methods import phone_methods_path, write_request
from mfa_sync.graph.users import SELECT, user_path
from shared.clock import Deadline
from shared.phone_number import PhoneNumber
from shared.tenant import Change, Kind
from tests.wire.bench import Bench


async def test_trap_5_every_item_that_we_batch_conforms_to_microsofts_description(bench: Bench) -> None:
    """PUT, for one, is not in it. $batch is not described there, so each kind of item is sent alone."""
    person = bench.person("+46701740611")
    number, other = PhoneNumber.parse("+46701740611"), PhoneNumber.parse("+46701740622")
    items = [
        Request("GET", f"{user_path(person.upn)}?$select={SELECT}"),
        Request("GET", phone_methods_path(person.id)),
        write_request(Change(Kind.CREATE, person.id, number, "")),
        write_request(Change(Kind.UPDATE, person.id, other, "")),
        Request("GET", f"{user_path(person.id)}/authentication/methods"),
        write_request(Change(Kind.DELETE, person.id, None, "")),
    ]
    exchanges: list[httpx.Response] = []

    async def keep(response: httpx.Response) -> None:
        await response.aread()
        exchanges.append(response)

    bench.worker.graph._http.event_hooks["response"].append(keep)
    deadline = Deadline.after(bench.clock, 90)
    replies = [await bench.worker.graph.send(item, deadline) for item in items]
    assert [reply.status for reply in replies] == [200, 200, 201, 204, 200, 204]
    for exchange in exchanges:
        assert_conforms(exchange.request, exchange)
