"""`smoke`: the proof after a deployment. It writes nothing, and says of each line what it proves."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from functools import partial

from ops.cli import smoke_access, smoke_work
from ops.cli.app import App
from ops.cli.smoke_check import FAIL, PASS, SKIP, Check, Status
from ops.cli.terminal import CommandError, Exit, Terminal, table


def smoke(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Print what was proved. Refused if a line failed, with --strict also if one could not be proved."""
    lines = list(_lines(app, terminal, options))
    bad = {FAIL, SKIP} if options.strict else {FAIL}
    ok = not any(check.status in bad for _, check in lines)
    if options.json:
        document = [
            {"name": name, "status": check.status, "detail": check.detail, "remedy": check.remedy or None}
            for name, check in lines
        ]
        terminal.json({"ok": ok, "url": app.address.url, "lines": document})
    else:
        rows = [(check.status, name, check.detail) for name, check in lines]
        terminal.say(table(("", "line", "what was seen"), rows))
        for name, check in lines:
            if check.remedy and check.status is not PASS:
                terminal.say(["", f"{name}: {check.remedy}"])
        passed, failed, skipped = (sum(check.status is status for _, check in lines) for status in Status)
        terminal.say(["", f"{passed} passed, {failed} failed, {skipped} not proved. Nothing was written."])
    return Exit.DONE if ok else Exit.REFUSED


def _lines(app: App, terminal: Terminal, options: Namespace) -> Iterator[tuple[str, Check]]:
    """Yield each line's name and what was looked at; once the app is not reached, the rest is not tried."""
    is_reached = True
    for name, look in _looks(options).items():
        terminal.trace(f"-- {name}")
        if not is_reached:
            yield name, Check(SKIP, "no function was reached")
            continue
        try:
            check = look(app)
        except CommandError as error:
            check = Check(FAIL, error.text, error.remedy)
            is_reached = error.code is not Exit.UNAVAILABLE
        yield name, check


def _looks(options: Namespace) -> dict[str, Callable[[App], Check]]:
    if options.expect_denied:
        return {"access denied": smoke_access.denied}
    looks: dict[str, Callable[[App], Check]] = {
        "health": smoke_work.health,
        "https only": partial(smoke_access.https_only, port=options.http_port),
        "function keys": smoke_access.function_keys,
        "separate keys": smoke_access.separate_keys,
        "handshake": smoke_access.handshake,
        "approver": smoke_access.approver,
        "forged principal": smoke_access.forged_principal,
        "storage": smoke_work.storage,
        "dry run": partial(smoke_work.dry_run, user=options.user),
        "schedule": smoke_work.schedule,
    }
    return {**looks, "easy auth": smoke_access.easy_auth} if options.easy_auth else looks
