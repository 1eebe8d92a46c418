"""What simulations may make go wrong with the blobs in memory."""

from __future__ import annotations

from contextlib import suppress

import pytest

from dev.memory.blobs import MemoryBlobs
from dev.memory.faults import Chances
from mfa_sync.storage.table import StorageDownError


async def test_blobs_that_are_down_do_nothing() -> None:
    """And are as they were once they are up again."""
    blobs = MemoryBlobs()
    await blobs.put("a", b"1")
    blobs.down = True
    for call in (blobs.get("a"), blobs.put("a", b"2"), blobs.delete("a")):
        with pytest.raises(StorageDownError):
            await call
    blobs.down = False
    assert blobs.blobs() == {"a": b"1"}


@pytest.mark.parametrize(
    ("chances", "left"), [(Chances(fails_before=1), b"1"), (Chances(fails_after=1), b"2")]
)
async def test_a_write_that_fails_may_have_been_done_or_not(chances: Chances, left: bytes) -> None:
    """The caller sees the same error, and must not take it for either."""
    blobs = MemoryBlobs()
    await blobs.put("a", b"1")
    blobs.chances = chances
    with pytest.raises(StorageDownError):
        await blobs.put("a", b"2")
    assert blobs.blobs() == {"a": left}


async def test_a_delete_may_fail_halfway() -> None:
    """Every blob is a request of its own."""
    left: set[int] = set()
    for seed in range(20):
        blobs = MemoryBlobs(seed)
        for number in range(10):
            await blobs.put(f"a/{number}", b"")
        blobs.chances = Chances(fails_before=0.1)
        with suppress(StorageDownError):
            await blobs.delete("a/")
        left.add(len(blobs.blobs()))
    assert left & set(range(1, 10))


async def faults(seed: int) -> list[bool]:
    """Return which of a hundred readings fail."""
    blobs = MemoryBlobs(seed)
    blobs.chances = Chances(fails_before=0.3, fails_after=0.1)
    failed = []
    for _ in range(100):
        try:
            await blobs.get("a")
            failed.append(False)
        except StorageDownError:
            failed.append(True)
    return failed


async def test_equal_seeds_meet_equal_faults() -> None:
    """A simulation that fails can be run again."""
    first = await faults(1)
    assert first == await faults(1)
    assert first != await faults(2)


@pytest.mark.parametrize("name", ["a" * 1025, "a/" * 254 + "a", "a\nb", "a.", "a./b"])
async def test_a_name_that_the_service_would_refuse_or_bend_is_refused(name: str) -> None:
    """The emulator takes some of them, so this is held here."""
    blobs = MemoryBlobs()
    with pytest.raises(StorageDownError):
        await blobs.put(name, b"")
    assert blobs.blobs() == {}
