"""One queue of Azure Storage, spoken to as the Functions host does. Calls block: they belong in threads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.storage.queue import QueueClient

# The library writes every request to a log of its own, which would drown the app's. Warnings may pass.
_log = logging.getLogger("Host.Storage")
_log.setLevel(logging.WARNING)

# As the .NET library does by default, about: three more tries, a second apart.
_TRIES_AGAIN = 3
_CONNECT_SECONDS = 5
_READ_SECONDS = 20


class StorageError(Exception):
    """Storage refused, or did not answer; the text says which."""


class QueueMissingError(StorageError):
    """There is no such queue."""


class LeaseLostError(StorageError):
    """The message is somebody else's by now, or gone."""


@dataclass(frozen=True)
class Message:
    """A message that is leased to us, its text as it lies in the queue."""

    identifier: str
    text: str
    dequeue_count: int
    inserted: datetime
    expires: datetime
    next_visible: datetime
    receipt: str = field(repr=False)


class StorageQueue:
    """A queue, by its name in an account."""

    def __init__(self, connection_string: str, name: str) -> None:
        self.name = name
        self._connection_string = connection_string
        self._made: QueueClient | None = None
        # Set when this process has put a message there, so that its own listener need not wait for its turn.
        self.changed = asyncio.Event()

    def create(self) -> None:
        """Make the queue unless it is there."""
        from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415 - for apps with queues only

        with _plain_errors():
            try:
                self._client().create_queue()
            except ResourceExistsError:
                return

    def send(self, text: str) -> None:
        """Put a text there as it is, and the queue too if it is missing."""
        try:
            self._send(text)
        except QueueMissingError:
            self.create()
            self._send(text)

    def receive(self, count: int, lease_seconds: int) -> list[Message]:
        """Take up to so many messages, which nobody else sees until their lease ends."""
        with _plain_errors():
            # Who polls asks again anyway.
            pages = (
                self._client()
                .receive_messages(messages_per_page=count, visibility_timeout=lease_seconds, retry_total=0)
                .by_page()
            )
            return [_message(taken) for taken in next(pages, ())]

    def hide(self, identifier: str, receipt: str, seconds: int, *, tries_again: int = _TRIES_AGAIN) -> str:
        """Let nobody see a message for so long from now; 0: it is back at once. Gives the new receipt.

        Raises:
            LeaseLostError: If the receipt is not the newest.
        """
        with _plain_errors():
            updated = self._client().update_message(
                identifier, receipt, visibility_timeout=seconds, retry_total=tries_again
            )
            return str(updated.pop_receipt)

    def delete(self, identifier: str, receipt: str) -> None:
        """Remove a message for good.

        Raises:
            LeaseLostError: If the receipt is not the newest.
        """
        with _plain_errors():
            self._client().delete_message(identifier, receipt)

    def close(self) -> None:
        """Let go of the connections."""
        if self._made is not None:
            self._made.close()
            self._made = None

    def _send(self, text: str) -> None:
        with _plain_errors():
            self._client().send_message(text)

    def _client(self) -> QueueClient:
        if self._made is None:
            from azure.storage.queue import LinearRetry, QueueClient  # noqa: PLC0415 - as above

            self._made = QueueClient.from_connection_string(
                self._connection_string,
                self.name,
                logger=_log,
                retry_policy=LinearRetry(backoff=1, retry_total=_TRIES_AGAIN, random_jitter_range=0),
                connection_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
            )
        return self._made


def _message(taken: Any) -> Message:
    return Message(
        identifier=taken.id,
        text=taken.content,
        dequeue_count=taken.dequeue_count,
        inserted=taken.inserted_on,
        expires=taken.expires_on,
        next_visible=taken.next_visible_on,
        receipt=taken.pop_receipt,
    )


@contextmanager
def _plain_errors() -> Iterator[None]:
    from azure.core.exceptions import AzureError, HttpResponseError  # noqa: PLC0415 - for apps with queues only

    try:
        yield
    except HttpResponseError as error:
        # The library's own enumeration, or a text that it does not know.
        given = getattr(error, "error_code", None) or error.reason
        code = str(getattr(given, "value", given))
        if code == "QueueNotFound":
            raise QueueMissingError(code) from error
        if code in {"MessageNotFound", "PopReceiptMismatch"}:
            raise LeaseLostError(code) from error
        raise StorageError(f"{error.status_code} {code}") from error
    except AzureError as error:
        # Its own text shows addresses and objects, and says no more.
        raise StorageError(type(error).__name__) from error
