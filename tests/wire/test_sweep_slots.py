"""A sweep is of its scheduled time: timers that come early, late and again begin one sweep of the night."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from azure.functions.meta import Datum
from azure.functions.timer import TimerRequestConverter

from mfa_sync import composition
from mfa_sync.runs import lifecycle
from mfa_sync.runs.run import Run, RunKind
from mfa_sync.runs.store import run_id
from mfa_sync.storage.table import Write
from mfa_sync.triggers import timers
from tests.shared_table import SharedTable
from tests.wire.bench import Bench
from tests.wire.sweeping import Sweeper

TWO = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
NIGHT = "20261125T020000Z-full"


class Nudges:
    """What the function sets for the queue."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def set(self, texts: list[str]) -> None:
        """Keep them."""
        self.texts = texts


class Timer:
    """Fires the app's own function as the host does: with the status of the schedule as JSON."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._function: Callable[..., Awaitable[None]] = timers.sweep.build().get_user_function()

    async def fire(
        self, at: datetime, due: datetime | str | None = TWO, *, is_past_due: bool = False
    ) -> list[str]:
        """Run the sweep's timer at a moment, for the occurrence that is due then, and return its nudges.

        Args:
            at: What the clock shows.
            due: The status's `Next`, moved on only once the function has ended; None: no status.
            is_past_due: As the host tells.
        """
        clock = self._bench.clock
        clock.advance((at - clock.now()).total_seconds())
        following = due.isoformat() if isinstance(due, datetime) else due
        # As TimerInfo of azure-webjobs-sdk-extensions serialises.
        status = following and {"Last": "0001-01-01T00:00:00", "Next": following, "LastUpdated": following}
        told = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": is_past_due}
        request = TimerRequestConverter.decode(Datum(json.dumps(told), "json"), trigger_metadata=None)
        nudges = Nudges()
        await self._function(timer=request, nudges=nudges)
        return nudges.texts

    async def runs(self) -> list[Run]:
        """Return all runs, the newest first."""
        return await self._bench.worker.runs.newest(None, 100)

    async def ids(self) -> list[str]:
        """Return their ids."""
        return [run.id for run in await self.runs()]


@pytest.fixture
def timer(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Timer:
    """The app's timer, on the bench's worker."""
    monkeypatch.setattr(composition, "worker", lambda: bench.worker)
    return Timer(bench)


@pytest.mark.parametrize("milliseconds", [-3, 0, 2, 40_000, 5 * 3600_000])
async def test_a_sweep_is_of_its_scheduled_time_however_early_or_late_it_fires(
    timer: Timer, milliseconds: int
) -> None:
    """17 of 71 firings of host 4.1037 came 1 to 3 ms before their second: 02:00 must not become 01:59."""
    nudges = await timer.fire(TWO + timedelta(milliseconds=milliseconds))
    assert await timer.ids() == [NIGHT]
    assert [json.loads(text)["run"] for text in nudges] == [NIGHT]


@pytest.mark.parametrize("seconds", [64, 100, 104, 6 * 3600])
async def test_one_that_was_cut_off_and_runs_again_is_the_same_sweep(
    timer: Timer, sweeper: Sweeper, seconds: int
) -> None:
    """The host writes a timer's status only after its run: a killed one fires again for the same time."""
    await timer.fire(TWO - timedelta(milliseconds=3))
    await sweeper.resume(NIGHT)  # its nudge did go out, and the sweep is done before the timer comes again
    assert await timer.fire(TWO + timedelta(seconds=seconds), is_past_due=True) == []
    assert await timer.ids() == [NIGHT]


async def test_a_sweep_by_hand_in_between_does_not_make_a_second_of_the_night(
    timer: Timer, sweeper: Sweeper
) -> None:
    """It is the newest then, and is not the one that the timer asks about."""
    await timer.fire(TWO)
    await sweeper.resume(NIGHT)
    by_hand = await sweeper.sweep(RunKind.FULL)
    await timer.fire(TWO + timedelta(seconds=104), is_past_due=True)
    assert sorted(await timer.ids()) == sorted([NIGHT, by_hand.id])


class MortalTable(SharedTable):
    """Ends its worker at one of the writes to come, before it is made."""

    left = -1

    async def put(self, partition: str, write: Write) -> str:
        """Write one row and return its new etag."""
        self.left -= 1
        if self.left == 0:
            raise SystemExit
        return await super().put(partition, write)


