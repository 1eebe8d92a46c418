import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient
from azure_functions_runtime.bindings.datumdef import Datum

from dev.functions_host import FunctionsHost, HostDidNotStartError, NotWrittenError
from dev.functions_host.schedule import Schedule
from dev.functions_host.timer_trigger import Clock, TimerOptions, TimerTrigger

APPS = Path(__file__).parent / "apps"
START = datetime(2026, 11, 24, 7, 0, 30, tzinfo=UTC)


class Timer:
    """A trigger on a clock that is as late as its sleeper wakes, and a function that takes time."""

    def __init__(self, text: str, options: TimerOptions | None = None) -> None:
        self.now = START
        self.runs: list[tuple[str, dict[str, Any]]] = []
        self.durations: list[float] = []
        self.oversleeps: list[float] = []
        self.enough = 0
        self.done = asyncio.Event()
        clock = Clock(lambda: self.now, self._sleep)
        self.trigger = TimerTrigger("f", Schedule.parse(text), self._run, options or TimerOptions(), clock)

    async def run(self, times: int) -> list[str]:
        """Let the clock run until the function has run so often; when it ran."""
        self.enough = times
        await self.trigger.start()
        await self.done.wait()
        await self.trigger.stop(0)
        return [moment for moment, _ in self.runs]

    async def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds + (self.oversleeps.pop(0) if self.oversleeps else 0))
        await asyncio.sleep(0)

    async def _run(self, value: Datum, reason: str) -> bool:
        del reason
        await asyncio.sleep(0)
        self.runs.append((self.now.strftime("%H:%M:%S"), json.loads(value.value)))
        self.now += timedelta(seconds=self.durations.pop(0) if self.durations else 0)
        if len(self.runs) == self.enough:
            self.done.set()
            await asyncio.Event().wait()
        return True


async def test_it_runs_when_due() -> None:
    """Neither before nor twice."""
    assert await Timer("0 */5 * * * *").run(3) == ["07:05:00", "07:10:00", "07:15:00"]


async def test_a_long_run_delays_the_next_and_overlaps_with_none() -> None:
    """What came due meanwhile follows at once, and once."""
    timer = Timer("0 */5 * * * *")
    timer.durations = [360]
    assert await timer.run(3) == ["07:05:00", "07:11:00", "07:15:00"]
    assert not any(value["IsPastDue"] for _, value in timer.runs)


async def test_a_missed_time_is_past_due() -> None:
    """If the host was busy or asleep through a whole one."""
    timer = Timer("0 */5 * * * *")
    timer.durations = [700]
    assert await timer.run(3) == ["07:05:00", "07:16:40", "07:20:00"]
    assert [value["IsPastDue"] for _, value in timer.runs] == [False, True, False]


async def test_without_a_monitor_nothing_is_past_due() -> None:
    """Nor is there a status."""
    timer = Timer("0 */5 * * * *", TimerOptions(use_monitor=False))
    timer.durations = [700]
    await timer.run(2)
    assert [(value["IsPastDue"], value["ScheduleStatus"]) for _, value in timer.runs] == [(False, None)] * 2


async def test_a_timer_of_seconds_has_no_monitor() -> None:
    """As in Azure below a minute."""
    timer = Timer("*/10 * * * * *")
    await timer.run(1)
    assert timer.runs[0][1]["ScheduleStatus"] is None


async def test_the_status_tells_the_last_time_and_the_next() -> None:
    """As the function sees them: next is the time that it runs for."""
    timer = Timer("0 */5 * * * *")
    await timer.run(2)
    (_, first), (_, second) = timer.runs
    assert first["ScheduleStatus"]["Last"] == "0001-01-01T00:00:00+00:00"
    assert first["ScheduleStatus"]["Next"] == "2026-11-24T07:05:00+00:00"
    assert second["ScheduleStatus"]["Last"] == "2026-11-24T07:05:00+00:00"
    assert second["ScheduleStatus"]["Next"] == "2026-11-24T07:10:00+00:00"


async def test_it_may_run_at_the_start_too() -> None:
    """The binding's runOnStartup; then as the schedule says."""
    timer = Timer("0 */5 * * * *", TimerOptions(run_on_startup=True))
    assert await timer.run(2) == ["07:00:30", "07:05:00"]


async def test_a_machine_that_slept_runs_it_late() -> None:
    """A little late is late, and not past due."""
    timer = Timer("0 */5 * * * *")
    timer.oversleeps = [290]
    assert await timer.run(2) == ["07:05:50", "07:10:00"]
    assert [value["IsPastDue"] for _, value in timer.runs] == [False, False]


async def test_with_the_clock_off_it_runs_on_demand_only() -> None:
    """The schedule does not notice."""
    timer = Timer("* * * * * *", TimerOptions(clocked=False, run_on_startup=True))
    await timer.trigger.start()
    assert await timer.trigger.run_now("")
    await timer.trigger.stop(0)
    assert len(timer.runs) == 1


def test_the_clock_runs_timers_in_a_host() -> None:
    """Every second one, and at the start one that is not due for years."""
    with FunctionsHost(APPS / "clock") as host:
        host.await_output("Function.at_start.User")
        output = host.await_output("Executed 'Functions.every_second' (Succeeded", 2)
        host.kill()
        # Whoever waits for a host that has ended is told at once.
        with pytest.raises(HostDidNotStartError, match="The host is not there"):
            host.run_timer("every_second")
        with pytest.raises(NotWrittenError, match="'no such text' was not written 1 times"):
            host.await_output("no such text")
    assert "started, past due: False" in output
    assert "Executing 'Functions.every_second' (Reason='Timer fired at 20" in output
    assert "The next occurrence of the 'at_start' schedule (0 0 2 29 2 *) is 20" in output


def test_a_timer_runs_on_demand_and_tells_how_it_ended(
    queues_host: FunctionsHost, open_queue: Callable[[str], QueueClient]
) -> None:
    """Its outputs are sent if it succeeded; with the clock off it never ran by itself."""
    open_queue("jobs")
    assert queues_host.run_timer("ticks") is True
    output = queues_host.await_output('arrived {"name": "from-timer"')
    assert "ticked, past due: False" in output
    assert queues_host.run_timer("ticks", past_due=True) is False
    assert "Executed 'Functions.ticks' (Failed" in queues_host.output()
    assert "Timer fired at" not in queues_host.output()


def test_a_schedule_may_be_a_setting(queues_host: FunctionsHost) -> None:
    """Resolved at the start: next is at half past two."""
    assert queues_host.run_timer("by_setting")
    assert 'T02:30:00+00:00", "LastUpdated"' in queues_host.output()


@pytest.mark.parametrize("name", ["without_setting", "nobody"])
def test_what_is_no_timer_cannot_run_as_one(queues_host: FunctionsHost, name: str) -> None:
    """A function in error, or none at all."""
    with pytest.raises(LookupError, match=f"runs no function {name} on demand: status 404"):
        queues_host.run_timer(name)
