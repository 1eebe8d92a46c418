"""Answers kept for a day under the caller's `Idempotency-Key`: a call repeated is answered, not redone.

The caller's key is kept hashed, the body as a keyed digest (it may hold numbers), the answer as it was sent
(it holds none). Source: the IETF draft "The Idempotency-Key HTTP Header Field".
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import zlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from mfa_sync.api.contract.answers import Answer
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.storage.table import LostRaceError, Row, StorageDownError, Table, Value, Write
from shared.errors import Problem, SyncError, TransientError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mfa_sync.vault.fingerprints import FingerprintKey, FingerprintKeys
    from shared.clock import Clock, Deadline

_PARTITION, _DUE, _FORMAT = "answer", "answerDue", 1
_IN_FLIGHT, _DONE = "inFlight", "done"
_KEPT_SECONDS = 24 * 3600.0
# A worker that died keeps the key no longer than its call could have lasted.
_GRACE_SECONDS = 60.0
_CHUNK_BYTES = 60_000
_MOST_CHUNKS = 12


@dataclass(frozen=True, slots=True)
class _Claim:
    key: str
    digest: dict[str, str]
    etag: str


class StoredAnswers:
    """Does a call's work once for each key."""

    def __init__(self, table: Table, keys: FingerprintKeys, clock: Clock) -> None:
        self._table = table
        self._keys = keys
        self._clock = clock

    async def once(
        self, key: str, request: bytes, deadline: Deadline, work: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """Return the answer kept under `key`, or do the work and keep its answer for a day.

        What ends in a problem or in 503 is not kept: nothing was settled, and the same call again is right.

        Args:
            key: What the caller sent in `Idempotency-Key`.
            request: Everything that makes two calls the same.
            deadline: By when the call is to be answered.
            work: The work.

        Raises:
            RequestError: 409, another call with this key is under way; 422, the key was used for another.
            TransientError: The storage is out of reach, so "once" cannot be promised; nothing was done.
            SyncError: As the key of fingerprints, and as the work.
        """
        current = await self._keys.current()
        hashed = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        try:
            claim = await deadline.within(self._claim(hashed, request, current, deadline.remaining()))
        except (StorageDownError, TimeoutError) as error:
            raise TransientError(
                Problem.STORAGE_UNAVAILABLE,
                "The storage of answers is out of reach, so a call with Idempotency-Key is not begun.",
                retry_after=30,
                remedy="Try again later, or without the header: a repeated call compares before it writes.",
            ) from error
        if isinstance(claim, Answer):
            return claim
        try:
            answer = await work()
        except (SyncError, RequestError):
            await self._finish(claim, None, deadline)
            raise
        await self._finish(
            claim, answer if answer.status is not HTTPStatus.SERVICE_UNAVAILABLE else None, deadline
        )
        return answer

    async def purge(self) -> int:
        """Remove answers whose day is over, and return how many."""
        now = self._clock.now().timestamp()
        due = await self._table.range(_DUE, "0", f"{int(now):011d}")
        for row in due:
            answer = await self._table.get(_PARTITION, str(row.values["key"]))
            if answer and float(answer.values["until"]) <= now:  # the key may have been used again since
                await self._table.delete(_PARTITION, answer.key)
            await self._table.delete(_DUE, row.key)
        return len(due)

    async def _claim(
        self, key: str, request: bytes, current: FingerprintKey, seconds: float
    ) -> _Claim | Answer:
        """Return the right to work, or the answer that is kept."""
        row = await self._table.get(_PARTITION, key)
        now = self._clock.now().timestamp()
        if row and float(row.values["until"]) > now:
            # The key of fingerprints may have been rotated since.
            used = await self._keys.version(str(row.values["key"])) or current
            if row.values["digest"] != used.digest(request):
                raise RequestError(
                    Problem.IDEMPOTENCY_KEY_REUSED, "This Idempotency-Key was used for another call."
                )
            if row.values["state"] == _DONE:
                return _replayed(row)
            raise _in_flight()
        digest = {"digest": current.digest(request), "key": current.version}
        until = now + seconds + _GRACE_SECONDS
        values: dict[str, Value] = {"v": _FORMAT, "state": _IN_FLIGHT, "until": until, **digest}
        try:
            etag = await self._table.put(_PARTITION, Write(key, values, row.etag if row else None))
        except LostRaceError:
            raise _in_flight() from None
        return _Claim(key, digest, etag)

    async def _finish(self, claim: _Claim, answer: Answer | None, deadline: Deadline) -> None:
        """Keep the answer, or give the key free, in time. If that fails, the claim runs out by itself."""
        with contextlib.suppress(TimeoutError):
            await deadline.within(self._keep(claim, answer))

    async def _keep(self, claim: _Claim, answer: Answer | None) -> None:
        try:
            chunks = _chunks(answer) if answer else []
            if answer is None or len(chunks) > _MOST_CHUNKS:
                await self._table.delete(_PARTITION, claim.key, claim.etag)
                return
            until = self._clock.now().timestamp() + _KEPT_SECONDS
            due = Write(f"{int(until):011d}-{claim.key}", {"v": _FORMAT, "key": claim.key})
            await self._table.put(_DUE, due)
            values: dict[str, Value] = {
                "v": _FORMAT,
                "state": _DONE,
                "until": until,
                **claim.digest,
                "status": int(answer.status),
                "headers": json.dumps(answer.headers),
                **{f"body{number}": chunk for number, chunk in enumerate(chunks)},
            }
            await self._table.put(_PARTITION, Write(claim.key, values, claim.etag))
        except (StorageDownError, LostRaceError):
            return


def _in_flight() -> RequestError:
    return RequestError(
        Problem.IDEMPOTENCY_KEY_IN_FLIGHT,
        "A call with this Idempotency-Key is under way. Send it again later.",
        retryable=True,
    )


def _chunks(answer: Answer) -> list[bytes]:
    packed = zlib.compress(json.dumps(answer.plain()).encode())
    return [packed[start : start + _CHUNK_BYTES] for start in range(0, len(packed), _CHUNK_BYTES)]


def _replayed(row: Row) -> Answer:
    parts = (row.values.get(f"body{number}", b"") for number in range(_MOST_CHUNKS))
    packed = b"".join(part for part in parts if isinstance(part, bytes))
    headers: dict[str, str] = json.loads(str(row.values["headers"]))
    return Answer(
        HTTPStatus(int(row.values["status"])),
        json.loads(zlib.decompress(packed)),
        {**headers, "Idempotency-Replayed": "true"},
    )
