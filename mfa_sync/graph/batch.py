"""Many requests in `$batch` calls of twenty, each item retried on its own merits.

Source: Graph's "JSON batching" and "throttling" pages: the outer 200 says nothing of the items, answers come
in any order, throttled items carry their own Retry-After and nobody repeats them for us. When they may be
repeated, the pace knows: a 429 closes its service's gate. So throttled items are tried until the time is
over, items that met a fault only a few times. Whoever cannot be asked again in time ends nobody else's tries.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from mfa_sync.graph.client import GraphClient, Request
from mfa_sync.graph.pace import SHARE_HEADER, Service, Ticket
from mfa_sync.graph.reply import Reply
from mfa_sync.sign_in.token import AccessToken
from mfa_sync.telemetry import measures
from shared.clock import Deadline
from shared.errors import PermanentError, Problem, SyncError, TransientError

SIZE = 20
_TRIES = 5
# Turned away at the door: certainly not carried out, so even a write may be repeated.
_NOT_CARRIED_OUT = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
)


async def batch(client: GraphClient, items: Sequence[Request], deadline: Deadline) -> list[Reply]:
    """Return each item's reply in the order of `items`.

    Raises:
        PermanentError, TransientError: Nothing could be sent at all: the one clear problem.
        PermanentError: Reads need another token, and sign-in is refused.
    """
    if not items:
        return []
    replies = [Reply.too_late()] * len(items)
    faults = [0] * len(items)
    pending = list(range(len(items)))
    only_reads = all(item.method == "GET" for item in items)
    token = await client.token(deadline)
    for attempt in itertools.count(1):
        outcomes = await _send_all(client, [items[position] for position in pending], deadline)
        stops = [outcome for outcome in outcomes if isinstance(outcome, SyncError)]
        if attempt == 1 and len(stops) == len(outcomes):
            raise stops[0]
        too_late = False
        for position, outcome in zip(pending, outcomes, strict=True):
            # What stopped one chunk must hide neither what the others did nor what an earlier try did.
            # A try whose token was refused did nothing.
            reply = Reply.not_sent(outcome.code.value) if isinstance(outcome, SyncError) else outcome
            too_late |= reply.is_too_late
            was_refused = replies[position].status == HTTPStatus.UNAUTHORIZED
            if attempt == 1 or was_refused or not (isinstance(outcome, SyncError) or reply.is_too_late):
                replies[position] = reply
            faults[position] += reply.status != HTTPStatus.TOO_MANY_REQUESTS
        waits = {
            position: _wait(replies[position], faults[position])
            for position in pending
            if faults[position] < _TRIES and _may_repeat(items[position], replies[position])
        }
        pending = [
            position
            for position, wait in waits.items()
            if max(wait, _closed_for(client, items[position], deadline)) < deadline.remaining()
        ]
        refused = [one for one in map(replies.__getitem__, pending) if one.status == HTTPStatus.UNAUTHORIZED]
        if not pending or stops or (too_late and not refused):
            break
        wait = max(waits[position] for position in pending)
        if refused:
            token = await _renewed(client, token, refused, deadline, only_reads=only_reads)
            if wait >= deadline.remaining():
                break
        await deadline.clock.sleep(wait)
    return replies


async def _renewed(
    client: GraphClient, token: AccessToken, refused: list[Reply], deadline: Deadline, *, only_reads: bool
) -> AccessToken:
    """Return a token for the items that were refused, or the old one: they keep their answers then.

    One service may ask for claims that the token lacks, while the batch itself is taken.

    Raises:
        PermanentError: Sign-in is refused, and only reads wait: nothing is lost with them, and no answer of
            theirs says what is wrong.
    """
    claims = next(filter(None, (reply.claims() for reply in refused)), None)
    try:
        return await client.token(deadline, rejected=token, claims=claims)
    except TransientError:
        return token
    except PermanentError:
        if only_reads:
            raise
        return token


async def _send_all(client: GraphClient, items: list[Request], deadline: Deadline) -> list[Reply | SyncError]:
    """Return each item's reply, or what stopped the call that it was in."""
    chunks = [items[start : start + SIZE] for start in range(0, len(items), SIZE)]
    outcomes = await asyncio.gather(*(post_once(client, chunk, deadline) for chunk in chunks))
    return [
        one
        for chunk, outcome in zip(chunks, outcomes, strict=True)
        for one in (outcome if isinstance(outcome, list) else [outcome] * len(chunk))
    ]


@measures.span(measures.Span.GRAPH_BATCH)
async def post_once(client: GraphClient, items: list[Request], deadline: Deadline) -> list[Reply] | SyncError:
    """Return the replies to at most twenty items, sent once, or what stopped them all before."""
    envelope = {"requests": [_wire(item, number) for number, item in enumerate(items)]}
    ticket = Ticket([Service.of(item.path) for item in items])
    measures.note(items=len(items))
    try:
        outer = await client.send(Request("POST", "/$batch", envelope), deadline, ticket)
    except SyncError as stop:
        measures.note(error=stop.code.value)
        return stop
    if outer.is_for_later:
        return [outer] * len(items)
    if not outer.is_success:
        return PermanentError(
            Problem.GRAPH_REFUSED,
            f"Graph refuses our batch: {outer.reference()}.",
            remedy="Report this with the request id: it is a fault of this program or of GRAPH_URL.",
        )
    replies = _unpack(outer.body, len(items))
    client.pace.learn(ticket, replies, outer.headers.get(SHARE_HEADER))
    counts = sorted(Counter(str(reply.status) for reply in replies).items())
    measures.note(statuses=" ".join(f"{status}:{count}" for status, count in counts))
    return replies


def _wire(item: Request, number: int) -> dict[str, Any]:
    """Return a request as it stands in the envelope."""
    wire: dict[str, Any] = {"id": str(number), "method": item.method, "url": item.path}
    if item.body is not None:
        wire |= {"body": item.body, "headers": {"Content-Type": "application/json"}}
    return wire


def _unpack(body: Any, count: int) -> list[Reply]:
    """Return the replies in a batch's answer. What is missing or misshapen is lost: never a success."""
    responses = body.get("responses") if isinstance(body, dict) else None
    answers = [one for one in responses if isinstance(one, dict)] if isinstance(responses, list) else []
    by_id = {str(answer.get("id")): answer for answer in answers}
    return [Reply.of_item(by_id.get(str(number), {})) for number in range(count)]


def _closed_for(client: GraphClient, item: Request, deadline: Deadline) -> float:
    return client.pace.closed_for(deadline.clock, [Service.of(item.path)])


def _may_repeat(item: Request, reply: Reply) -> bool:
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS and not reply.was_sent:
        return False  # its whole call was held back: a gate stays shut for longer than there is time
    if reply.status in _NOT_CARRIED_OUT or not reply.was_sent:
        return True
    return reply.has_failed and item.method == "GET"


def _wait(reply: Reply, faults: int) -> float:
    """Return seconds to wait after a fault: what is asked for, or longer each time, and some jitter."""
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return 0.0
    jitter = random.random()  # noqa: S311  spreads load, guards nothing
    return reply.retry_after + jitter if reply.retry_after else float(2 ** (faults - 1)) * (0.5 + jitter)
