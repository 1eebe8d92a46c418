"""`push`: a small file of users, tried by default and written only with --apply. No cell is quoted."""

from __future__ import annotations

import csv
import io
import json
import shlex
import sys
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from ops.cli.app import App, Reply, part
from ops.cli.follow import LOOK_SECONDS
from ops.cli.run_text import words
from ops.cli.terminal import CommandError, Exit, Terminal, table, usage
from ops.cli.vocabulary import PUSH

_AWAITING = "awaitingApproval"
_COLUMNS = {
    name.lower(): name for name in ("UserPrincipalName", "Id", "Mobile", "OverwriteNull", "Reference")
}


def push(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Send the rows; with --apply show first what would happen, and ask."""
    rows = [{"UserPrincipalName": upn} for upn in options.user or ()]
    if options.file:
        rows += read_rows(options.file)
    if not rows:
        raise usage("Name users: a file, or --user.")
    if options.apply and not options.yes:
        terminal.need_person()
        terminal.say(_report(_send(app, terminal, rows, options, dry_run=True)), aside=True)
        phrase = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
        terminal.confirm("write", phrase, "nothing was written")
    answer = _send(app, terminal, rows, options, dry_run=not options.apply)
    if options.json:
        terminal.json(answer)
    else:
        terminal.say(_report(answer))
    if answer["ok"]:
        return Exit.DONE
    return Exit.HELD if any(row["code"] == _AWAITING for row in answer["results"]) else Exit.REFUSED


def _send(
    app: App, terminal: Terminal, rows: Sequence[Mapping[str, Any]], options: Namespace, *, dry_run: bool
) -> dict[str, Any]:
    """Return the answer, also that of a call which became a run."""
    message = app.credentials.need("handshake")
    query = {"dryRun": "true"} if dry_run else None
    reply = app.call(PUSH, "POST", "api/mfa-sync", body=rows, query=query, message=message)
    run_id = str(reply.body["runId"])
    try:
        while reply.status == HTTPStatus.ACCEPTED:
            terminal.progress(_progress(reply))
            time.sleep(options.interval or reply.retry_after(LOOK_SECONDS))
            reply = app.call(PUSH, "GET", f"api/mfa-sync/{part(run_id)}", message=message)
    except KeyboardInterrupt:
        text = f"Stopped watching; the push goes on as the run {run_id}."
        raise CommandError(Exit.INTERRUPTED, text, f"Look again: runs show {shlex.quote(run_id)}") from None
    answer: dict[str, Any] = reply.body
    return answer


def _progress(reply: Reply) -> str:
    body = reply.body
    pages = f"page {body['pagesApplied']} of {body['pages']}"
    return f"{body['runId']}: {body['state']}, {body['rowsPlanned']} rows planned, {pages}"


def _report(answer: Mapping[str, Any]) -> list[str]:
    became = "would be" if answer["dryRun"] else "became"
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
    headings = ("row", became, "code", "phone", "user", "reference", "detail")
    title = "Tried, nothing is written" if answer["dryRun"] else f"Run {answer['runId']}"
    return [f"{title}: {words(answer['summary']) or 'nothing'}", *table(headings, rows, right=("row",))]


def read_rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of a file, or of standard input for `-`.

    Raises:
        CommandError: It cannot be read, or is neither such CSV nor JSON; names row and column.
    """
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise usage(f"{name}: {error.strerror or type(error).__name__}.") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise usage(f"{name}: line {line} is not UTF-8.", "Save it as CSV UTF-8.") from None
    rows = _json(name, text) if text.lstrip()[:1] in {"[", "{"} else _csv(name, text)
    if not rows:
        raise usage(f"{name}: holds no rows.")
    return rows


def _json(name: str, text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except ValueError as error:
        where = (
            f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "it"
        )
        raise usage(f"{name}: is not JSON ({where}).") from None
    rows = found if isinstance(found, list) else [found]
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise usage(
                f"{name}: item {number} is no object.", "Write an array of objects, as docs/http.md has them."
            )
    return rows


def _csv(name: str, text: str) -> list[dict[str, Any]]:
    first = text.partition("\n")[0]
    # A spreadsheet in much of Europe separates by semicolons.
    delimiter = max((";", ",", "\t"), key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        headings, *lines = [line for line in reader if any(cell.strip() for cell in line)]
    except ValueError:
        return []
    except csv.Error:
        raise usage(f"{name}: line {reader.line_num} is not CSV (quotes?).") from None
    columns = [_COLUMNS.get(heading.strip().lower()) for heading in headings]
    if None in columns:
        raise usage(
            f"{name}: column {columns.index(None) + 1} has no name that is known.",
            f"The first line names columns; known: {', '.join(_COLUMNS.values())}.",
        )
    if len(set(columns)) != len(columns):
        raise usage(f"{name}: two columns have one name.")
    rows = []
    for number, line in enumerate(lines, 1):
        if len(line) != len(columns):
            raise usage(f"{name}: row {number} has {len(line)} cells, and there are {len(columns)} columns.")
        rows.append(
            {str(column): cell.strip() for column, cell in zip(columns, line, strict=True) if cell.strip()}
        )
    return rows
