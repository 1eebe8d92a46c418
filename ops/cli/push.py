"""`push`: a small file of users, tried by default and written only with --apply."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ops.cli.app import part
from ops.cli.ending import CommandError, Exit, usage
from ops.cli.follow import LOOK_SECONDS
from ops.cli.row_file import read_rows
from ops.cli.run_text import words
from ops.cli.tables import table
from ops.cli.vocabulary import PUSH

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence

    from ops.cli.app import App, Reply
    from ops.cli.terminal import Terminal

_ACCEPTED = 202
_AWAITING = "awaitingApproval"


def push(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Send the rows; with --apply show first what would happen, and ask."""
    rows = [{"UserPrincipalName": upn} for upn in options.user or ()]
    if options.file:
        rows += read_rows(options.file)
    if not rows:
        raise usage("Name users: a file, or --user.")
    if options.apply and not options.yes:
        terminal.need_person()
        _report(terminal, _send(app, terminal, rows, options, dry_run=True), remarks=True)
        phrase = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
        if terminal.ask(f"\nTo write, type: {phrase}\n> ").lower().split() != phrase.split():
            raise CommandError(Exit.REFUSED, "That is not it; nothing was written.", "Run the command again.")
    answer = _send(app, terminal, rows, options, dry_run=not options.apply)
    if options.json:
        terminal.json(answer)
    else:
        _report(terminal, answer)
    if answer["ok"]:
        return Exit.DONE
    return Exit.HELD if any(row["code"] == _AWAITING for row in answer["results"]) else Exit.REFUSED


def _send(
    app: App, terminal: Terminal, rows: Sequence[Mapping[str, Any]], options: Namespace, *, dry_run: bool
) -> dict[str, Any]:
    """Return the answer, also that of a call which became a run."""
    message = app.credentials.handshake()
    query = {"dryRun": "true"} if dry_run else None
    reply = app.call(PUSH, "POST", "api/mfa-sync", body=rows, query=query, message=message)
    run_id = str(reply.body["runId"])
    try:
        while reply.status == _ACCEPTED:
            terminal.progress(_progress(reply))
            time.sleep(options.interval or reply.retry_after(LOOK_SECONDS))
            reply = app.call(PUSH, "GET", f"api/mfa-sync/{part(run_id)}", message=message)
    except KeyboardInterrupt:
        text = f"Stopped watching; the push goes on as the run {run_id}."
        raise CommandError(Exit.INTERRUPTED, text, f"Look again: runs show {run_id}") from None
    answer: dict[str, Any] = reply.body
    return answer


def _progress(reply: Reply) -> str:
    body = reply.body
    pages = f"page {body['pagesApplied']} of {body['pages']}"
    return f"{body['runId']}: {body['state']}, {body['rowsPlanned']} rows planned, {pages}"


def _report(terminal: Terminal, answer: Mapping[str, Any], *, remarks: bool = False) -> None:
    rows = [
        (
            row["row"],
            row["outcome"],
            row["code"],
            row["phone"],
            row["userPrincipalName"] or row["id"],
            row["reference"],
            row["detail"] or ", ".join(row["notes"]),
        )
        for row in answer["results"]
    ]
    headings = (
        "row",
        "would be" if answer["dryRun"] else "became",
        "code",
        "phone",
        "user",
        "reference",
        "detail",
    )
    tried = "Tried, nothing is written" if answer["dryRun"] else f"Run {answer['runId']}"
    lines = [f"{tried}: {words(answer['summary']) or 'nothing'}", *table(headings, rows, right=("row",))]
    if remarks:
        terminal.remark("\n".join(lines))
    else:
        terminal.say(lines)
