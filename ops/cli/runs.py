"""`runs list` and `runs show`; and how the run that is meant is found.

Every push leaves a run too, so what is looked for may lie far back: it is searched for, the newest first.
"""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from ops.cli import people, run_text
from ops.cli.app import App, part
from ops.cli.follow import follow
from ops.cli.terminal import CommandError, Exit, Terminal, usage
from ops.cli.vocabulary import (
    FINISHED,
    HELD,
    HELD_SECONDS,
    LEFT_OUT,
    MOVING,
    READINESS,
    RUN_KINDS,
    RUNS_LIST,
    RUNS_READ,
    SWEEPS,
    moment,
)

if TYPE_CHECKING:
    type Run = dict[str, Any]

_PAGE_SIZE = 100  # the most that the app gives at once
_MOST_PAGES = 50
# A held run that is older was discarded; the watchdog may be some minutes late.
_OLDEST_HELD = timedelta(seconds=HELD_SECONDS, hours=6)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search through the runs came to.

    Attributes:
        runs: Those that were looked for, the newest first.
        following: The id after which the search goes on; None if there are no more runs.
        stopped_after: How many runs one search goes through, if it ended at that; else None.
    """

    runs: list[Run]
    following: str | None = None
    stopped_after: int | None = None


def list_runs(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Print runs, the newest first, of a kind and in a state where one is named."""
    is_filtered = bool(options.kind or options.state)
    kinds = RUN_KINDS.get(options.kind)

    def fits(run: Run) -> bool:
        return (kinds is None or run["kind"] in kinds) and options.state in {None, run["state"]}

    found = search(
        app,
        fits if is_filtered else None,
        None if options.all else options.limit,
        options.after,
        whole=options.all or not is_filtered,
    )
    if options.json:
        terminal.json({"runs": found.runs, "next": found.following})
    elif found.runs:
        terminal.say(run_text.listing(found.runs, datetime.now(UTC)))
    else:
        terminal.say(_none(found, options))
    _remark(terminal, found, options)
    return Exit.DONE


def _none(found: Found, options: Namespace) -> str:
    """Return that there is no such run where it was looked."""
    which = f"{options.kind} run" if options.kind in {"full", "changed"} else options.kind or "run"
    where = " among these" if found.stopped_after or options.after else "" if options.state else " yet"
    return f"No {which}{f' is {options.state}' if options.state else ''}{where}."


def _remark(terminal: Terminal, found: Found, options: Namespace) -> None:
    """Say where the list ended, and what in it waits for somebody."""
    wish = "".join(f" --{name} {value}" for name in ("kind", "state") if (value := getattr(options, name)))
    on = f"runs list{wish} --after {shlex.quote(str(found.following))} (or --all)"
    if found.stopped_after:
        terminal.remark(f"Looked through {found.stopped_after} runs and no further. Go on: {on}")
    elif found.following and not options.json:
        terminal.remark(f"There are more: {on}")
    held = [str(run["id"]) for run in found.runs if run["state"] == HELD]
    if held and not options.json:
        terminal.remark(f"Waiting for a decision: runs show {shlex.quote(held[0])}")


