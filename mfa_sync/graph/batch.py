"""Many requests in `$batch` calls of twenty, each item retried on its own merits.

Source: Graph's "JSON batching" and "throttling" pages: the outer 200 says nothing of the items, answers come
in any order, throttled items carry their own Retry-After and nobody repeats them for us.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mfa_sync.graph.client import unreachable
from mfa_sync.graph.faults import Reply
from shared.errors import PermanentError, Problem, SyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mfa_sync.graph.client import GraphClient
    from shared.clock import Deadline

SIZE = 20
_TRIES = 5
_OK, _BAD_REQUEST, _THROTTLED, _UNAVAILABLE, _SERVER_FAULT = 200, 400, 429, 503, 500
# Throttled and turned away at the door: certainly not carried out, so even a write may be repeated.
_NOT_CARRIED_OUT = frozenset({_THROTTLED, _UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch. `path` is relative to the version and already escaped."""

    method: str
    path: str
    body: dict[str, Any] | None = field(default=None, repr=False)

    def wire(self, number: int) -> dict[str, Any]:
        """Return the item as it stands in the envelope."""
        wire: dict[str, Any] = {"id": str(number), "method": self.method, "url": self.path}
        if self.body is not None:
            wire |= {"body": self.body, "headers": {"Content-Type": "application/json"}}
        return wire


async def batch(client: GraphClient, items: Sequence[Item], deadline: Deadline) -> list[Reply]:
    """Return each item's reply in the order of `items`.

    Raises:
        PermanentError, TransientError: Nothing could be sent at all: the one clear problem.
    """
    if not items:
        return []
    replies: list[Reply] = [Reply.too_late()] * len(items)
    pending = list(range(len(items)))
    for attempt in range(1, _TRIES + 1):
        chunks = [pending[start : start + SIZE] for start in range(0, len(pending), SIZE)]
        for position, reply in await _round(client, items, chunks, deadline):
            replies[position] = reply
        pending = [position for position in pending if _may_repeat(items[position], replies[position])]
        if not pending or attempt == _TRIES:
            break
        wait = _wait([replies[position] for position in pending], attempt)
        if wait >= deadline.remaining():
            break
        await deadline.clock.sleep(wait)
    return replies


async def _round(
    client: GraphClient, items: Sequence[Item], chunks: list[list[int]], deadline: Deadline
) -> list[tuple[int, Reply]]:
    rounds = [_post(client, [items[position] for position in chunk], deadline) for chunk in chunks]
    outcomes = await asyncio.gather(*rounds, return_exceptions=True)
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    stopping = [error for error in errors if not isinstance(error, SyncError)]
    if stopping or len(errors) == len(chunks):
        raise (stopping or errors)[0]
    found: list[tuple[int, Reply]] = []
    for chunk, outcome in zip(chunks, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            # Other chunks got through: what stopped this one must not hide what they did.
            found += [(position, Reply.not_sent("sign-in or token refused")) for position in chunk]
        else:
            found += zip(chunk, outcome, strict=True)
    return found


async def _post(client: GraphClient, items: list[Item], deadline: Deadline) -> list[Reply]:
    envelope = {"requests": [item.wire(number) for number, item in enumerate(items)]}
    outer = await client.send("POST", "/$batch", deadline, json=envelope)
    if outer.status != _OK or not isinstance(outer.body, dict):
        if outer.status and _BAD_REQUEST <= outer.status < _SERVER_FAULT and outer.status != _THROTTLED:
            raise PermanentError(
                Problem.GRAPH_REFUSED,
                f"Graph refuses our batch: {outer.reference()}.",
                remedy="Report this with the request id: it is a fault of this program or of GRAPH_URL.",
            )
        return [outer] * len(items)
    answers = {answer.get("id"): answer for answer in outer.body.get("responses", [])}
    return [_reply(answers.get(str(number))) for number in range(len(items))]


def _reply(answer: dict[str, Any] | None) -> Reply:
    if answer is None:
        return Reply.lost("missing in the batch's answer")
    headers = {name.lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
    return Reply(int(answer["status"]), answer.get("body"), headers)


def _may_repeat(item: Item, reply: Reply) -> bool:
    if reply.status in _NOT_CARRIED_OUT or not reply.was_sent:
        return True
    failed = reply.status is None or reply.status >= _SERVER_FAULT
    return failed and item.method == "GET"


def _wait(replies: list[Reply], attempt: int) -> float:
    """Return seconds to wait: the longest asked for, and jitter so that workers do not wake as one."""
    asked = [reply.retry_after for reply in replies if reply.retry_after is not None]
    jitter = random.random()  # noqa: S311  spreads load, guards nothing
    return max(asked) + jitter if asked else float(2 ** (attempt - 1)) * (0.5 + jitter)


def raise_if_dead(replies: Sequence[Reply]) -> None:
    """Raise the one clear problem if no reply at all came from a working Graph.

    Raises:
        TransientError: Every item was lost, throttled or met a server fault.
    """
    if any(reply.is_too_late for reply in replies):
        return
    dead = [r for r in replies if r.status is None or r.status == _THROTTLED or r.status >= _SERVER_FAULT]
    if replies and len(dead) == len(replies):
        raise unreachable(max(dead, key=lambda reply: reply.retry_after or 0))
