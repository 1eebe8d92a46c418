"""Queue output bindings: what a function set is sent once it has succeeded."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

from azure_functions_runtime.bindings.datumdef import Datum

from dev.functions_host.binding_settings import BindingError
from dev.functions_host.storage_queue import StorageError, StorageQueue

# What Storage takes in one message, after encoding; in base64 that is 48 KB of the function's own.
LIMIT_BYTES = 64 * 1024


class OutputError(Exception):
    """What a function set cannot be sent; the text does not quote it."""


class QueueOutputs:
    """The queue output bindings of all functions."""

    def __init__(
        self, queues: Mapping[tuple[str, str], StorageQueue | BindingError], *, encode: bool
    ) -> None:
        """Take the queue, or its fault, by function and binding name; whether messages are in base64."""
        self._queues = queues
        self._encode = encode

    async def send(self, function_name: str, values: Mapping[str, Datum | None]) -> None:
        """Send what a function that succeeded has set, by binding name, in its order.

        As in Azure each message is sent on its own: what went before one that fails stays sent.

        Raises:
            OutputError: If a value is no text, or too long, or Storage does not take it.
        """
        for binding_name, value in values.items():
            queue = self._queues.get((function_name, binding_name))
            if queue is None or value is None or value.value is None:
                continue
            if isinstance(queue, BindingError):
                raise OutputError(str(queue))
            for body in _bodies(queue.name, value):
                await self._send_one(queue, body)

    async def _send_one(self, queue: StorageQueue, body: bytes) -> None:
        encoded = base64.b64encode(body) if self._encode else body
        if len(encoded) > LIMIT_BYTES:
            raise OutputError(
                f"RequestBodyTooLarge: the message to {queue.name} has {len(body)} bytes, {len(encoded)} as "
                f"it is sent; the limit is {LIMIT_BYTES}."
            )
        try:
            await asyncio.to_thread(queue.send, encoded.decode())
        except StorageError as error:
            raise OutputError(f"The message to {queue.name} was not sent: {error}") from error
        except UnicodeDecodeError as error:
            raise OutputError(f"The message to {queue.name} is no text, and is not encoded.") from error
        queue.changed.set()


def _bodies(queue_name: str, value: Datum) -> list[bytes]:
    content: Any = json.loads(value.value) if value.type == "json" else value.value
    items = content if isinstance(content, list) else [content]
    if not all(isinstance(item, str | bytes) for item in items):
        # What Azure makes of other things, such as a QueueMessage, was not found documented.
        raise OutputError(f"This host sends texts and lists of texts; {queue_name} was given something else.")
    return [item.encode() if isinstance(item, str) else item for item in items]