@pytest.mark.parametrize("write", [1, 2, 3])
async def test_wherever_it_is_cut_off_there_is_one_sweep_of_the_night(
    timer: Timer, bench: Bench, write: int
) -> None:
    """Before it is known as the newest, before it is listed, before its head is written."""
    table = MortalTable()
    bench.restore(table=table)
    table.left = write
    with pytest.raises(Exception, match="SystemExit"):
        await timer.fire(TWO)
    assert await timer.ids() == []
    await timer.fire(TWO + timedelta(seconds=100), is_past_due=True)
    assert await timer.ids() == await bench.worker.runs.open() == [NIGHT]


async def test_each_time_of_a_schedule_of_every_hour_has_its_sweep(timer: Timer, sweeper: Sweeper) -> None:
    """Also where one fires before its time and the other after it."""
    await timer.fire(TWO + timedelta(seconds=1))
    await sweeper.resume(NIGHT)
    three = TWO + timedelta(hours=1)
    await timer.fire(three - timedelta(milliseconds=3), three)
    assert [one[:16] for one in await timer.ids()] == ["20261125T030000Z", "20261125T020000Z"]


async def test_after_missed_nights_the_sweep_is_of_the_last_of_them(timer: Timer) -> None:
    """Once for all: listed where it belongs, and not forgotten as if it were as old as the first."""
    late = TWO + timedelta(days=120, hours=7)
    await timer.fire(late, is_past_due=True)
    await timer.fire(late + timedelta(seconds=104), is_past_due=True)
    assert await timer.ids() == ["20270325T020000Z-full"]
    assert (await timer.runs())[0].created == late.timestamp()


async def test_one_that_missed_nights_after_it_was_cut_off_begins_anew(
    timer: Timer, sweeper: Sweeper
) -> None:
    """Cut off on Wednesday, and again on Friday: nobody has looked at Friday's changes."""
    await timer.fire(TWO)
    await sweeper.resume(NIGHT)
    await timer.fire(TWO + timedelta(days=2, hours=5), is_past_due=True)
    assert len(await timer.ids()) == 2


async def test_one_that_is_run_by_hand_takes_no_nights_place(timer: Timer, sweeper: Sweeper) -> None:
    """The host shows it the status of the next time, which is yet to come."""
    await timer.fire(TWO - timedelta(hours=12))
    (by_hand,) = await timer.ids()
    assert by_hand.startswith("20261124T140000Z-full-")
    await sweeper.resume(by_hand)
    await timer.fire(TWO - timedelta(milliseconds=3))
    assert [one[:16] for one in await timer.ids()] == [NIGHT[:16], by_hand[:16]]


@pytest.mark.parametrize(
    "told",
    [
        "2026-11-25T03:00:00+01:00",
        "2026-11-25T02:00:00.0000000Z",
        "2026-11-24T21:00:00.0000000-05:00",
    ],
)
async def test_the_host_may_tell_the_time_in_a_zone_of_its_own(timer: Timer, told: str) -> None:
    """The schedule is in the host's zone (UTC on Flex Consumption); a sweep's name is in UTC."""
    await timer.fire(TWO, told)
    assert await timer.ids() == [NIGHT]


@pytest.mark.parametrize("told", [None, "", "soon"])
async def test_without_a_status_it_is_the_nearest_minute(timer: Timer, told: str | None) -> None:
    """A schedule of less than a minute has none; it never comes again after a kill either."""
    await timer.fire(TWO - timedelta(milliseconds=3), told)
    assert await timer.ids() == [NIGHT]


async def test_the_watchdog_leaves_alone_what_the_schedule_is_about_to_make(bench: Bench) -> None:
    """Both fire at once after a restart: an old time is no sign that its maker died."""
    runs, slot = bench.worker.runs, bench.clock.now() - timedelta(hours=4)
    name = run_id(RunKind.FULL, slot)

    class Watched(SharedTable):
        async def put(self, partition: str, write: Write) -> str:
            if partition == "run" and not write.etag:
                await lifecycle.watch(bench.worker)
            return await super().put(partition, write)

    bench.restore(table=Watched())
    runs = bench.worker.runs
    await lifecycle.start(bench.worker, None, apply=False, slot=slot)
    assert await runs.open() == [name]
