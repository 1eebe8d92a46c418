"""The audit log, as tests ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dev.tenant.people import Person
from mfa_sync.graph import audit
from mfa_sync.graph.client import GraphClient
from shared.clock import Deadline
from tests.wire.bench import Bench
from tests.wire.twisting import twisting

ONE, TWO = "+46701740611", "+46701740622"
ADMIN = "admin.privileged@contoso.com"
# Longer than the log is late.
LATER = 20 * 60


async def own_names(bench: Bench) -> frozenset[str]:
    """Return what this program is called in the tenant."""
    return (await bench.worker.tenant(Deadline.after(bench.clock, 90)).scope_sets()).own


async def others(
    bench: Bench,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    own: frozenset[str] | None = None,
) -> set[str] | None:
    """Return whose phones others changed, from the last hour until now unless told otherwise."""
    since = since or bench.clock.now() - timedelta(hours=1)
    own = await own_names(bench) if own is None else own
    deadline = Deadline.after(bench.clock, 240)
    found = await read_whole(bench.worker.graph, since, until or bench.clock.now(), own, deadline)
    return None if found is None else set(found)


async def read_whole(
    client: GraphClient, since: datetime, until: datetime, own: frozenset[str], deadline: Deadline
) -> Mapping[str, Sequence[str]] | None:
    """Return whose phones others changed and who did it, read at once; None where we may not read the log."""
    link: str | None = audit.reading(since, until)
    told: list[audit.Told] = []
    while link:
        page = await audit.page(client, link, own, deadline)
        if page is None:
            return None
        told, link = told + page.told, page.next_link
    return audit.changed_by_others(told)


async def others_if(bench: Bench, own: frozenset[str] | None = None, **news: Any) -> set[str] | None:
    """Return whose phones others changed if each entry of the log had these members."""
    wire = twisting(bench)
    own = await own_names(bench) if own is None else own

    def twist(body: dict[str, Any]) -> None:
        for entry in body["value"]:
            entry.update(news)

    wire.twist = twist
    return await others(bench, own=own)


def changed_outside(bench: Bench, by: str | None = ADMIN) -> Person:
    """Return somebody whose phone was just changed; None: by themself."""
    person = bench.person(ONE, ONE)
    bench.control.patch_person(person.id, phones={"mobile": TWO}, **({"by": by} if by else {}))
    bench.clock.advance(LATER)
    return person
