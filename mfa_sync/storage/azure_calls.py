"""Calls to Azure storage: bounded in time, in threads of their own, and none for a while after a failure."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mfa_sync.storage import azure_errors
from mfa_sync.storage.table import StorageDownError
from mfa_sync.telemetry.events import Event, record

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.exceptions import AzureError

    from mfa_sync.settings.settings import StorageSettings
    from mfa_sync.settings.transports import Transports
    from shared.clock import Clock

_LOG = logging.getLogger(__name__)
# As many as the library keeps connections for: one more would be opened and thrown away each time.
_IN_FLIGHT = 10


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


BOUNDS = Bounds()


class Client(Protocol):
    """What every client of Azure's storage libraries can do."""

    def close(self) -> None:
        """Let go of its connections."""
        ...


@dataclass(frozen=True, slots=True)
class Place[C]:
    """A table or a container: how we come to it, and what to do if it is not there. All of it blocks.

    Attributes:
        open: Returns a client of it.
        is_missing: Whether an error says that there is no such place, rather than no such thing in it.
        make: Makes it, unless another worker was faster.
    """

    open: Callable[[], C]
    is_missing: Callable[[AzureError], bool]
    make: Callable[[C], None]


class StorageCalls[C: Client]:
    """Carries requests to one place, and makes the place if it is missing.

    Azure's libraries block, so they run in threads of our own: a storage that hangs must not take the threads
    that the rest of the process needs. Their retries are off, because they sleep for longer than we may.
    """

    def __init__(self, place: Place[C], clock: Clock, bounds: Bounds) -> None:
        self._place = place
        self._clock = clock
        self._bounds = bounds
        self._client: C | None = None
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

    async def ask[T](self, request: Callable[[C], T], *, repeatable: bool) -> T:
        """Return the request's result; one that is repeatable has a second try.

        A conditional write has none: if the first took effect and its answer was lost, the second would be
        told that somebody else was first.

        Raises:
            StorageDownError: The storage failed, or did so a moment ago; what was sent may still take effect.
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
                why, closes = f"The storage gave no answer within {self._bounds.whole:g} seconds.", True
            # Where an answer is no storage's but a firewall's page, the library fails by errors of any kind.
            except Exception as error:  # noqa: BLE001
                why, closes = azure_errors.told(error), azure_errors.tells_of_the_storage(error)
        # Outside of the handler: a chained error would carry the library's text into every traceback.
        raise self._fault(why, closes=closes)

    def _tried[T](self, request: Callable[[C], T], repeatable: bool) -> T:  # noqa: FBT001  run_in_executor passes positions alone
        from azure.core.exceptions import AzureError  # noqa: PLC0415  200 ms of imports that a health probe spares

        try:
            return request(self._opened())
        except AzureError as error:
            if self._place.is_missing(error):
                self._place.make(self._opened())
            elif azure_errors.is_refusal(error):
                # The identity's library keeps a token for up to a day: one that is rejected must not stay.
                self._client = None
                raise
            elif not (repeatable and azure_errors.may_pass(error)):
                raise
        return request(self._opened())

    def _opened(self) -> C:
        with self._making:
            if self._client is None:
                self._client = self._place.open()
            return self._client

    def _fault(self, why: str, *, closes: bool) -> StorageDownError:
        """Return the error that says why; the first of a window is logged and opens it."""
        now = self._clock.monotonic()
        if now >= self._closed_until:
            record(_LOG, logging.WARNING, Event.STORAGE_UNAVAILABLE, cause=why)
            if closes:
                self._closed_until, self._why = now + self._bounds.closed, why
        return StorageDownError(why)


def client_options(settings: StorageSettings, transports: Transports, bounds: Bounds) -> dict[str, Any]:
    """Return what a client is made with; without a connection string it comes as the managed identity."""
    quick: dict[str, Any] = {
        "connection_timeout": bounds.connect,
        "read_timeout": bounds.read,
        "retry_total": 0,
    }
    options = quick | transports.azure_options()
    if settings.connection_string is None:
        from azure.identity import ManagedIdentityCredential  # noqa: PLC0415  as above

        options["credential"] = ManagedIdentityCredential(
            client_id=settings.client_id, **quick, **transports.azure_options()
        )
    return options
