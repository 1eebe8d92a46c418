"""The state of all workers in a table of Azure storage: bounded in time, and left alone after a failure."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from mfa_sync import table_requests
from mfa_sync.log import Event, record
from mfa_sync.storage import LostRaceError, StorageDownError
from mfa_sync.wires import OWN, Wires

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence

    from azure.core.exceptions import AzureError
    from azure.data.tables import TableClient

    from mfa_sync.settings import StorageSettings
    from mfa_sync.storage import Row, Write
    from shared.clock import Clock

_LOG = logging.getLogger(__name__)
# Most rows of a transaction. Source: "Performing entity group transactions" in the Table service's reference.
_TRANSACTION = 100
# As many as the library keeps connections for: one more would be opened and thrown away each time.
_IN_FLIGHT = 10
_SERVER_FAULT = 500
_NOT_ADMITTED = frozenset({401, 403})
# The fault of one request: it says nothing about the next.
_ONE_REQUESTS = frozenset({400, 413})
# Only what looks like a code is quoted: the rest of an error may hold an address with a signature in it.
_CODE = re.compile(r"[A-Za-z]{1,64}")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many seconds the storage is given.

    Attributes:
        connect: To take a connection.
        read: To send the next part of an answer.
        whole: For one request with its second try, the wait for a thread included.
        closed: After a failure nothing is tried for so long: a dead storage costs a call one wait.
    """

    connect: float = 3
    read: float = 5
    whole: float = 8
    closed: float = 10


_BOUNDS = Bounds()


