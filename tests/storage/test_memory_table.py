"""What simulations may make go wrong with the table in memory."""

from __future__ import annotations

import pytest

from dev.memory.faults import Chances
from dev.memory.table import MemoryTable
from mfa_sync.storage.table import LostRaceError, StorageDownError, Write

P = "partition"


async def test_a_table_that_is_down_does_nothing() -> None:
    """And is as it was once it is up again."""
    table = MemoryTable()
    await table.put(P, Write("a", {"n": 1}))
    table.down = True
    for call in (table.get(P, "a"), table.put(P, Write("a", {"n": 2})), table.range(P, "", "~")):
        with pytest.raises(StorageDownError):
            await call
    table.down = False
    row = await table.get(P, "a")
    assert row is not None
    assert row.values == {"n": 1}


@pytest.mark.parametrize(
    ("chances", "kept"), [(Chances(fails_before=1), False), (Chances(fails_after=1), True)]
)
async def test_a_write_that_fails_may_have_been_done_or_not(chances: Chances, kept: bool) -> None:  # noqa: FBT001  a column of the table
    """The caller sees the same error, and must not take it for either."""
    table = MemoryTable()
    table.chances = chances
    for call in (table.put(P, Write("a", {})), table.put_many(P, [Write("b", {})])):
        with pytest.raises(StorageDownError):
            await call
    assert set(table.rows().get(P, {})) == ({"a", "b"} if kept else set())


async def test_a_race_is_lost_to_somebody_who_did_write() -> None:
    """The version that was read is past, and the next reading brings one that holds."""
    table = MemoryTable()
    etag = await table.put(P, Write("a", {"n": 1}))
    table.chances.loses_race = 1
    with pytest.raises(LostRaceError):
        await table.put(P, Write("a", {"n": 2}, etag))
    with pytest.raises(LostRaceError):
        await table.delete(P, "a", etag)
    assert await table.put_many(P, [Write("a", {"n": 2}, etag)]) == {}
    table.chances.loses_race = 0
    row = await table.get(P, "a")
    assert row is not None
    assert row.etag != etag
    await table.put(P, Write("a", {"n": 2}, row.etag))


async def test_an_unconditional_write_and_a_new_row_lose_no_race() -> None:
    """There is nobody to lose it to."""
    table = MemoryTable()
    table.chances.loses_race = 1
    await table.put(P, Write("a", {}, None))
    await table.put(P, Write("a", {}))
    await table.delete(P, "a")
    assert table.rows()[P] == {}


async def faults(seed: int) -> list[bool]:
    """Return which of a hundred readings fail."""
    table = MemoryTable(seed)
    table.chances = Chances(fails_before=0.3, fails_after=0.1)
    failed = []
    for _ in range(100):
        try:
            await table.get(P, "a")
            failed.append(False)
        except StorageDownError:
            failed.append(True)
    return failed


async def test_equal_seeds_meet_equal_faults() -> None:
    """A simulation that fails can be run again."""
    first = await faults(1)
    assert first == await faults(1)
    assert first != await faults(2)
    assert 20 < sum(first) < 60


async def test_time_passes_on_the_way_there_and_back() -> None:
    """What two callers do may interleave on either way."""
    events: list[str] = []
    table = MemoryTable(pause=lambda: pass_time(events))
    await table.put(P, Write("a", {}))
    assert events == ["time", "time"]


async def pass_time(events: list[str]) -> None:
    """Note that time passes."""
    events.append("time")
