"""A queue trigger: takes messages, has them handled, and settles each by how it went."""

import asyncio
import base64
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from azure_functions_runtime.bindings.datumdef import Datum

from dev.functions_host.message_lease import MessageLease
from dev.functions_host.queue_settings import QueueSettings
from dev.functions_host.storage_queue import (
    LeaseLostError,
    Message,
    QueueMissingError,
    StorageError,
    StorageQueue,
)

_log = logging.getLogger("Host.Queues")

# Between two looks into an empty queue; it doubles up to maxPollingInterval.
_SHORTEST_WAIT_SECONDS = 0.1
_MESSAGE_LIVES = timedelta(days=7)
# For ending the renewal of what is abandoned.
_ABANDON_SECONDS = 30.0

type Invoke = Callable[[Datum, Mapping[str, Datum], str], Awaitable[bool]]


class _Verdict(Enum):
    """What became of a message."""

    DONE = auto()
    FAILED = auto()
    HOPELESS = auto()
    """Not to be tried again."""
    ABANDONED = auto()
    """Given up because the host stops: it stays hidden until its lease ends."""


class QueueTrigger:
    """Runs one function on the messages of one queue, at least once each."""

    def __init__(
        self,
        queue: StorageQueue,
        poison: StorageQueue | None,
        invoke: Invoke,
        settings: QueueSettings,
        *,
        as_bytes: bool = False,
    ) -> None:
        """Take the queue, where what always fails goes, and what runs the function.

        A poison queue has none of its own: what fails there is left until its lease ends, as Azure leaves it.
        """
        self._queue = queue
        self._poison = poison
        self._invoke = invoke
        self._settings = settings
        self._as_bytes = as_bytes
        self._handling: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None
        self._stopping = False
        self._unreachable = False

    async def start(self) -> None:
        """Listen. A queue that is missing is not made: whoever sends to it does."""
        self._listening = asyncio.create_task(self._listen())

    async def stop(self, grace_seconds: float) -> None:
        """Take no more; what is being handled may take so long, then it is abandoned."""
        self._stopping = True
        self._queue.changed.set()
        if self._listening is None:
            return
        began = asyncio.get_running_loop().time()
        await asyncio.wait({self._listening}, timeout=grace_seconds)
        left = grace_seconds - (asyncio.get_running_loop().time() - began)
        if self._handling:
            await asyncio.wait(self._handling, timeout=max(left, 0))
        abandoned = [self._listening, *self._handling]
        for task in abandoned:
            task.cancel()
        await asyncio.wait(abandoned, timeout=_ABANDON_SECONDS)

    async def run_now(self, text: str) -> bool:
        """Run the function on a text as if it had been a message, and say whether it succeeded."""
        now = datetime.now(UTC).replace(microsecond=0)
        message = Message(str(uuid.uuid4()), text, 1, now, now + _MESSAGE_LIVES, now, receipt="")
        return await self._invoke(self._value(text.encode()), _metadata(message), "on demand")

    async def _listen(self) -> None:
        wait = _SHORTEST_WAIT_SECONDS
        while not self._stopping:
            self._queue.changed.clear()
            if len(self._handling) > self._settings.new_batch_threshold:
                await self._queue.changed.wait()
                continue
            if await self._take():
                wait = _SHORTEST_WAIT_SECONDS
                continue
            try:
                async with asyncio.timeout(min(wait, self._settings.max_polling_interval)):
                    await self._queue.changed.wait()
                wait = _SHORTEST_WAIT_SECONDS
            except TimeoutError:
                wait = min(wait * 2, self._settings.max_polling_interval)

    async def _take(self) -> bool:
        """Take what there is and begin with it; whether there was anything."""
        settings = self._settings
        try:
            messages = await asyncio.to_thread(
                self._queue.receive, settings.batch_size, settings.lease_seconds
            )
        except QueueMissingError:
            return False
        except StorageError as error:
            self._say_unreachable(error)
            return False
        self._unreachable = False
        for message in messages:
            task = asyncio.create_task(self._handle(message))
            self._handling.add(task)
            task.add_done_callback(self._handled)
        return bool(messages)

    def _handled(self, task: asyncio.Task[None]) -> None:
        self._handling.discard(task)
        self._queue.changed.set()

    async def _handle(self, message: Message) -> None:
        lease = MessageLease(self._queue, message, self._settings.lease_seconds)
        try:
            verdict = await self._attempt(message)
        except asyncio.CancelledError:
            await asyncio.to_thread(self._settle, message, lease, _Verdict.ABANDONED)
            raise
        await asyncio.to_thread(self._settle, message, lease, verdict)
        if verdict is _Verdict.HOPELESS and self._poison is not None:
            self._poison.changed.set()

    async def _attempt(self, message: Message) -> _Verdict:
        """Run the function, unless the message was seen too often or cannot be read."""
        # Seen too often without a failure: every time, the host was killed.
        if message.dequeue_count > self._settings.max_dequeue_count and self._poison is not None:
            return _Verdict.HOPELESS
        try:
            body = self._decoded(message.text)
        except ValueError:
            _log.error("Message %s of %s is not in base64", message.identifier, self._queue.name)
            return _Verdict.HOPELESS
        _log.info(
            "Message %s of %s, dequeued %d times", message.identifier, self._queue.name, message.dequeue_count
        )
        reason = f"New queue message detected on '{self._queue.name}'."
        try:
            value = self._value(body)
        except UnicodeDecodeError:
            _log.error("Message %s of %s is not UTF-8", message.identifier, self._queue.name)
        else:
            if await self._invoke(value, _metadata(message), reason):
                return _Verdict.DONE
        was_last = message.dequeue_count >= self._settings.max_dequeue_count
        return _Verdict.HOPELESS if was_last else _Verdict.FAILED

    def _settle(self, message: Message, lease: MessageLease, verdict: _Verdict) -> None:
        """Put a message where it belongs: away, back, or to the poison queue."""
        identifier, receipt = message.identifier, lease.end()
        try:
            if verdict is _Verdict.DONE:
                self._queue.delete(identifier, receipt)
            elif verdict is _Verdict.ABANDONED:
                _log.warning("Message %s stays hidden until its lease ends", identifier)
            elif self._poison is None:
                _log.warning("Message %s stays hidden: %s has no poison queue", identifier, self._queue.name)
            elif verdict is _Verdict.HOPELESS:
                _log.warning("Moving message %s to %s", identifier, self._poison.name)
                self._poison.send(message.text)
                self._queue.delete(identifier, receipt)
            else:
                self._queue.hide(identifier, receipt, self._settings.visibility_timeout)
        except LeaseLostError:
            _log.warning("Message %s was settled by somebody else: its lease had ended", identifier)
        except StorageError as error:
            _log.error("Message %s was not settled and will come again: %s", identifier, error)

    def _decoded(self, text: str) -> bytes:
        return base64.b64decode(text, validate=True) if self._settings.base64 else text.encode()

    def _value(self, body: bytes) -> Datum:
        return Datum(body, "bytes") if self._as_bytes else Datum(body.decode(), "string")

    def _say_unreachable(self, error: StorageError) -> None:
        # Once, and not at every look.
        if not self._unreachable:
            _log.error("The queue %s cannot be read: %s", self._queue.name, error)
        self._unreachable = True


def _metadata(message: Message) -> dict[str, Datum]:
    moments = {
        "InsertionTime": message.inserted,
        "ExpirationTime": message.expires,
        "NextVisibleTime": message.next_visible,
    }
    return {
        "Id": Datum(message.identifier, "string"),
        "DequeueCount": Datum(str(message.dequeue_count), "json"),
        "PopReceipt": Datum(message.receipt, "string"),
        **{name: Datum(json.dumps(moment.isoformat()), "json") for name, moment in moments.items()},
    }
