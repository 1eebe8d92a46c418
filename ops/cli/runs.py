"""`runs list` and `runs show`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ops.cli import run_text
from ops.cli.app import part
from ops.cli.ending import Exit, usage
from ops.cli.follow import follow
from ops.cli.search import find, search
from ops.cli.vocabulary import FINISHED, HELD, LEFT_OUT, MOVING, RUN_KINDS, RUNS_READ

if TYPE_CHECKING:
    from argparse import Namespace

    from ops.cli.app import App
    from ops.cli.search import Found
    from ops.cli.terminal import Terminal

_UNMADE = ("refused", "failed")


def list_runs(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Print runs, the newest first, of a kind and in a state where one is named."""
    is_filtered = bool(options.kind or options.state)
    kinds = RUN_KINDS.get(options.kind)

    def fits(run: dict[str, Any]) -> bool:
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
    on = f"runs list{wish} --after {found.following}, or --all."
    if found.stopped_after:
        terminal.remark(f"Looked through {found.stopped_after} runs and no further. Go on: {on}")
    elif found.following and not options.json:
        terminal.remark(f"There are more: {on}")
    held = [run["id"] for run in found.runs if run["state"] == HELD]
    if held and not options.json:
        terminal.remark(f"Waiting for a decision: runs show {held[0]}")


def show_run(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Print one run with what it would change; with --wait, once it stands still."""
    run_id = find(app, terminal, options.id)
    run = follow(app, terminal, run_id, options.interval) if options.wait else read(app, run_id)
    show(app, terminal, run, options)
    return exit_of(run) if options.wait else Exit.DONE


def show(app: App, terminal: Terminal, run: dict[str, Any], options: Namespace) -> None:
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
    if options.json:
        whole = {"page": None} if options.all else {"page": number - 1}
        terminal.json({**run, **whole, "changes": changes, "refusals": refused})
        return
    where = "all" if options.all or pages == 1 else f"page {number} of {pages}; others by --page or --all"
    terminal.say(run_text.head(run, datetime.now(UTC)))
    terminal.say(run_text.plan(run))
    terminal.say(run_text.changes(run, changes, where))
    terminal.say(run_text.unmade(run))
    terminal.say(run_text.refusals(run, refused, where))
    terminal.say(run_text.to_decide(run))


def read(app: App, run_id: str, page: int = 0) -> dict[str, Any]:
    """Return a run with one page of its plan, numbered from 0 as the contract has it."""
    reply = app.call(RUNS_READ, "GET", f"api/runs/{part(run_id)}", query={"page": str(page)})
    run: dict[str, Any] = reply.body
    return run


def exit_of(run: dict[str, Any]) -> Exit:
    """Return how a command ends that has seen this run stand still.

    A finished run is no success if changes were not made; those that an approval left out do not count.
    """
    if run["state"] == HELD:
        return Exit.HELD
    if run["state"] in MOVING:
        return Exit.DONE
    counts = run["counts"]
    unmade = sum(counts["outcomes"].get(name, 0) for name in _UNMADE) - counts["codes"].get(LEFT_OUT, 0)
    return Exit.DONE if run["state"] == FINISHED and unmade <= 0 else Exit.REFUSED
