"""A storage that is down, slow or refuses us: said once, quickly and without a secret, then left alone."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable

import pytest

from dev.azurite import Azurite
from mfa_sync.storage.azure_calls import Bounds
from mfa_sync.storage.azure_table import AzureTable
from mfa_sync.storage.table import StorageDownError, Write
from tests.clocks import FakeClock
from tests.storage.conftest import new_name, said
from tests.storage.silent_storage import KEY, SIGNATURE, SilentStorage, keyed, port_of_nobody, signed

type OpenTable = Callable[..., AzureTable]

P = "partition"
WINDOW = Bounds().closed


async def failure_of(table: AzureTable) -> StorageDownError:
    """Return how reading fails."""
    with pytest.raises(StorageDownError) as failed:
        await table.get(P, "a")
    return failed.value


async def test_an_outage_is_left_alone_for_a_while_and_then_tried_again(
    azurite: Azurite, open_table: OpenTable, clock: FakeClock
) -> None:
    """Inside the window nothing is tried, even where it would succeed; after it, all is as before."""
    table = open_table(azurite.connection_string)
    await table.put(P, Write("a", {"n": 1}))
    azurite.stop()
    try:
        first = await failure_of(table)
    finally:
        azurite.start()
    clock.advance(WINDOW - 1)
    assert str(await failure_of(table)) == str(first)
    clock.advance(1)
    row = await table.get(P, "a")
    assert row is not None
    assert row.values == {"n": 1}


async def test_every_method_fails_alike(open_table: OpenTable, clock: FakeClock) -> None:
    """No method lets an error of Azure's library through."""
    table = open_table(keyed(port_of_nobody()))
    for call in (
        table.get(P, "a"),
        table.get_many(P, ["a", "b"]),
        table.put(P, Write("a", {})),
        table.put_many(P, [Write("a", {})]),
        table.delete(P, "a"),
        table.range(P, "a", "b"),
    ):
        clock.advance(WINDOW)
        with pytest.raises(StorageDownError):
            await call


async def test_a_window_is_logged_once_however_many_calls_meet_it(
    open_table: OpenTable, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """An outage at night is one line in ten seconds and not a thousand."""
    table = open_table(keyed(port_of_nobody()))
    await asyncio.gather(*(table.get(P, str(number)) for number in range(30)), return_exceptions=True)
    with pytest.raises(StorageDownError):
        await table.get_many(P, [str(number) for number in range(100)])
    assert len(said(caplog)) == 1
    clock.advance(WINDOW)
    await failure_of(table)
    assert len(said(caplog)) == 2


async def test_what_waits_its_turn_is_not_tried_once_the_storage_failed(open_table: OpenTable) -> None:
    """Ten at once, each twice: the other ninety cost a dead storage nothing, and us no time."""
    with SilentStorage(hangs_up=True) as storage:
        with pytest.raises(StorageDownError):
            await open_table(keyed(storage.port)).get_many(P, [str(number) for number in range(100)])
        assert len(storage.heard) <= 20


async def test_a_storage_that_does_not_answer_is_given_up(open_table: OpenTable) -> None:
    """Each request has a bound of its own; a read is tried once more."""
    with SilentStorage() as storage:
        table = open_table(keyed(storage.port), bounds=Bounds(read=0.05))
        assert "Timeout" in str(await failure_of(table))
        assert len(storage.heard) == 2


async def test_a_method_is_given_up_as_a_whole(open_table: OpenTable) -> None:
    """Whatever the requests may still hope for, the caller has a deadline."""
    with SilentStorage() as storage:
        table = open_table(keyed(storage.port), bounds=Bounds(whole=0.05))
        failed = await failure_of(table)
        assert str(failed) == "The storage gave no answer within 0.05 seconds."
        assert str(await failure_of(table)) == str(failed)


async def test_a_paused_storage_answers_again(
    azurite: Azurite, open_table: OpenTable, clock: FakeClock
) -> None:
    """A connection that timed out must not be used for the next request."""
    table = open_table(azurite.connection_string, bounds=Bounds(read=0.5))
    await table.put(P, Write("a", {"n": 1}))
    azurite.pause()
    try:
        assert "Timeout" in str(await failure_of(table))
    finally:
        azurite.resume()
    clock.advance(WINDOW)
    assert await table.get(P, "a") is not None


@pytest.mark.parametrize(
    ("writes", "times"),
    [
        ([Write("a", {})], 2),
        ([Write("a", {}, None)], 1),
        ([Write("a", {}, 'W/"1"')], 1),
        ([Write("a", {}), Write("b", {})], 2),
        ([Write("a", {}), Write("b", {}, None)], 1),
    ],
)
async def test_a_conditional_write_whose_answer_is_lost_is_not_sent_again(
    open_table: OpenTable, writes: list[Write], times: int
) -> None:
    """It may have taken effect: a second one would lose the race against our own first."""
    with SilentStorage(hangs_up=True) as storage:
        table = open_table(keyed(storage.port))
        with pytest.raises(StorageDownError):
            await (table.put(P, writes[0]) if len(writes) == 1 else table.put_many(P, writes))
        assert len(storage.heard) == times


@pytest.mark.parametrize(("etag", "times"), [("*", 2), ('W/"1"', 1)])
async def test_a_conditional_delete_is_not_sent_again_either(
    open_table: OpenTable, etag: str, times: int
) -> None:
    """For the same reason."""
    with SilentStorage(hangs_up=True) as storage:
        with pytest.raises(StorageDownError):
            await open_table(keyed(storage.port)).delete(P, "a", etag)
        assert len(storage.heard) == times


async def test_a_request_that_is_wrong_says_nothing_about_the_next(
    azurite: Azurite, open_table: OpenTable, caplog: pytest.LogCaptureFixture
) -> None:
    """One row that cannot be kept must not stop the others for ten seconds."""
    table = open_table(azurite.connection_string)
    with pytest.raises(StorageDownError, match=r"answered 400 \(PropertyValueTooLarge\)"):
        await table.put(P, Write("a", {"text": "x" * 40_000}))
    assert len(said(caplog)) == 1
    await table.put(P, Write("a", {"text": "x"}))


@pytest.mark.parametrize("text", [keyed(port_of_nobody()), signed(port_of_nobody()), f"AccountKey={KEY}"])
async def test_no_secret_of_a_connection_string_is_told(
    open_table: OpenTable, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A signature stands in every address that the library's errors quote, so they are not chained either."""
    failed = await failure_of(open_table(text))
    told = "".join(traceback.format_exception(failed)) + repr(failed) + caplog.text
    assert KEY not in told
    assert SIGNATURE not in told
    assert failed.__cause__ is None
    assert failed.__context__ is None


# The library asks an XML element for its truth.
@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")
async def test_a_refusal_is_told_by_its_code(azurite: Azurite, open_table: OpenTable) -> None:
    """Whoever reads the log must know what to mend."""
    wrong = azurite.connection_string.replace("AccountKey=E", "AccountKey=A")
    assert "answered 403 (Auth" in str(await failure_of(open_table(wrong)))


async def test_two_workers_may_make_the_table_at_once(azurite: Azurite, open_table: OpenTable) -> None:
    """Who comes second finds it made."""
    name = new_name()
    tables = [open_table(azurite.connection_string, name=name) for _ in range(4)]
    await asyncio.gather(*(table.put(P, Write(str(n), {}, None)) for n, table in enumerate(tables)))
    assert [row.key for row in await tables[0].range(P, "", "~")] == ["0", "1", "2", "3"]
