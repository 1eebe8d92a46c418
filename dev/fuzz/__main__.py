"""`make fuzz N=200 SEED=1`: many requests made up, each answer checked; exits 1 if anything was found."""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console
from rich.table import Table

from dev.fuzz.runner import PHASES, SETTINGS, Report, fuzz
from dev.stack.local_stack import LocalStack

_SHOWN = 10


def _tables(report: Report) -> Table:
    table = Table(title="What was sent, and what was answered", title_justify="left")
    for name in ("operation", "data", "answers"):
        table.add_column(name)
    for operation in sorted({name for name, _ in report.calls}):
        data = ", ".join(
            f"{kind} {count:,}" for (name, kind), count in sorted(report.calls.items()) if name == operation
        )
        answers = ", ".join(
            f"{status}: {count:,}"
            for (name, status), count in sorted(report.statuses.items())
            if name == operation
        )
        table.add_row(operation, data, answers)
    return table


def main() -> int:
    """Fuzz and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dev.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="most cases of an operation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phases", nargs="+", choices=PHASES, default=PHASES)
    parser.add_argument("--operations", nargs="+", default=(), help="their ids, such as push; none: all")
    given = parser.parse_args()
    console, started = Console(width=118), time.perf_counter()
    with LocalStack(SETTINGS) as stack:
        report = fuzz(
            stack,
            examples=given.examples,
            seed=given.seed,
            phases=tuple(given.phases),
            operations=tuple(given.operations),
        )
    console.print(_tables(report))
    console.print(f"{report.calls.total():,} cases, {time.perf_counter() - started:.0f} s", highlight=False)
    for failure in report.failures[:_SHOWN]:
        console.print(f"\n{failure}", markup=False, highlight=False, soft_wrap=True)
    if report.failures:
        console.print(f"\n{len(report.failures)} found.", style="red")
        return 1
    console.print("Everything was as documented.", style="green")
    return 0


if __name__ == "__main__":
    sys.exit(main())
