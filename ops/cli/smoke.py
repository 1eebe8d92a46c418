"""`smoke`: the proof after a deployment. It writes nothing, and says of each line what it proves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.cli import smoke_access, smoke_work
from ops.cli.ending import CommandError, Exit
from ops.cli.smoke_line import Line, Status
from ops.cli.tables import table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

    from ops.cli.app import App
    from ops.cli.terminal import Terminal

    type Check = Callable[[App, Namespace], Line]

_CHECKS: tuple[tuple[str, Check], ...] = (
    ("health", smoke_work.health),
    ("https only", smoke_access.https_only),
    ("function keys", smoke_access.function_keys),
    ("separate keys", smoke_access.separate_keys),
    ("handshake", smoke_access.handshake),
    ("approver", smoke_access.approver),
    ("forged principal", smoke_access.forged_principal),
    ("storage", smoke_work.storage),
    ("dry run", smoke_work.dry_run),
    ("schedule", smoke_work.schedule),
)
_EASY_AUTH: tuple[str, Check] = ("easy auth", smoke_access.easy_auth)
_DENIED: tuple[str, Check] = ("access denied", smoke_access.denied)


def smoke(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Print what was proved. Refused if a line failed, with --strict also if one could not be proved."""
    lines = list(_lines(app, terminal, options))
    bad = {Status.FAIL, Status.SKIP} if options.strict else {Status.FAIL}
    ok = not any(line.status in bad for line in lines)
    if options.json:
        document = [
            {"name": line.name, "status": line.status, "detail": line.detail, "remedy": line.remedy or None}
            for line in lines
        ]
        terminal.json({"ok": ok, "url": app.address.url, "lines": document})
        return Exit.DONE if ok else Exit.REFUSED
    terminal.say(
        table(("", "line", "what was seen"), [(line.status, line.name, line.detail) for line in lines])
    )
    for line in lines:
        if line.remedy and line.status is not Status.PASS:
            terminal.say(["", f"{line.name}: {line.remedy}"])
    passed, failed, skipped = (sum(line.status is status for line in lines) for status in Status)
    terminal.say(["", f"{passed} passed, {failed} failed, {skipped} not proved. Nothing was written."])
    return Exit.DONE if ok else Exit.REFUSED


def _lines(app: App, terminal: Terminal, options: Namespace) -> Iterator[Line]:
    checks = [_DENIED] if options.expect_denied else [*_CHECKS, *([_EASY_AUTH] if options.easy_auth else [])]
    reached = True
    for name, check in checks:
        terminal.trace(f"-- {name}")
        if not reached:
            yield Line.skipped("the app was not reached").named(name)
            continue
        try:
            line = check(app, options)
        except CommandError as error:
            line = Line.failed(error.text, error.remedy)
            reached = error.code is not Exit.UNAVAILABLE
        yield line.named(name)
