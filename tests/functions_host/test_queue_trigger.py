"""The trigger itself, on real queues, with the test as its function."""

import asyncio
import base64
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure_functions_runtime.bindings.datumdef import Datum

from dev.functions_host.queue_settings import QueueSettings
from dev.functions_host.queue_trigger import QueueTrigger
from dev.functions_host.storage_queue import LeaseLostError, StorageQueue

type MakeQueue = Callable[[], StorageQueue]

QUICK = QueueSettings(max_polling_interval=0.05)


class Function:
    """Notes what it is given, and ends when and how the test says."""

    def __init__(self) -> None:
        self.seen: asyncio.Queue[Datum] = asyncio.Queue()
        self.answers: asyncio.Queue[bool] = asyncio.Queue()
        self.counts: list[str] = []

    async def __call__(self, value: Datum, metadata: Mapping[str, Datum], reason: str) -> bool:
        """Run."""
        del reason
        self.counts.append(metadata["DequeueCount"].value)
        self.seen.put_nowait(value)
        return await self.answers.get()

    def end(self, *, succeeded: bool = True) -> None:
        """Let one run end."""
        self.answers.put_nowait(succeeded)


@asynccontextmanager
async def _running(trigger: QueueTrigger) -> Any:
    await trigger.start()
    try:
        yield
    finally:
        await trigger.stop(0)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def test_one_at_a_time_if_host_json_says_so(make_queue: MakeQueue) -> None:
    """BatchSize 1 and newBatchThreshold 0: the second is taken when the first is done."""
    queue, function = make_queue(), Function()
    queue.send(_encoded("first"))
    queue.send(_encoded("second"))
    settings = QueueSettings(batch_size=1, new_batch_threshold=0, max_polling_interval=0.05)
    async with _running(QueueTrigger(queue, None, function, settings)):
        assert (await function.seen.get()).value == "first"
        # Not hidden yet, so it was not taken.
        (waiting,) = await asyncio.to_thread(queue.receive, 1, 1)
        assert waiting.text == _encoded("second")
        await asyncio.to_thread(queue.hide, waiting.identifier, waiting.receipt, 0)
        function.end()
        assert (await function.seen.get()).value == "second"
        function.end()


async def test_a_batch_runs_side_by_side_and_the_threshold_lets_more_in(make_queue: MakeQueue) -> None:
    """BatchSize 2 and newBatchThreshold 1: three run at a time, and no fourth."""
    queue, function = make_queue(), Function()
    for number in range(5):
        queue.send(_encoded(str(number)))
    settings = QueueSettings(batch_size=2, new_batch_threshold=1, max_polling_interval=0.05)
    async with _running(QueueTrigger(queue, None, function, settings)):
        assert {(await function.seen.get()).value for _ in range(2)} == {"0", "1"}
        function.end()
        assert {(await function.seen.get()).value for _ in range(2)} == {"2", "3"}
        (waiting,) = await asyncio.to_thread(queue.receive, 5, 1)
        assert waiting.text == _encoded("4")


async def test_without_encoding_texts_are_taken_as_they_are(make_queue: MakeQueue) -> None:
    """The setting messageEncoding none."""
    queue, function = make_queue(), Function()
    queue.send("grüße & <tags>")
    settings = QueueSettings(base64=False, max_polling_interval=0.05)
    async with _running(QueueTrigger(queue, None, function, settings)):
        assert await function.seen.get() == Datum("grüße & <tags>", "string")
        function.end()


async def test_a_function_may_ask_for_bytes(make_queue: MakeQueue) -> None:
    """The binding's dataType BINARY; nothing is lost then."""
    queue, function = make_queue(), Function()
    queue.send(base64.b64encode(b"\xff\x00").decode())
    async with _running(QueueTrigger(queue, None, function, QUICK, as_bytes=True)):
        assert await function.seen.get() == Datum(b"\xff\x00", "bytes")
        function.end()


