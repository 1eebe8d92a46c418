"""A timer trigger: its clock, and the status that it keeps of its schedule."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from azure_functions_runtime.bindings.datumdef import Datum

from dev.functions_host.schedule import Schedule

_log = logging.getLogger("Host.Timers")

# Long waits are broken up, because the machine's clock may be set, or sleep, meanwhile.
_LOOK_AGAIN_SECONDS = 30.0
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """What time it is, and how to wait; tests bring their own."""

    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True)
class TimerOptions:
    """What a timer's binding says besides its schedule, and whether the host's clock runs it at all."""

    run_on_startup: bool = False
    use_monitor: bool = True
    clocked: bool = True


class TimerTrigger:
    """Runs one function when it is due, never twice at a time by the clock."""

    def __init__(
        self,
        name: str,
        schedule: Schedule,
        invoke: Callable[[Datum, str], Awaitable[bool]],
        options: TimerOptions,
        clock: Clock | None = None,
    ) -> None:
        """Take the function's name, what runs it (a value and a reason in, success out), and when."""
        self._name = name
        self._schedule = schedule
        self._invoke = invoke
        self._options = options
        self._clock = clock or Clock()
        self._monitored = options.use_monitor and not schedule.is_dense(self._clock.now())
        self._last = _NEVER
        self._next = schedule.next_after(self._clock.now())
        self._stopping = False
        self._running = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Let the clock run."""
        if not self._options.clocked:
            _log.info("The clock of '%s' is off: it runs on demand only", self._name)
            return
        _log.info(
            "The next occurrence of the '%s' schedule (%s) is %s", self._name, self._schedule.text, self._next
        )
        self._task = asyncio.create_task(self._run())

    async def stop(self, grace_seconds: float) -> None:
        """Stop the clock; a run in progress may take so long to finish."""
        self._stopping = True
        if self._task is None:
            return
        if self._running:
            await asyncio.wait({self._task}, timeout=grace_seconds)
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=grace_seconds)

    async def run_now(self, text: str) -> bool:
        """Run it out of turn and say whether it succeeded. The schedule goes on as if nothing had been.

        The text is the timer's own JSON or empty. Azure takes no notice of it; here {"IsPastDue": true} is
        believed, for tests.
        """
        try:
            given = json.loads(text or "{}")
        except ValueError:
            given = {}
        is_past_due = isinstance(given, dict) and given.get("IsPastDue") is True
        following = self._schedule.next_after(self._clock.now())
        return await self._invoke(self._value(following, is_past_due=is_past_due), "on demand")

    async def _run(self) -> None:
        if self._options.run_on_startup:
            await self._fire(self._clock.now(), is_past_due=False)
        while not self._stopping:
            await self._sleep_until(self._next)
            now = self._clock.now()
            missed_one = self._schedule.next_after(self._next) <= now
            await self._fire(now, is_past_due=self._monitored and missed_one)

    async def _fire(self, moment: datetime, *, is_past_due: bool) -> None:
        self._running = True
        try:
            await self._invoke(
                self._value(self._next, is_past_due=is_past_due), f"Timer fired at {moment.isoformat()}"
            )
        finally:
            self._running = False
        # Counted from when it began, as Azure does: what came due during a long run follows it at once.
        self._last = moment
        self._next = self._schedule.next_after(moment)

    async def _sleep_until(self, due: datetime) -> None:
        while (left := (due - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(min(left, _LOOK_AGAIN_SECONDS))

    def _value(self, following: datetime, *, is_past_due: bool) -> Datum:
        status = {
            "Last": self._last.isoformat(),
            "Next": following.isoformat(),
            "LastUpdated": self._last.isoformat(),
        }
        value = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": status if self._monitored else None,
            "IsPastDue": is_past_due,
        }
        return Datum(json.dumps(value), "json")
