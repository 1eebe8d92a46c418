"""The ledger of the last 24 hours: runs count once, pushes by the hour, and all of it ages."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from dev.memory.table import MemoryTable
from dev.simulation import virtual_time
from dev.simulation.virtual_time import VirtualClock
from mfa_sync.storage.change_counts import Counters
from shared.clock import Deadline
from shared.guard import LedgerBusyError
from shared.tenant import Kind
from tests.clocks import FakeClock

HOUR = 3600.0


class Book:
    """A ledger, its clock and its table."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.table = MemoryTable()
        self.ledger = Counters(self.table, self.clock)

    async def take(self, run: str = "", **wanted: int) -> Mapping[Kind, int] | None:
        """Count these changes, whatever was before; return what was."""
        changes = {Kind(kind): count for kind, count in wanted.items()}
        return await self.ledger.take(changes, lambda _: changes, run)

    async def counts(self) -> dict[str, int]:
        """Return the changes of the last 24 hours, by kind."""
        recent = await self.ledger.recent()
        assert recent is not None
        return {kind.value: count for kind, count in recent.items() if count}


@pytest.fixture
def book() -> Book:
    """A ledger in which nothing is written."""
    return Book()


async def test_pushes_add_up(book: Book) -> None:
    """Each has a call of its own, so none replaces another."""
    assert await book.take(update=2) == {}
    assert await book.take(update=3, create=1) == {Kind.UPDATE: 2}
    assert await book.counts() == {"update": 5, "create": 1}


@pytest.mark.parametrize("hours", [0, 1, 23, 30])
async def test_a_run_that_counts_twice_counts_once(book: Book, hours: int) -> None:
    """A step may be repeated, also in another hour; its own former count is not held against it."""
    await book.take(delete=1)
    await book.take("a", update=4)
    book.clock.advance(hours * HOUR)
    seen = await book.take("a", update=4)
    assert seen is not None
    assert seen.get(Kind.UPDATE, 0) == 0
    assert (await book.counts())["update"] == 4


async def test_runs_do_not_replace_each_other(book: Book) -> None:
    """A name that begins like another's is another."""
    await book.take("a", update=4)
    assert await book.take("ab", update=1) == {Kind.UPDATE: 4}
    assert await book.counts() == {"update": 5}


async def test_what_is_not_granted_is_not_counted(book: Book) -> None:
    """Neither for a push nor for a run; a run that is refused loses the place it had."""
    wanted = {Kind.UPDATE: 2, Kind.DELETE: 1}
    await book.ledger.take(wanted, lambda _: {Kind.UPDATE})
    assert await book.counts() == {"update": 2}
    await book.take("a", delete=3)
    await book.ledger.take({Kind.DELETE: 3}, lambda _: set(), "a")
    assert await book.counts() == {"update": 2}


async def test_a_run_that_is_over_counts_what_it_made(book: Book) -> None:
    """And stays so, however often it is settled."""
    await book.take("a", update=5, delete=2)
    for _ in range(2):
        await book.ledger.settle("a", {Kind.UPDATE: 3})
        assert await book.counts() == {"update": 3}


async def test_a_run_that_made_nothing_leaves_no_count(book: Book) -> None:
    """Also where it never counted: discarded while held."""
    await book.take("a", update=5)
    await book.ledger.settle("a", {})
    await book.ledger.settle("b", {Kind.UPDATE: 0})
    assert await book.counts() == {}


async def test_what_is_given_back_comes_from_pushes_alone(book: Book) -> None:
    """A run settles its own: a push that gave back more than it took must not lower what a run made."""
    await book.take("a", update=3)
    await book.take(update=2)
    await book.ledger.give_back({Kind.UPDATE: 4})
    assert await book.counts() == {"update": 3}


async def test_what_is_given_back_is_taken_from_the_latest_hours_first(book: Book) -> None:
    """It was taken just now: taken from an older hour, too much would be forgotten too soon."""
    await book.take(update=2)
    book.clock.advance(2 * HOUR)
    await book.take(update=2)
    await book.ledger.give_back({Kind.UPDATE: 3})
    assert await book.counts() == {"update": 1}
    book.clock.advance(23 * HOUR)  # 25 hours after the first, 23 after the second
    assert await book.counts() == {}


@pytest.mark.parametrize("run", ["", "a"])
async def test_counts_end_after_a_day(book: Book, run: str) -> None:
    """Whole hours are kept: rather too strict than too lax, and never beyond 25."""
    await book.take(run, update=1)
    book.clock.advance(24 * HOUR)
    assert await book.counts() == {"update": 1}
    book.clock.advance(HOUR)
    assert await book.counts() == {}
    await book.take(create=1)
    assert "update" not in str(book.table.rows())


async def test_without_storage_nothing_is_known_and_nothing_counted(book: Book) -> None:
    """None, and not zero: the guard is to know the difference. Giving back and settling fail quietly."""
    await book.take("a", update=2)
    book.table.down = True
    assert await book.take(update=1) is None
    assert await book.ledger.recent() is None
    await book.ledger.give_back({Kind.UPDATE: 1})
    await book.ledger.settle("a", {})
    book.table.down = False
    assert await book.counts() == {"update": 2}


async def test_two_workers_do_not_both_get_the_last_place(book: Book) -> None:
    """The other one counts between our read and our write: we are asked again, and told of it."""
    other = Counters(book.table, book.clock)
    seen: list[int] = []
    real = book.table.get

    async def get_and_be_overtaken(partition: str, key: str) -> object:
        row = await real(partition, key)
        if not seen:
            seen.append(-1)
            await other.take({Kind.DELETE: 1}, lambda _: {Kind.DELETE})
        return row

    def grant(recent: Mapping[Kind, int]) -> set[Kind]:
        seen.append(recent.get(Kind.DELETE, 0))
        return {Kind.DELETE} if recent.get(Kind.DELETE, 0) < 1 else set()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(book.table, "get", get_and_be_overtaken)
        await book.ledger.take({Kind.DELETE: 1}, grant)
    assert seen == [-1, 0, 1]
    assert await book.counts() == {"delete": 1}


def test_within_a_call_a_storage_that_hangs_is_waited_for_once() -> None:
    """The call has an answer to give: what takes longer counts as out of reach, and is not asked again."""

    async def main(clock: VirtualClock) -> tuple[list[Mapping[Kind, int] | None], float]:
        table = MemoryTable(pause=lambda: clock.sleep(3600))
        ledger = Counters(table, clock).of_call(Deadline.after(clock, 5))
        changes = {Kind.UPDATE: 1}
        answers = [await ledger.recent(), await ledger.take(changes, lambda _: changes)]
        await ledger.give_back(changes)
        return answers, clock.monotonic()

    assert virtual_time.run(main) == ([None, None], 5.0)


async def test_a_race_that_is_lost_each_time_ends(book: Book) -> None:
    """Nothing is counted, and it says so: the guard must take it neither for granted nor for an outage."""
    await book.take(update=2)
    book.table.chances.loses_race = 1.0
    with pytest.raises(LedgerBusyError):
        await book.take(update=1)
    assert 0 < book.clock.monotonic() < 2
    book.table.chances.loses_race = 0.0
    assert await book.counts() == {"update": 2}