async def test_a_message_seen_too_often_is_not_tried_again(make_queue: MakeQueue) -> None:
    """Hosts that are killed on it leave no failure behind, only the count."""
    queue, poison, function = make_queue(), make_queue(), Function()
    queue.send(_encoded("deadly"))
    for _ in range(2):
        (taken,) = queue.receive(1, 1)
        queue.hide(taken.identifier, taken.receipt, 0)
    settings = QueueSettings(max_dequeue_count=2, max_polling_interval=0.05)
    async with _running(QueueTrigger(queue, poison, function, settings)):
        await poison.changed.wait()
    assert [message.text for message in poison.receive(1, 1)] == [_encoded("deadly")]
    assert function.seen.empty()


async def test_what_fails_in_a_poison_queue_stays_hidden(make_queue: MakeQueue) -> None:
    """It has no poison queue of its own, and must not come again at once for ever."""
    queue, function = make_queue(), Function()
    queue.send(_encoded("first"))
    settings = QueueSettings(batch_size=1, new_batch_threshold=0, max_polling_interval=0.05)
    async with _running(QueueTrigger(queue, None, function, settings)):
        await function.seen.get()
        function.end(succeeded=False)
        queue.send(_encoded("second"))
        assert (await function.seen.get()).value == "second"
        function.end()
    assert function.counts == ["1", "1"]
    assert queue.receive(5, 1) == []


async def test_a_failed_message_waits_for_the_visibility_timeout(make_queue: MakeQueue) -> None:
    """Others come first meanwhile."""
    queue, poison, function = make_queue(), make_queue(), Function()
    queue.send(_encoded("first"))
    settings = QueueSettings(
        batch_size=1, new_batch_threshold=0, visibility_timeout=600, max_polling_interval=0.05
    )
    async with _running(QueueTrigger(queue, poison, function, settings)):
        await function.seen.get()
        function.end(succeeded=False)
        queue.send(_encoded("second"))
        assert (await function.seen.get()).value == "second"
        function.end()
    assert queue.receive(5, 1) == []


async def test_a_queue_that_is_missing_is_not_made_and_found_once_it_is(
    make_queue: MakeQueue, open_queue: Any
) -> None:
    """Seen on host 4.1037: the trigger waits until somebody has made it."""
    queue, function = make_queue(), Function()
    other = open_queue(queue.name)
    other.delete_queue()
    async with _running(QueueTrigger(queue, None, function, QUICK)):
        with pytest.raises(ResourceNotFoundError):
            await asyncio.to_thread(other.send_message, _encoded("to nobody"))
        await asyncio.to_thread(queue.send, _encoded("after all"))
        assert (await function.seen.get()).value == "after all"
        function.end()


async def test_what_is_no_utf_8_fails_unseen_and_ends_as_poison(make_queue: MakeQueue) -> None:
    """Seen on host 4.1037: the function is not called; each try takes the visibility timeout."""
    queue, poison, function = make_queue(), make_queue(), Function()
    queue.send(base64.b64encode(b"\xff\x00").decode())
    settings = QueueSettings(max_dequeue_count=2, max_polling_interval=0.05)
    async with _running(QueueTrigger(queue, poison, function, settings)):
        await poison.changed.wait()
    (buried,) = poison.receive(1, 1)
    assert base64.b64decode(buried.text) == b"\xff\x00"
    assert function.seen.empty()


async def test_a_lease_can_be_lost(make_queue: MakeQueue) -> None:
    """Whoever took the message later holds the valid receipt."""
    queue = make_queue()
    queue.send("text")
    (taken,) = queue.receive(1, 1)
    newer = queue.hide(taken.identifier, taken.receipt, 60)
    with pytest.raises(LeaseLostError):
        queue.delete(taken.identifier, taken.receipt)
    queue.delete(taken.identifier, newer)
    with pytest.raises(LeaseLostError):
        queue.delete(taken.identifier, newer)
    assert taken.receipt not in repr(taken)
