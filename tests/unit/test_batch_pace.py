"""What a batch's outer answer tells of the pace, where its items tell nothing."""

from __future__ import annotations

import json

import httpx

from dev.simulation import virtual_time
from dev.simulation.virtual_time import VirtualClock
from mfa_sync.graph.batch import batch
from mfa_sync.graph.client import GraphClient, Request
from mfa_sync.graph.reply import Reply
from mfa_sync.sign_in.token import AccessToken
from shared.clock import Deadline

SHARE = "x-ms-throttle-limit-percentage"
READS = [Request("GET", f"/users/{number}?$select=id") for number in range(20)]


class OneToken:
    """A sign-in that always worked."""

    async def token(self, *, rejected: AccessToken | None = None, claims: str | None = None) -> AccessToken:
        """Return the bearer."""
        assert not rejected
        assert not claims
        return AccessToken(1e9, frozenset(), "bearer")


def answer(request: httpx.Request) -> httpx.Response:
    """Answer a batch: every item is fine, and the whole says that the limit is reached."""
    items = json.loads(request.content)["requests"]
    responses = [{"id": item["id"], "status": 200, "headers": {}, "body": {}} for item in items]
    return httpx.Response(200, json={"responses": responses}, headers={SHARE: "1.00"})


def test_a_share_told_by_the_outer_answer_alone_slows_the_next_batch() -> None:
    """Graph's page names the header for answers; whether items carry it is not said."""

    async def two_batches(clock: VirtualClock) -> tuple[list[Reply], list[Reply], float]:
        client = GraphClient("https://graph.test/v1.0", OneToken(), httpx.MockTransport(answer))
        first = await batch(client, READS, Deadline.after(clock, 60))
        hurried = await batch(client, READS, Deadline.after(clock, 5))
        await batch(client, READS, Deadline.after(clock, 60))
        await client.aclose()
        return first, hurried, clock.monotonic()

    first, hurried, elapsed = virtual_time.run(two_batches)
    assert {reply.status for reply in first} == {200}
    assert all(reply.is_too_late for reply in hurried)
    assert elapsed > 9