class AzureTable:
    """A `Table` on Azure storage. If there is no table of this name, the first call makes it.

    Azure's library blocks, so it runs in threads of our own: a storage that hangs must not take the threads
    that the rest of the process needs. Its retries are off, because they sleep for longer than we may.
    """

    def __init__(
        self,
        settings: StorageSettings,
        name: str,
        clock: Clock,
        wires: Wires = OWN,
        bounds: Bounds = _BOUNDS,
    ) -> None:
        self._settings = settings
        self._name = name
        self._clock = clock
        self._wires = wires
        self._bounds = bounds
        self._client: TableClient | None = None
        self._making = threading.Lock()
        self._threads = ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="storage")
        self._places = asyncio.Semaphore(_IN_FLIGHT)
        self._closed_until = clock.monotonic()
        self._why = ""

    def close(self) -> None:
        """Let go of connections and threads. What is under way ends unseen."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    async def get(self, partition: str, key: str) -> Row | None:
        """Return one row, or None."""
        return (await self.get_many(partition, (key,))).get(key)

    async def get_many(self, partition: str, keys: Collection[str]) -> dict[str, Row]:
        """Return the rows that exist, by key."""

        async def one(key: str) -> Row | None:
            return await self._ask(lambda table: table_requests.find(table, partition, key), repeatable=True)

        return {row.key: row for row in await self._all(one(key) for key in keys) if row}

    async def put(self, partition: str, write: Write) -> str:
        """Write one row and return its new etag.

        Raises:
            LostRaceError: The row is not at the version that the write names.
        """
        (etag,) = await self._all([self._put_one(partition, write)])
        if etag is None:
            raise LostRaceError
        return etag

    async def put_many(self, partition: str, writes: Sequence[Write]) -> dict[str, str]:
        """Write the rows, at most one for each key, and return the new etag of those that were written.

        A hundred go in one transaction, all or none: where one is not at its version, each goes alone.
        """
        hundreds = batched(writes, _TRANSACTION, strict=False)
        written = await self._all(self._put_all(partition, hundred) for hundred in hundreds)
        return {key: etag for etags in written for key, etag in etags.items()}

    async def delete(self, partition: str, key: str, etag: str = "*") -> None:
        """Delete one row; it is no error if there is none.

        Raises:
            LostRaceError: The row is not at the version named.
        """
        work = self._ask(
            lambda table: table_requests.remove(table, partition, key, etag), repeatable=etag == "*"
        )
        if not all(await self._all([work])):
            raise LostRaceError

    async def range(self, partition: str, first: str, past: str, most: int = 1000) -> list[Row]:
        """Return at most `most` rows with first <= key < past, in the order of their keys."""
        work = self._ask(
            lambda table: table_requests.find_range(table, partition, first, past, most), repeatable=True
        )
        (rows,) = await self._all([work])
        return rows

    async def _put_one(self, partition: str, write: Write) -> str | None:
        return await self._ask(
            lambda table: table_requests.write_one(table, partition, write), repeatable=write.etag == "*"
        )

    async def _put_all(self, partition: str, writes: Sequence[Write]) -> dict[str, str]:
        together = await self._ask(
            lambda table: table_requests.write_all(table, partition, writes),
            repeatable=all(write.etag == "*" for write in writes),
        )
        if together is not None:
            return together
        etags = await asyncio.gather(*(self._put_one(partition, write) for write in writes))
        return {write.key: etag for write, etag in zip(writes, etags, strict=True) if etag is not None}

    async def _all[T](self, works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """Return what the works return.

        Raises:
            StorageDownError: One of them failed; what was sent may still take effect.
        """
        return await asyncio.gather(*works)

    async def _ask[T](self, request: Callable[[TableClient], T], *, repeatable: bool) -> T:
        """Return the request's result; one that is repeatable has a second try.

        A conditional write has none: if the first took effect and its answer was lost, the second would be
        told that somebody else was first.

        Raises:
            StorageDownError: The storage failed, or did so a moment ago.
        """
        async with self._places:
            if self._clock.monotonic() < self._closed_until:
                raise StorageDownError(self._why)
            try:
                # Each request has its time: a thousand of them are not a storage that hangs.
                async with asyncio.timeout(self._bounds.whole):
                    return await asyncio.get_running_loop().run_in_executor(
                        self._threads, self._tried, request, repeatable
                    )
            except TimeoutError:
                why = f"The storage gave no answer within {self._bounds.whole:g} seconds."
                raise self._fault(why, closes=True) from None
            # Where an answer is no storage's but a firewall's page, the library fails by errors of any kind.
            except Exception as error:  # noqa: BLE001
                why, closes = _told(error), _tells_of_the_storage(error)
        # Outside of the handler: a chained error would carry the library's text into every traceback.
        raise self._fault(why, closes=closes)

    def _tried[T](self, request: Callable[[TableClient], T], repeatable: bool) -> T:  # noqa: FBT001  run_in_executor passes positions alone
        from azure.core.exceptions import AzureError  # noqa: PLC0415  200 ms of imports that a health probe spares

        try:
            return request(self._table())
        except AzureError as error:
            if table_requests.is_table_missing(error):
                table_requests.make_table(self._table())
            elif table_requests.status_of(error) in _NOT_ADMITTED:
                # The identity's library keeps a token for up to a day: one that is rejected must not stay.
                self._client = None
                raise
            elif not (repeatable and _may_pass(error)):
                raise
        return request(self._table())

    def _table(self) -> TableClient:
        with self._making:
            if self._client is None:
                self._client = _client(self._settings, self._name, self._wires, self._bounds)
            return self._client

    def _fault(self, why: str, *, closes: bool) -> StorageDownError:
        """Return the error that says why; the first of a window is logged and opens it."""
        now = self._clock.monotonic()
        if now >= self._closed_until:
            record(_LOG, logging.WARNING, Event.STORAGE_UNAVAILABLE, cause=why)
            if closes:
                self._closed_until, self._why = now + self._bounds.closed, why
        return StorageDownError(why)


def _client(settings: StorageSettings, name: str, wires: Wires, bounds: Bounds) -> TableClient:
    """Return a client of the table, by connection string or as the managed identity."""
    from azure.data.tables import TableClient  # noqa: PLC0415  see `_tried`
    from azure.identity import ManagedIdentityCredential  # noqa: PLC0415  see `_tried`

    quick: dict[str, Any] = {
        "connection_timeout": bounds.connect,
        "read_timeout": bounds.read,
        "retry_total": 0,
    }
    options = quick | wires.azure_options()
    if settings.connection_string is not None:
        return TableClient.from_connection_string(settings.connection_string, name, **options)
    identity = ManagedIdentityCredential(client_id=settings.client_id, **quick, **wires.azure_options())
    return TableClient(str(settings.table_url), name, credential=identity, **options)


def _may_pass(error: AzureError) -> bool:
    status = table_requests.status_of(error)
    return status is None or status >= _SERVER_FAULT


def _tells_of_the_storage(error: Exception) -> bool:
    """Return whether the next request would fare no better, as far as the error can tell."""
    from azure.core.exceptions import AzureError  # noqa: PLC0415  see `_tried`

    return isinstance(error, AzureError) and table_requests.status_of(error) not in _ONE_REQUESTS


def _told(error: Exception) -> str:
    """Return what went wrong in words that hold no secret."""
    status, code = getattr(error, "status_code", None), getattr(error, "error_code", None)
    if status is None:
        return f"The storage could not be used ({type(error).__name__})."
    text = str(getattr(code, "value", code))
    return f"The storage answered {status} ({text if _CODE.fullmatch(text) else 'no code'})."
