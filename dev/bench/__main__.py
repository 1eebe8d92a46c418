"""`make bench`: prints each quality's goal and result, and how it was measured.

`make bench ONLY=pace` measures what is named. A run of everything writes docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from dev.bench import calls, cold_start, pace, report, speed, sweeps
from dev.bench.quality import Quality

_LINES: dict[str, Callable[[], list[Quality]]] = {
    "cold_start": cold_start.measure,
    "calls": calls.measure,
    "pace": pace.measure,
    "speed": speed.measure,
    "sweeps": sweeps.measure,
}


def main() -> int:
    """Measure and print; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench", description=__doc__)
    parser.add_argument("lines", nargs="*", metavar="line", help=", ".join(_LINES))
    named = parser.parse_args().lines
    if unknown := set(named) - set(_LINES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(_LINES)}")
    found: list[Quality] = []
    for name in named or _LINES:
        for quality in _LINES[name]():
            print(f"{quality.name}: {quality.result}, goal {quality.goal}  ->  {quality.verdict}")
            print(f"  measured: {quality.how}", flush=True)
            found.append(quality)
    if not named:
        report.write(found)
    return 0 if all(quality.is_met for quality in found) else 1


if __name__ == "__main__":
    sys.exit(main())
