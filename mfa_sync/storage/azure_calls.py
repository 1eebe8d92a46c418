"""How each call to Azure storage is made: bounded, in threads of its own, and not soon after a failure."""

from __future__ import annotations

import asyncio
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from mfa_sync.settings.settings import StorageSettings
from mfa_sync.settings.transports import OWN, Transports
from mfa_sync.storage.table import StorageDownError
from mfa_sync.telemetry.events import Event, record
from mfa_sync.vault.identity import credential
from shared.clock import Clock

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

# As many as the library keeps connections for: one more would be opened and thrown away each time.
_IN_FLIGHT = 10
_NOT_ADMITTED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_FAULT_OF_ONE_REQUEST = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})
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


BOUNDS = Bounds()


class Client(Protocol):
    """What every client of Azure's storage libraries can do."""

    def close(self) -> None:
        """Let go of its connections."""
        ...


class StorageCalls[C: Client](ABC):
    """Carries requests to one table or container, and makes it if it is missing.

    Azure's libraries block, so they run in threads of our own: a storage that hangs must not take the threads
    that the rest of the process needs. They try a request a second time, at once; one that must not be
    repeated passes `retry_total=0`. That is each conditional write: if the first took effect and its answer
    was lost, the second would be told that somebody else was first.
    """

    def __init__(
        self,
        settings: StorageSettings,
        name: str,
        clock: Clock,
        transports: Transports = OWN,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._settings = settings
        self._name = name
        self._clock = clock
        self._transports = transports
        self._bounds = bounds
        self._client: C | None = None
        self._opening = threading.Lock()
        self._threads = ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="storage")
        self._places = asyncio.Semaphore(_IN_FLIGHT)
        self._closed_until = clock.monotonic()
        self._why = ""

    @abstractmethod
    def _open(self) -> C:
        """Return a client, made by `_client_of`."""

    @abstractmethod
    def _create(self, client: C) -> None:
        """Make the table or container in the account."""

    @abstractmethod
    def _is_missing(self, error: AzureError) -> bool:
        """Return whether the table or container itself is missing, rather than something in it."""

    def close(self) -> None:
        """Let go of connections and threads. What is under way ends unseen."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    async def _ask[T](self, request: Callable[[C], T]) -> T:
        """Return what a request returns, which is called in a thread.

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
                        self._threads, self._send, request
                    )
            except TimeoutError:
                why, closes = f"The storage gave no answer within {self._bounds.whole:g} seconds.", True
            # Where an answer is no storage's but a firewall's page, the library fails by errors of any kind.
            except Exception as error:  # noqa: BLE001  see above
                why, closes = _reason(error), _is_outage(error)
        # Outside of the handler: a chained error would carry the library's text into every traceback.
        raise self._fault(why, closes=closes)

    async def _ask_or_none[T](
        self, request: Callable[[C], T], none_if: Callable[[AzureError], bool]
    ) -> T | None:
        """Return what a request returns, called in a thread; None where its error is such an answer.

        Raises:
            StorageDownError: The storage failed, or did so a moment ago; what was sent may still take effect.
        """

        def attempt(client: C) -> T | None:
            from azure.core.exceptions import AzureError  # noqa: PLC0415  loaded by `_open`

            try:
                return request(client)
            except AzureError as error:
                if none_if(error) and not self._is_missing(error):
                    return None
                raise

        return await self._ask(attempt)

    def _send[T](self, request: Callable[[C], T]) -> T:
        from azure.core.exceptions import (  # noqa: PLC0415  200 ms of imports that a health probe spares
            AzureError,
            ClientAuthenticationError,
            ResourceExistsError,
        )

        try:
            return request(self._opened())
        except AzureError as error:
            if status_of(error) in _NOT_ADMITTED:
                # The identity's library keeps a token for up to a day: one that is rejected must not stay.
                self._client = None
                raise
            if self._is_missing(error):
                with suppress(ResourceExistsError):  # another worker was faster
                    self._create(self._opened())
            elif not isinstance(error, ClientAuthenticationError):  # the identity gave no token: nothing left
                raise
        return request(self._opened())

    def _opened(self) -> C:
        with self._opening:
            if self._client is None:
                self._client = self._open()
            return self._client

    def _client_of(self, kind: Any, url: str | None, **options: Any) -> C:
        """Return a client of a kind, by connection string or else as the managed identity."""
        patience = {"connection_timeout": self._bounds.connect, "read_timeout": self._bounds.read}
        options |= {"retry_total": 1, **patience, **self._transports.azure_options()}
        client: C
        if self._settings.connection_string is not None:
            client = kind.from_connection_string(self._settings.connection_string, self._name, **options)
        else:
            # A token is asked for outside of the request's second try, so its endpoint has one of its own.
            once_more = {"retry_total": 1, "retry_backoff_factor": 0}
            identity = credential(self._settings.client_id, self._transports, **once_more, **patience)
            client = kind(str(url), self._name, credential=identity, **options)
        return client

    def _fault(self, why: str, *, closes: bool) -> StorageDownError:
        """Return the error that says why; the first of a window is logged and opens it."""
        now = self._clock.monotonic()
        if now >= self._closed_until:
            record(Event.STORAGE_UNAVAILABLE, cause=why)
            if closes:
                self._closed_until, self._why = now + self._bounds.closed, why
        return StorageDownError(why)


def status_of(error: Exception) -> int | None:
    """Return the status of the answer that is the error; None if there was no answer."""
    return getattr(error, "status_code", None)


def code_of(error: Exception) -> str | None:
    """Return the service's code for the error. The table library's error for a failed insert has none."""
    code = getattr(error, "error_code", None)
    return None if code is None else str(getattr(code, "value", code))


def _is_outage(error: Exception) -> bool:
    """Return whether the next request would fare no better, as far as the error can tell."""
    from azure.core.exceptions import AzureError  # noqa: PLC0415  loaded by who made the client

    return isinstance(error, AzureError) and status_of(error) not in _FAULT_OF_ONE_REQUEST


def _reason(error: Exception) -> str:
    """Return what went wrong in words that hold no secret."""
    status, code = status_of(error), code_of(error)
    if status is None:
        return f"The storage could not be used ({type(error).__name__})."
    return f"The storage answered {status} ({code if code and _CODE.fullmatch(code) else 'no code'})."
