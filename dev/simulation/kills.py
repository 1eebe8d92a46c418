"""`python -m dev.simulation.kills`: a sweep whose host is killed again and again, and must come out right.

The host runs function_app.py in a process of its own, which gets SIGKILL at random moments while a sweep is
planned and applied, and is started again, as Azure would. Shown are the time until the run went on after each
kill, and whether each planned change was made, once.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from dev.functions_host import HostOptions
from dev.stack.local_stack import LocalStack, example_settings
from dev.tenant import sample
from mfa_sync.runs.run import MOST_ATTEMPTS, Run, State, Verdict
from mfa_sync.runs.store import RunStore
from mfa_sync.settings.settings import Settings
from mfa_sync.storage.azure_blobs import AzureBlobs
from mfa_sync.storage.azure_table import AzureTable
from shared.clock import SystemClock

_CLAIM_SECONDS = 15
_LOOK_SECONDS = 0.1
# A sweep of some thousands that is killed ten times takes minutes.
_MOST_SECONDS = 3600.0
_FRACTIONS = {"missing": 0.45, "different": 0.4, "empty": 0.1}


@dataclass(slots=True)
class Report:
    """What came of it.

    Attributes:
        run: The run at its end.
        pauses: Seconds from each kill to the next move of the run.
        wrong: What is not as it should be; empty if all is right.
    """

    run: Run
    pauses: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class _Chaos:
    """One stack, one sweep, and the hand that kills."""

    def __init__(self, stack: LocalStack, chance: random.Random, kills: int) -> None:
        self._stack = stack
        self._chance = chance
        self._left = kills
        self._deadline = time.monotonic() + _MOST_SECONDS
        self.pauses: list[float] = []
        settings = Settings.from_environment({**example_settings(), "AzureWebJobsStorage": stack.account})
        clock = SystemClock()
        table = AzureTable(settings.storage, settings.state_table, clock)
        self._store = RunStore(table, AzureBlobs(settings.storage, settings.state_container, clock))

    async def sweep(self) -> Run:
        """Let the schedule begin a sweep, approve its plan, and return the run at its end."""
        self._stack.host.run_timer("sweep")
        sweeps, _ = await self._store.sweeps()
        # Half of the kills fall on the planning, half on the applying.
        held = await self._moved_until(sweeps.current, lambda run: not run.state.is_moving, self._left // 2)
        if held.state is not State.HELD:
            return held
        await self._approve(held)
        return await self._moved_until(held.id, lambda run: run.state.is_final, self._left)

    async def _approve(self, held: Run) -> None:
        stored = await self._store.get(held.id)
        assert stored is not None  # noqa: S101  it was just read
        decision = Verdict("approved", "chaos", time.time(), "as shown")
        await self._store.replace(stored, stored.run.approved(held.digest, decision))

    async def _moved_until(self, run_id: str, is_there: Callable[[Run], bool], kills: int) -> Run:
        spare = self._left - kills
        while True:
            run = await self._run(run_id)
            if is_there(run):
                return run
            # A step that is begun five times and never ends fails its run, rightly: the fifth is spared.
            if self._left > spare and run.attempts < MOST_ATTEMPTS - 1:
                await asyncio.sleep(self._chance.uniform(0.5, 2.5))
                await self._kill(run_id)
            else:
                self._stack.host.run_timer("watchdog")
                await asyncio.sleep(_LOOK_SECONDS)

    async def _kill(self, run_id: str) -> None:
        """Kill the host, start it again, and see how long the run stands still."""
        self._stack.host.kill()
        self._left -= 1
        before, killed = await self._run(run_id), time.monotonic()
        self._stack.host.restart()
        while True:
            now = await self._run(run_id)
            if (now.step, now.attempts, now.owner) != (before.step, before.attempts, before.owner):
                self.pauses.append(time.monotonic() - killed)
                return
            if not now.state.is_moving:
                return
            self._stack.host.run_timer("watchdog")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _run(self, run_id: str) -> Run:
        if time.monotonic() > self._deadline:
            raise TimeoutError(f"{run_id} did not come to its end within {_MOST_SECONDS:.0f} s.")
        stored = await self._store.get(run_id)
        assert stored is not None  # noqa: S101  the sweep was begun
        return stored.run


def sweep_under_fire(users: int, kills: int, seed: int) -> Report:
    """Return what came of a sweep over so many generated users whose host was killed so often."""
    settings = {
        "RUN_CLAIM_SECONDS": str(_CLAIM_SECONDS),
        "EMPTY_GRACE_DAYS": "0",
        "MAX_DELETES": "0",
        "SWEEP_MODE": "apply",
    }
    options = HostOptions(timers=False, lease_seconds=5, max_polling_seconds=0.1, visibility_seconds=1)
    with LocalStack(settings, options=options) as stack:
        control = stack.tenant.control
        for person in control.people():  # the sample's are cases, some of which are rightly refused
            if person["upn"] != sample.SERVICE_ACCOUNT:
                control.remove_person(person["upn"])
        control.generate(users, seed=seed, fractions=_FRACTIONS)
        chaos = _Chaos(stack, random.Random(seed), kills)  # noqa: S311  a repeatable choice, no secret
        report = Report(asyncio.run(chaos.sweep()), chaos.pauses)
        report.wrong = _wrong(report.run, stack)
    return report


def _wrong(run: Run, stack: LocalStack) -> list[str]:
    """Return what is not as it should be: by the run, and by the tenant's own log of successful writes."""
    wrong: list[str] = []
    if run.state is not State.FINISHED:
        wrong.append(f"the run is {run.state}: {run.detail}")
    made = run.tally.outcomes
    planned = sum(run.tally.planned.values())
    if sum(made.values()) != planned:
        wrong.append(f"{planned} changes were planned, {sum(made.values())} have an end: {dict(made)}")
    if failed := {name: made[name] for name in ("refused", "failed") if made.get(name)}:
        wrong.append(f"not all were made: {failed}, {dict(run.tally.codes)}")
    writes = Counter(
        item["url"]
        for entry in stack.tenant.control.log()
        for item in entry.get("items", [])
        if item["method"] != "GET" and item["status"] < 300  # noqa: PLR2004  a success
    )
    if twice := sum(count > 1 for count in writes.values()):
        wrong.append(f"{twice} phones were written more than once")
    if writes.total() < planned:
        wrong.append(f"only {writes.total()} writes reached the tenant")
    return wrong


def main() -> int:
    """Run it and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dev.simulation.kills", description=__doc__)
    parser.add_argument("--users", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    start = time.monotonic()
    report = sweep_under_fire(chosen.users, chosen.kills, chosen.seed)
    run = report.run
    print(f"{run.id}: {run.state}, {run.tally.users} users, planned {dict(run.tally.planned)}")
    print(f"became {dict(run.tally.outcomes)} {dict(run.tally.codes)} in {time.monotonic() - start:.0f} s")
    pauses = ", ".join(f"{pause:.1f}" for pause in report.pauses)
    print(f"{len(report.pauses)} kills; went on after {pauses} s (a claim lasts {_CLAIM_SECONDS} s here)")
    for fault in report.wrong:
        print(f"WRONG: {fault}")
    print("All is right." if not report.wrong else "Not right.")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
