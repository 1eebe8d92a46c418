"""`runs approve`, `discard`, `stop` and `start`: what a person decides, shown first and confirmed."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from ops.cli import run_text
from ops.cli.app import App, part
from ops.cli.follow import follow
from ops.cli.runs import exit_of, find, held_runs, read, show
from ops.cli.terminal import CommandError, Exit, Terminal, usage
from ops.cli.vocabulary import (
    ENDED,
    HELD,
    READINESS,
    RUNS_APPROVE,
    RUNS_DISCARD,
    RUNS_LIST,
    RUNS_START,
    RUNS_STOP,
    SWEEPS,
)

_SHOWN = 20
_NOTHING = "nothing was done"


def approve(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Let the held plan that was shown go on, by its digest, and watch it."""
    if not options.yes:
        terminal.need_person()
    run = read(app, find(app, terminal, options.id, deciding=True))
    if run["state"] != HELD and not options.digest:
        raise CommandError(
            Exit.REFUSED, f"The run {run['id']} is {run['state']}, not held.", "See `runs list`."
        )
    digest = options.digest or str(run["digest"])
    kinds = options.kinds or ()
    if unplanned := [kind for kind in kinds if not run["counts"]["planned"].get(kind)]:
        raise CommandError(
            Exit.REFUSED,
            f"The plan holds no {' and no '.join(unplanned)}; nothing was approved.",
            f"It holds: {run_text.words(run['counts']['planned'])}.",
        )
    if options.yes:
        if not options.digest:
            raise usage(
                "--yes needs --digest: what is approved unseen must be what was seen.",
                f"Read it: runs show {shlex.quote(run['id'])}",
            )
    else:
        if digest != run["digest"]:
            raise CommandError(
                Exit.REFUSED,
                "The run's plan is another than that digest's; nothing was approved.",
                f"Read it again: runs show {shlex.quote(run['id'])}",
            )
        _show_plan(terminal, run, kinds)
        terminal.confirm("approve", run_text.words(_wanted(run, kinds)) or "nothing", _NOTHING)
    body = {
        "digest": digest,
        "reason": _reason(terminal, options),
        **({"kinds": list(kinds)} if kinds else {}),
    }
    reply = app.call(
        RUNS_APPROVE, "POST", f"api/runs/{part(run['id'])}/approve", body=body, message=app.approver()
    )
    again = "" if reply.status == HTTPStatus.ACCEPTED else " (it was already; nothing is done twice)"
    terminal.remark(f"Approved{again}: {run['id']}")
    return _after(app, terminal, reply.body, options)


def discard(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Give a held plan up."""
    return _end(app, terminal, options, RUNS_DISCARD, "discard")


def stop(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """End a run where it stands."""
    return _end(app, terminal, options, RUNS_STOP, "stop")


def start(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Begin a sweep, and watch it. One that is held would be given up for it, so that is asked first."""
    if options.kind == READINESS:
        return _start_readiness(app, terminal, options)
    if not options.yes and app.credentials.find_key(RUNS_LIST):
        held = [run["id"] for run in held_runs(app, terminal) if run["kind"] in SWEEPS]
        if held:
            terminal.remark(
                f"The sweep {held[0]} is held. A new one takes its place, and its plan is given up."
            )
            terminal.confirm("start", "start", _NOTHING)
    wish = {"kind": options.kind, "apply": options.apply}
    reply = app.call(
        RUNS_START, "POST", "api/runs", body=wish, message=app.approver() if options.apply else None
    )
    run: dict[str, Any] = reply.body
    terminal.remark(f"Begun: {run['id']}")
    if options.apply and not run["apply"]:
        terminal.remark("SWEEP_MODE=plan: it will be held for a decision all the same.")
    return _after(app, terminal, run, options)


def _start_readiness(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Begin a readiness run, and watch it. It gives up nothing and writes nothing."""
    if options.apply:
        raise usage("A readiness run writes nothing: there is nothing to --apply.")
    run: dict[str, Any] = app.call(RUNS_START, "POST", "api/runs", body={"kind": READINESS}).body
    terminal.remark(f"Begun: {run['id']}")
    return _after(app, terminal, run, options)


def _end(app: App, terminal: Terminal, options: Namespace, function: str, verb: str) -> Exit:
    if not options.yes:
        terminal.need_person()
    run = read(app, find(app, terminal, options.id, deciding=True))
    if run["state"] in ENDED and not options.yes:
        raise CommandError(
            Exit.REFUSED, f"The run {run['id']} has ended: {run['state']}.", "See `runs list`."
        )
    if not options.yes:
        _show_plan(terminal, run, ())
        terminal.confirm(verb, verb, _NOTHING)
    body = {"reason": _reason(terminal, options)}
    path = f"api/runs/{part(run['id'])}/{verb}"
    ended = app.call(function, "POST", path, body=body, message=app.approver()).body
    if options.json:
        terminal.json(ended)
        return Exit.DONE
    terminal.say(run_text.head(ended, datetime.now(UTC)))
    if ended.get("remark"):
        terminal.say(["", str(ended["remark"])])
    return Exit.DONE


def _after(app: App, terminal: Terminal, run: dict[str, Any], options: Namespace) -> Exit:
    """Print what a run came to, or only that it is on its way."""
    if options.wait:
        run = follow(app, terminal, run["id"], options.interval)
        show(app, terminal, run, options)
        return exit_of(run)
    if options.json:
        terminal.json(run)
    else:
        terminal.say(run_text.head(run, datetime.now(UTC)))
    return Exit.DONE


def _show_plan(terminal: Terminal, run: dict[str, Any], kinds: Sequence[str]) -> None:
    wanted = sum(_wanted(run, kinds).values())
    shown = [change for change in run["changes"] if not kinds or change["kind"] in kinds][:_SHOWN]
    which = "all" if len(shown) == wanted else f"the first {len(shown)} of {wanted}; all: runs show --all"
    lines = [
        *run_text.head(run, datetime.now(UTC)),
        *run_text.plan(run),
        *run_text.changes(run, shown, which),
    ]
    if kinds:
        left = {kind: count for kind, count in run["counts"]["planned"].items() if kind not in kinds}
        lines += ["", f"Left out, and not made: {run_text.words(left) or 'nothing'}"]
    terminal.say(lines, aside=True)


def _wanted(run: dict[str, Any], kinds: Sequence[str]) -> dict[str, int]:
    planned: dict[str, int] = run["counts"]["planned"]
    return {kind: count for kind, count in planned.items() if not kinds or kind in kinds}


def _reason(terminal: Terminal, options: Namespace) -> str:
    if options.reason:
        return str(options.reason)
    if options.yes:
        raise usage("--yes needs --reason too: it is kept with the run.")
    return terminal.ask("Reason (kept with the run; no phone numbers)\n> ")
