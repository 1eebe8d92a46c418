"""Looking for runs, the newest first: every push leaves one too, so what is looked for may lie far back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from ops.cli.ending import CommandError, Exit, usage
from ops.cli.times import moment
from ops.cli.vocabulary import HELD, HELD_SECONDS, RUNS_LIST, SWEEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.cli.app import App
    from ops.cli.terminal import Terminal

    type Run = dict[str, Any]

LATEST = "latest"
_SIZE = 100  # the most that the app gives at once
_PAGES = 50
# A held run that is older was discarded; the watchdog may be some minutes late.
_OLDEST_HELD = timedelta(seconds=HELD_SECONDS, hours=6)


@dataclass(frozen=True, slots=True)
class Found:
    """What a look through the runs came to.

    Attributes:
        runs: Those that were looked for, the newest first.
        following: The id after which the look goes on; None if there are no more runs.
        stopped_after: How many runs one look goes through, if it ended at that; else None.
    """

    runs: list[Run]
    following: str | None = None
    stopped_after: int | None = None


def search(
    app: App,
    fits: Callable[[Run], bool] | None,
    most: int | None,
    after: str | None = None,
    *,
    whole: bool = False,
) -> Found:
    """Return the newest runs that fit.

    Args:
        app: Where they are.
        fits: Whether a run is looked for; None: each is.
        most: How many; None: all.
        after: The id after which to begin.
        whole: Go on to the end, however many pages that takes.
    """
    runs: list[Run] = []
    looked, end = 0, None
    size = _SIZE if fits or most is None else most
    for found, end in islice(_pages(app, after, size), None if whole else _PAGES):
        for place, run in enumerate(found, 1):
            if fits is None or fits(run):
                runs.append(run)
                if len(runs) == most:
                    return Found(runs, str(run["id"]) if place < len(found) or end else None)
        looked += len(found)
    return Found(runs, end, looked if end else None)


def held_runs(app: App, terminal: Terminal) -> list[Run]:
    """Return the held runs, the newest first, as far back as one may lie; if not so far, that is said."""
    oldest = datetime.now(UTC) - _OLDEST_HELD
    runs: list[Run] = []
    looked = 0
    for found, following in islice(_pages(app), _PAGES):
        runs += [run for run in found if run["state"] == HELD]
        looked += len(found)
        last = moment(found[-1]["moved"]) if found else None
        if following is None or last is None or last < oldest:
            return runs
    terminal.remark(f"Held runs were looked for among the newest {looked} runs and no further.")
    return runs


def find(app: App, terminal: Terminal, wanted: str | None, *, deciding: bool = False) -> str:
    """Return the id of the run that is meant: an id, `latest`, `held`; without any, held or else latest.

    Raises:
        CommandError: There is none; or several are held and one is to be decided about.
    """
    if wanted not in {None, LATEST, HELD}:
        return str(wanted)
    if wanted == LATEST:
        return _latest(app)
    ids = [str(run["id"]) for run in held_runs(app, terminal)]
    if len(ids) > 1:
        named = ", ".join(ids)
        if deciding:
            raise usage(f"{len(ids)} runs are held: {named}.", "Name the one that is meant.")
        terminal.remark(f"{len(ids)} runs are held: {named}. This is the newest.")
    if ids:
        return ids[0]
    if wanted == HELD:
        raise CommandError(Exit.REFUSED, "No run is held.", "See `runs list`.")
    return _latest(app)


def _latest(app: App) -> str:
    """Return the latest sweep: the latest run is a push wherever pushes come all day."""
    found = search(app, lambda run: run["kind"] in SWEEPS, most=1)
    if not found.runs:
        where = f"among the newest {found.stopped_after} runs" if found.stopped_after else "yet"
        raise CommandError(
            Exit.REFUSED,
            f"There is no sweep {where}.",
            "Begin one: runs start full. For pushes: runs list --kind push",
        )
    return str(found.runs[0]["id"])


def _pages(app: App, after: str | None = None, size: int = _SIZE) -> Iterator[tuple[list[Run], str | None]]:
    """Yield pages of runs, each with the id after which the next one begins; None with the last."""
    while True:
        query = {"limit": str(min(size, _SIZE)), **({"after": after} if after else {})}
        body = app.call(RUNS_LIST, "GET", "api/runs", query=query).body
        after = body["next"]
        yield body["runs"], after
        if after is None:
            return
