"""`runs list` and `runs show`, and how a run is found by the words latest and held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mfa_sync.cli import run_text
from mfa_sync.cli.app import part
from mfa_sync.cli.ending import CommandError, Exit, usage
from mfa_sync.cli.follow import follow
from mfa_sync.cli.times import moment
from mfa_sync.cli.vocabulary import FINISHED, HELD, HELD_SECONDS, LEFT_OUT, MOVING, RUNS_LIST, RUNS_READ

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from mfa_sync.cli.app import App
    from mfa_sync.cli.terminal import Terminal

LATEST = "latest"
_MOST = 100
# A held run that is older was discarded; the watchdog may be some minutes late.
_OLDEST_HELD = timedelta(seconds=HELD_SECONDS, hours=6)
_UNMADE = ("refused", "failed")


def list_runs(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Print runs, the newest first."""
    wanted: list[dict[str, Any]] = []
    after, following = options.after, None
    while True:
        missing = _MOST if options.all else min(_MOST, max(1, options.limit - len(wanted)))
        found, following = _page(app, missing, after)
        wanted += [run for run in found if options.state in {None, run["state"]}]
        after = following
        if following is None or not found or (not options.all and len(wanted) >= options.limit):
            break
    if options.json:
        terminal.json({"runs": wanted, "next": following})
        return Exit.DONE
    if not wanted:
        terminal.say(f"No run{f' is {options.state}' if options.state else ' yet'}.")
        return Exit.DONE
    terminal.say(run_text.listing(wanted, datetime.now(UTC)))
    if following:
        terminal.remark(f"There are more: runs list --after {following}, or --all.")
    if held := [run["id"] for run in wanted if run["state"] == HELD]:
        terminal.remark(f"Waiting for a decision: runs show {held[0]}")
    return Exit.DONE


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


def find(app: App, terminal: Terminal, wanted: str | None, *, deciding: bool = False) -> str:
    """Return the id of the run that is meant: an id, `latest`, `held`; without any, held or else latest.

    Raises:
        CommandError: There is none; or several are held and one is to be decided about.
    """
    if wanted not in {None, LATEST, HELD}:
        return str(wanted)
    if wanted == LATEST:
        return _latest(app)
    held = list(_held(app))
    if len(held) > 1:
        ids = ", ".join(held)
        if deciding:
            raise usage(f"{len(held)} runs are held: {ids}.", "Name the one that is meant.")
        terminal.remark(f"{len(held)} runs are held: {ids}. This is the newest.")
    if held:
        return held[0]
    if wanted == HELD:
        raise CommandError(Exit.REFUSED, "No run is held.", "See `runs list`.")
    return _latest(app)


def _latest(app: App) -> str:
    found, _ = _page(app, 1, None)
    if not found:
        raise CommandError(Exit.REFUSED, "There is no run yet.", "Begin one: runs start full")
    return str(found[0]["id"])


def _held(app: App) -> Iterator[str]:
    """Yield the ids of held runs, the newest first: every push leaves a run, so they may lie far back."""
    after: str | None = None
    oldest = datetime.now(UTC) - _OLDEST_HELD
    while True:
        found, after = _page(app, _MOST, after)
        yield from (str(run["id"]) for run in found if run["state"] == HELD)
        last = moment(found[-1]["moved"]) if found else None
        if after is None or last is None or last < oldest:
            return


def _page(app: App, limit: int, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
    query = {"limit": str(limit), **({"after": after} if after else {})}
    body = app.call(RUNS_LIST, "GET", "api/runs", query=query).body
    return body["runs"], body["next"]


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