def show_run(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Print one run with what it would change; with --wait, once it stands still."""
    run_id = find(app, terminal, options.id)
    run = follow(app, terminal, run_id, options.interval) if options.wait else read(app, run_id)
    if options.csv:
        return _print_csv(app, terminal, run)
    show(app, terminal, run, options)
    return exit_of(run) if options.wait else Exit.DONE


def _print_csv(app: App, terminal: Terminal, run: Run) -> Exit:
    """Print the people of a readiness run as CSV, page by page."""
    if run["kind"] != READINESS:
        raise usage("Only a readiness run has people to list.", "runs show readiness --csv")
    terminal.say(people.line(people.CSV_HEADING))
    for number in range(run["pages"]):
        terminal.say(map(people.csv_line, read(app, run["id"], number)["people"]))
    if run["state"] == FINISHED:
        return Exit.DONE
    terminal.remark(f"The run is {run['state']}: the list is not whole. {run['detail'] or ''}")
    return Exit.REFUSED


def show(app: App, terminal: Terminal, run: Run, options: Namespace) -> None:
    """Print a run that was read, with the page or pages of its plan that the options ask for."""
    pages, number = max(1, run["pages"]), options.page
    if not 1 <= number <= pages:
        raise usage(f"The run's plan has {pages} page(s); --page is from 1 to {pages}.")
    numbers = range(pages) if options.all else [number - 1]
    read_pages = [run if run.get("page") == index else read(app, run["id"], index) for index in numbers]
    if len({page["digest"] for page in (run, *read_pages)}) > 1:
        terminal.remark("The plan is still growing: read it again once it is held.")
    changes = [change for page in read_pages for change in page["changes"]]
    refused = [refusal for page in read_pages for refusal in page["refusals"]]
    listed = [one for page in read_pages for one in page.get("people") or ()]  # an older app has none
    if options.json:
        whole = {"page": None} if options.all else {"page": number - 1}
        terminal.json({**run, **whole, "changes": changes, "refusals": refused, "people": listed})
        return
    where = "all" if options.all or pages == 1 else f"page {number} of {pages}; others by --page or --all"
    terminal.say(
        [
            *run_text.head(run, datetime.now(UTC)),
            *run_text.plan(run),
            *run_text.changes(run, changes, where),
            *run_text.unmade(run),
            *run_text.refusals(run, refused, where),
            *people.readiness(run),
            *people.people(listed, where),
            *run_text.to_decide(run),
        ]
    )


def read(app: App, run_id: str, page: int = 0) -> Run:
    """Return a run with one page of its plan, numbered from 0 as the contract has it."""
    reply = app.call(RUNS_READ, "GET", f"api/runs/{part(run_id)}", query={"page": str(page)})
    run: Run = reply.body
    return run


def exit_of(run: Run) -> Exit:
    """Return how a command ends that has seen this run stand still.

    A finished run is no success if changes were not made; those that an approval left out do not count.
    """
    if run["state"] == HELD:
        return Exit.HELD
    if run["state"] in MOVING:
        return Exit.DONE
    counts = run["counts"]
    outcomes = counts["outcomes"]
    unmade = outcomes.get("refused", 0) + outcomes.get("failed", 0) - counts["codes"].get(LEFT_OUT, 0)
    return Exit.DONE if run["state"] == FINISHED and unmade <= 0 else Exit.REFUSED


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
    size = _PAGE_SIZE if fits or most is None else most
    for found, end in islice(_pages(app, after, size), None if whole else _MOST_PAGES):
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
    for found, following in islice(_pages(app), _MOST_PAGES):
        runs += [run for run in found if run["state"] == HELD]
        looked += len(found)
        last = moment(found[-1]["moved"]) if found else None
        if following is None or last is None or last < oldest:
            return runs
    terminal.remark(f"Held runs were looked for among the newest {looked} runs and no further.")
    return runs


def find(app: App, terminal: Terminal, wanted: str | None, *, deciding: bool = False) -> str:
    """Return the id of the run that is meant: an id, `latest`, `held`, `readiness`; without, held or latest.

    Raises:
        CommandError: There is none; or several are held and one is to be decided about.
    """
    if wanted == READINESS:
        return _latest(app, (READINESS,), "readiness run", "runs start readiness")
    if wanted not in {None, "latest", HELD}:
        return str(wanted)
    if wanted == "latest":
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


def _latest(
    app: App,
    kinds: Sequence[str] = SWEEPS,
    name: str = "sweep",
    remedy: str = "runs start full. For pushes: runs list --kind push",
) -> str:
    """Return the latest sweep: the latest run is a push wherever pushes come all day."""
    found = search(app, lambda run: run["kind"] in kinds, most=1)
    if not found.runs:
        where = f"among the newest {found.stopped_after} runs" if found.stopped_after else "yet"
        raise CommandError(
            Exit.REFUSED,
            f"There is no {name} {where}.",
            f"Begin one: {remedy}",
        )
    return str(found.runs[0]["id"])


def _pages(
    app: App, after: str | None = None, size: int = _PAGE_SIZE
) -> Iterator[tuple[list[Run], str | None]]:
    """Yield pages of runs, each with the id after which the next one begins; None with the last."""
    while True:
        query = {"limit": str(min(size, _PAGE_SIZE)), **({"after": after} if after else {})}
        body = app.call(RUNS_LIST, "GET", "api/runs", query=query).body
        after = body["next"]
        yield body["runs"], after
        if after is None:
            return
