"""Keeps a message ours while its function runs."""

import logging
import threading

from dev.functions_host.storage_queue import LeaseLostError, Message, StorageError, StorageQueue

_log = logging.getLogger("Host.Queues")

# Longer than storage may keep one call waiting.
_END_SECONDS = 30


class MessageLease:
    """A lease that is renewed when half of it has passed, until it is ended.

    The renewing goes on in a thread of its own: in Azure it is another process that does it, so a function
    that blocks the event loop keeps its message there, and must keep it here.
    """

    def __init__(self, queue: StorageQueue, message: Message, seconds: int) -> None:
        self._queue = queue
        self._message = message
        self._seconds = seconds
        self._receipt = message.receipt
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease-{message.identifier}", daemon=True)
        self._thread.start()

    def end(self) -> str:
        """Renew no more, and give the receipt by which the message can be settled."""
        self._ended.set()
        self._thread.join(_END_SECONDS)
        return self._receipt

    def _renew(self) -> None:
        wait = self._seconds / 2
        while not self._ended.wait(wait):
            try:
                self._receipt = self._queue.hide(
                    self._message.identifier, self._receipt, self._seconds, tries_again=0
                )
            except LeaseLostError:
                _log.warning("The lease of message %s was lost", self._message.identifier)
                return
            except StorageError as error:
                _log.warning("The lease of message %s was not renewed: %s", self._message.identifier, error)
                # Some tries are left before it ends.
                wait = self._seconds / 8
            else:
                _log.info("Renewed the lease of message %s", self._message.identifier)
                wait = self._seconds / 2
