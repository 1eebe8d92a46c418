"""How soon a fresh process answers: what importing the functions costs, and the first push."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from dev.bench.quality import Quality
from dev.stack.local_stack import ROOT, LocalStack

_ROUNDS = 7
_IMPORT_GOAL, _CPU_GOAL = 1.3, 1.5


def measure() -> list[Quality]:
    """Return the two qualities of a cold start."""
    bare = _cpu_of_import("pass")
    base = _cpu_of_import("import azure.functions, httpx") - bare
    ours = _cpu_of_import("import function_app") - bare
    cpu, wall = _cpu_of_first_push()
    return [
        Quality(
            "cold start: importing function_app",
            f"≤ {_IMPORT_GOAL} x azure.functions + httpx",
            f"{ours / base:.2f} x",
            ours / base <= _IMPORT_GOAL,
            f"least CPU of {_ROUNDS} fresh interpreters over a bare one: {ours * 1000:.0f} ms and "
            f"{base * 1000:.0f} ms",
        ),
        Quality(
            "cold start: first push",
            f"≤ {_CPU_GOAL} s of CPU",
            f"{cpu:.2f} s",
            cpu <= _CPU_GOAL,
            f"CPU of the host's process while it answers its first push (secrets, sign-in, one user); "
            f"{wall:.2f} s on the wall",
        ),
    ]


def _cpu_of_import(code: str) -> float:
    """Return the least user and system seconds of a fresh interpreter that runs `code`."""
    best = float("inf")
    for _ in range(_ROUNDS):
        before = os.times()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)  # noqa: S603  our own code
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        best = min(best, spent)
    return best


def _cpu_of_process(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _cpu_of_first_push() -> tuple[float, float]:
    """Return CPU seconds of the host's process and wall seconds that the first push of a fresh one takes."""
    with LocalStack() as stack:
        before, start = _cpu_of_process(stack.host.pid), time.perf_counter()
        stack.push({"UserPrincipalName": "anna.new@contoso.com"}).raise_for_status()
        return _cpu_of_process(stack.host.pid) - before, time.perf_counter() - start
