"""From arguments to an exit code: what `mfa-sync` runs."""

from __future__ import annotations

import os
import sys
import traceback
from io import TextIOWrapper
from typing import TYPE_CHECKING

from ops.cli.app import Address, App
from ops.cli.arguments import parse
from ops.cli.credentials import Credentials, SignIn
from ops.cli.terminal import CommandError, Exit, Terminal

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return what the process exits with. Nothing is raised, no secret is printed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a console that lacks a letter shows ? and does not fail
            stream.reconfigure(errors="replace")
    terminal = Terminal()
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        terminal = Terminal(verbose=options.verbose)
        return _run(terminal, options)
    except SystemExit as helped:  # argparse, after its help
        return int(helped.code or 0)
    except BrokenPipeError:  # the reader of a pipe has seen enough; Python would complain when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  the text of any may quote a header
        return _failed(terminal, error)


def _run(terminal: Terminal, options: Namespace) -> Exit:
    address = Address.parse(options.url or os.environ.get("MFA_SYNC_URL"))
    credentials = Credentials(os.environ, options.key_file, terminal)
    audience = options.audience or os.environ.get("MFA_SYNC_AUDIENCE")
    sign_in = SignIn(audience, terminal) if audience else None
    with App(address, credentials, terminal, sign_in) as app:
        ended: Exit = options.run(app, terminal, options)
        return ended


def _failed(terminal: Terminal, error: BaseException) -> Exit:
    """Say what happened and what to do; of a fault of our own only its type, and with -v its place."""
    match error:
        case CommandError():
            terminal.remark("\n".join(filter(None, [error.text, error.remedy])))
            return error.code
        case KeyboardInterrupt():
            terminal.remark("Interrupted.")
            return Exit.INTERRUPTED
        case _:
            terminal.remark(f"A fault of this program: {type(error).__name__}. With -v it shows where.")
            terminal.trace("".join(traceback.format_tb(error.__traceback__)))
            return Exit.REFUSED
