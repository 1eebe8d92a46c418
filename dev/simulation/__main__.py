"""`make simulate N=10000 SEED=1`: many seeded runs on all cores; exits 1 if anything was untrue."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from dev.simulation.invariants import violations
from dev.simulation.oracle import verdict_of
from dev.simulation.play import play
from dev.simulation.trace import trace

_SHOWN = 5
_CHUNK = 10


@dataclass(slots=True)
class Outcome:
    """What one run came to, small enough to cross between processes."""

    seed: int
    pushes: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def outcome_of(seed: int) -> Outcome:
    """Return what the run of a seed comes to. A run that breaks the harness itself is a violation too."""
    try:
        history = play(seed)
        found = violations(history)
    except Exception:  # noqa: BLE001  whatever it is, the other seeds go on and this one is named
        return Outcome(seed, violations=[f"the run itself: {traceback.format_exc()}"])
    verdicts = Counter(verdict_of(line) for told in history.told for line in told.lines)
    return Outcome(seed, len(history.told), verdicts, history.struck, found)


def _all(seeds: Sequence[int], processes: int, console: Console) -> list[Outcome]:
    started, outcomes = time.perf_counter(), []
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for outcome in pool.imap_unordered(outcome_of, seeds, _CHUNK):
            outcomes.append(outcome)
            if len(outcomes) % max(len(seeds) // 20, 1) == 0:
                seconds = time.perf_counter() - started
                bad = sum(bool(one.violations) for one in outcomes)
                console.print(
                    f"{len(outcomes)} of {len(seeds)} runs, {seconds:.0f} s, {bad} untrue", highlight=False
                )
    return outcomes


def _table(title: str, counts: Counter[str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    table.add_column("times", justify="right")
    for name, times in sorted(counts.items(), key=lambda pair: -pair[1]):
        table.add_row(name, f"{times:,}")
    return table


def _report(outcomes: list[Outcome], console: Console) -> None:
    verdicts = sum((one.verdicts for one in outcomes), Counter())
    struck = sum((one.struck for one in outcomes), Counter())
    console.print(_table("What went wrong", struck), _table("What callers were told", verdicts))
    pushes = sum(one.pushes for one in outcomes)
    console.print(f"{len(outcomes):,} runs, {pushes:,} pushes, {verdicts.total():,} rows", highlight=False)


def _tell(bad: list[Outcome], console: Console) -> None:
    """Print the untrue runs; of the first one, its whole story."""
    for one in bad[:_SHOWN]:
        console.print(f"\nseed {one.seed} is untrue:", style="red", highlight=False)
        for violation in one.violations[:_SHOWN]:
            console.print(f"  {violation}", markup=False, highlight=False)
    named = Counter(violation.partition(":")[0] for one in bad for violation in one.violations)
    console.print(_table("Invariants that were broken", named))
    if not bad[0].violations[0].startswith("the run itself"):
        console.print(f"\nThe story of seed {bad[0].seed}:", highlight=False)
        _tell_story(bad[0].seed, console)
    console.print(f"\nAgain: make simulate N=1 SEED={bad[0].seed}", highlight=False)


def _tell_story(seed: int, console: Console) -> None:
    console.print(trace(play(seed)), markup=False, highlight=False, soft_wrap=True)


def main() -> int:
    """Run the seeds and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dev.simulation", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="how many seeds")
    parser.add_argument("--seed", type=int, default=1, help="the first of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    console = Console(width=118)
    seeds = range(given.seed, given.seed + given.runs)
    outcomes = _all(seeds, min(given.processes, given.runs), console)
    _report(outcomes, console)
    bad = sorted((one for one in outcomes if one.violations), key=lambda one: one.seed)
    if given.runs == 1 and not bad:
        _tell_story(given.seed, console)
    if bad:
        _tell(bad, console)
        return 1
    console.print("Everything was true.", style="green")
    return 0


def _with_fixed_hashes() -> None:
    """Start again with hashes that do not differ between processes, or sets would be walked differently."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "dev.simulation", *sys.argv[1:]])  # noqa: S606  ourselves


if __name__ == "__main__":
    _with_fixed_hashes()
    sys.exit(main())
