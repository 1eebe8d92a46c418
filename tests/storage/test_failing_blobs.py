"""Blobs that are down, slow or refuse us: what holds for tables holds for them."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable

import pytest

from dev.azurite import Azurite
from mfa_sync.storage.azure_blobs import AzureBlobs
from mfa_sync.storage.azure_calls import Bounds
from mfa_sync.storage.table import StorageDownError
from tests.clocks import FakeClock
from tests.storage.conftest import new_name, said
from tests.storage.silent_storage import KEY, SIGNATURE, SilentStorage, keyed, port_of_nobody, signed

type OpenBlobs = Callable[..., AzureBlobs]

WINDOW = Bounds().closed


async def failure_of(blobs: AzureBlobs) -> StorageDownError:
    """Return how reading fails."""
    with pytest.raises(StorageDownError) as failed:
        await blobs.get("a")
    return failed.value


CALLS: dict[str, Callable[[AzureBlobs], Awaitable[object]]] = {
    "get": lambda blobs: blobs.get("a"),
    "put": lambda blobs: blobs.put("a", b"x"),
    "delete": lambda blobs: blobs.delete("a"),
}


async def test_an_outage_is_left_alone_for_a_while_and_then_tried_again(
    azurite: Azurite, open_blobs: OpenBlobs, clock: FakeClock
) -> None:
    """Inside the window nothing is tried, even where it would succeed; after it, all is as before."""
    blobs = open_blobs(azurite.connection_string)
    await blobs.put("a", b"1")
    azurite.stop()
    try:
        first = await failure_of(blobs)
    finally:
        azurite.start()
    clock.advance(WINDOW - 1)
    assert str(await failure_of(blobs)) == str(first)
    clock.advance(1)
    assert await blobs.get("a") == b"1"


async def test_a_window_is_logged_once_however_many_calls_meet_it(
    open_blobs: OpenBlobs, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Each method fails alike, and lets no error of Azure's library through."""
    blobs = open_blobs(keyed(port_of_nobody()))
    for call in (*CALLS.values(), *CALLS.values()):
        with pytest.raises(StorageDownError):
            await call(blobs)
    assert len(said(caplog)) == 1
    for call in CALLS.values():
        clock.advance(WINDOW)
        with pytest.raises(StorageDownError):
            await call(blobs)
    assert len(said(caplog)) == 4


@pytest.mark.parametrize("method", CALLS)
async def test_every_request_has_a_second_try_and_no_third(open_blobs: OpenBlobs, method: str) -> None:
    """None has a condition, so done twice is done once; the library's own tries are off."""
    with SilentStorage(hangs_up=True) as storage:
        with pytest.raises(StorageDownError):
            await CALLS[method](open_blobs(keyed(storage.port)))
        assert len(storage.heard) == 2


async def test_a_storage_that_does_not_answer_is_given_up(open_blobs: OpenBlobs) -> None:
    """Each request has a bound of its own."""
    with SilentStorage() as storage:
        assert "Timeout" in str(await failure_of(open_blobs(keyed(storage.port), bounds=Bounds(read=0.05))))


async def test_a_request_that_is_given_up_as_a_whole_opens_the_window(
    open_blobs: OpenBlobs, caplog: pytest.LogCaptureFixture
) -> None:
    """The next caller does not wait as long again."""
    with SilentStorage() as storage:
        blobs = open_blobs(keyed(storage.port), bounds=Bounds(whole=0.05))
        assert str(await failure_of(blobs)) == "The storage gave no answer within 0.05 seconds."
        await failure_of(blobs)
        assert len(said(caplog)) == 1


@pytest.mark.parametrize("text", [keyed(port_of_nobody()), signed(port_of_nobody()), f"AccountKey={KEY}"])
async def test_no_secret_of_a_connection_string_is_told(
    open_blobs: OpenBlobs, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A signature stands in every address that the library's errors quote, so they are not chained either."""
    failed = await failure_of(open_blobs(text))
    shown = "".join(traceback.format_exception(failed)) + repr(failed) + caplog.text
    assert KEY not in shown
    assert SIGNATURE not in shown
    assert failed.__cause__ is None
    assert failed.__context__ is None


async def test_a_refusal_is_told_by_its_code(azurite: Azurite, open_blobs: OpenBlobs) -> None:
    """Whoever reads the log must know what to mend."""
    wrong = azurite.connection_string.replace("AccountKey=E", "AccountKey=A")
    assert "answered 403 (Auth" in str(await failure_of(open_blobs(wrong)))


async def test_workers_may_make_the_container_at_once(azurite: Azurite, open_blobs: OpenBlobs) -> None:
    """Who comes second finds it made."""
    name = new_name()
    workers = [open_blobs(azurite.connection_string, name=name) for _ in range(4)]
    await asyncio.gather(*(worker.put(str(n), b"x") for n, worker in enumerate(workers)))
    assert [await workers[0].get(str(n)) for n in range(4)] == [b"x"] * 4
