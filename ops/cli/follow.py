"""Watching a run until it stands still. The run does not need it: whoever stops watching stops nothing."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from typing import Any

from ops.cli.app import App, part
from ops.cli.terminal import CommandError, Exit, Terminal
from ops.cli.vocabulary import MOVING, READINESS, RUNS_READ

# An app that restarts, or whose storage is away, comes back; the run itself waits six hours.
_PATIENCE_SECONDS = 900.0

LOOK_SECONDS = 2.0
"""How long to wait between two looks, where neither the app nor the operator says."""


@dataclass(slots=True)
class _Pace:
    """How many users a minute the present state moves, since it was first seen."""

    state: str = ""
    count: int = 0
    since: float = 0.0

    def rate(self, state: str, count: int, now: float) -> str:
        if state != self.state:
            self.state, self.count, self.since = state, count, now
        elapsed = now - self.since
        moved = count - self.count
        return f", {moved / elapsed * 60:.0f} a minute" if moved > 0 and elapsed > 0 else ""


def follow(app: App, terminal: Terminal, run_id: str, interval: float | None) -> dict[str, Any]:
    """Return the run once it is held or has ended, showing meanwhile how it goes on.

    Args:
        app: Where it runs.
        terminal: Where to show it.
        run_id: Which.
        interval: Seconds between two looks; None: as the app asks.

    Raises:
        CommandError: The app was out of reach for long, or refuses; or Ctrl-C.
    """
    pace, failing_since = _Pace(), 0.0
    try:
        while True:
            pause = interval or LOOK_SECONDS
            try:
                reply = app.call(RUNS_READ, "GET", f"api/runs/{part(run_id)}")
            except CommandError as error:
                failing_since = failing_since or time.monotonic()
                if error.code is not Exit.UNAVAILABLE or time.monotonic() - failing_since > _PATIENCE_SECONDS:
                    raise
                terminal.progress(f"{error.text} Looking again; the run does not depend on it.")
            else:
                failing_since = 0.0
                run: dict[str, Any] = reply.body
                if run["state"] not in MOVING:
                    return run
                terminal.progress(_progress(run, pace))
                pause = interval or reply.retry_after(LOOK_SECONDS)
            time.sleep(pause)
    except KeyboardInterrupt:
        pasted = shlex.quote(run_id)
        raise CommandError(
            Exit.INTERRUPTED,
            f"Stopped watching; the run {run_id} goes on.",
            f'Look again: runs show {pasted} --wait\nEnd it: runs stop {pasted} --reason "…"',
        ) from None


def _progress(run: dict[str, Any], pace: _Pace) -> str:
    counts, state = run["counts"], run["state"]
    planned, done = sum(counts["planned"].values()), sum(counts["outcomes"].values())
    if state == "planning":
        rate = pace.rate(state, counts["users"], time.monotonic())
        if run["kind"] == READINESS:
            return f"planning: {counts['users']} users looked at{rate}"
        return f"planning: {counts['users']} users looked at, {planned} changes planned{rate}"
    rate = pace.rate(state, done, time.monotonic())
    pages = f", page {run['pagesApplied']} of {run['pages']}" if run.get("pages") else ""
    delayed = f" ({run['detail']})" if run.get("detail") else ""
    return f"{state}: {done} of {planned} changes done{pages}{rate}{delayed}"
