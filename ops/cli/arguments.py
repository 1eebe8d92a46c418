"""The commands and their options. None takes a secret, and one that is given all the same is not repeated."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from ops.cli import decide, doctor, explain, push, runs, smoke
from ops.cli.terminal import usage
from ops.cli.vocabulary import KINDS, READINESS, RUN_KINDS, STATES, SWEEPS

if TYPE_CHECKING:
    type Add = Callable[..., argparse.Action]

_ENVIRONMENT = """\
The address and the keys come from the environment, from a file, or are asked for; never from arguments:
  MFA_SYNC_URL           the app's address, unless --url
  MFA_SYNC_KEY           the host key, for every function
  MFA_SYNC_KEY_<NAME>    a function's own key, as MFA_SYNC_KEY_RUNS_LIST; goes first
  MFA_SYNC_KEY_MASTER    the _master key (smoke alone)
  MFA_SYNC_HANDSHAKE     the push's handshake
  MFA_SYNC_SIGNING_KEY   with signed requests: the key that pushes are signed with
  MFA_SYNC_APPROVER      the approvers' handshake
  MFA_SYNC_KEY_FILE      a JSON file with all of these, mode 0600, unless --key-file
  MFA_SYNC_AUDIENCE      with App Service authentication: the audience to sign in for, unless --audience
Exit codes: 0 done, 1 refused or failed, 2 usage, 3 held for a decision, 4 out of reach, 130 stopped watching.
docs/cli.md tells more."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong without quoting values: one of them may be a key."""

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments"):
            message = "there are arguments that are not known. Secrets are never taken from arguments"
        raise usage(message, f"See {self.prog} --help.")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; `run` among them is what to do.

    Raises:
        CommandError: They are wrong.
        SystemExit: Help was asked for, and printed.
    """
    return _parser().parse_args(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mfa-sync",
        description="Operate MFA phone sync: read and decide runs, explain a user, push, prove a deployment.",
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    about_runs = "list, show, approve, discard, stop and start runs"
    verbs = commands.add_parser("runs", help=about_runs, allow_abbrev=False)
    _runs(verbs.add_subparsers(metavar="COMMAND", required=True))
    what = "why a user's phone is what it is, and what would happen now"
    add = _command(commands, "explain", explain.explain, what)
    add("user", nargs="?", metavar="UPN")
    add("--id", metavar="ID", help="the user's object id instead")
    _push(_command(commands, "push", push.push, "send a small file of users; tried only, unless --apply"))
    add = _command(commands, "doctor", doctor.doctor, "will it work here, and what is missing")
    add("--canary", action="store_true", help="try on CANARY_USER what only a write shows")
    _smoke(_command(commands, "smoke", smoke.smoke, "prove a deployment, line by line; writes nothing"))
    return parser


def _runs(verbs: argparse._SubParsersAction[_Parser]) -> None:
    add = _command(verbs, "list", runs.list_runs, "runs, the newest first")
    add("--limit", type=_whole, default=20, metavar="N", help="how many (20)")
    add("--after", metavar="ID", help="go on after this run")
    add("--all", action="store_true", help="all that are kept")
    kinds = "only those; sweep is full or changed; each push is a run too"
    add("--kind", choices=list(RUN_KINDS), help=kinds)
    add("--state", choices=sorted(STATES), help="only those")

    what = "one run: what it found, would do and did, and why it waits"
    add = _command(verbs, "show", runs.show_run, what)
    _which(
        add, "an id, latest (the latest sweep), held, or readiness (the latest); without it: held, or latest"
    )
    _page(add)
    add("--csv", action="store_true", help="of a readiness run: all its people as CSV, and nothing else")
    add("--wait", "--follow", action="store_true", help="watch it until it is held or has ended")
    _interval(add)

    add = _command(verbs, "approve", decide.approve, "let a held plan go on, exactly as it was shown")
    _which(add, "an id, or held")
    only = "only these, as create,update; others are not made"
    add("--kinds", type=_kinds, metavar="KIND,…", help=only)
    add("--digest", metavar="DIGEST", help="of the plan that was seen, as `runs show` shows it")
    _decision(add, "do not ask; needs --digest")
    _watched(add)

    add = _command(verbs, "discard", decide.discard, "give a held plan up")
    _which(add, "an id, or held")
    _decision(add, "do not ask")

    add = _command(verbs, "stop", decide.stop, "end a run where it stands")
    _which(add, "an id, latest (the latest sweep), or held")
    _decision(add, "do not ask")

    add = _command(verbs, "start", decide.start, "begin a sweep, or a readiness run, now")
    add("kind", choices=(*SWEEPS, READINESS))
    add("--apply", action="store_true", help="within the limits it goes on by itself; else it is held")
    add("--yes", action="store_true", help="do not ask, even if a held sweep is given up for it")
    _watched(add)


def _push(add: Add) -> None:
    add("file", nargs="?", metavar="FILE", help="CSV or JSON with the push's keys; - is standard input")
    add("--user", action="append", metavar="UPN", help="a user by name; may be given several times")
    add("--apply", action="store_true", help="write; without it nothing is written")
    add("--yes", action="store_true", help="do not ask before writing")
    _interval(add)


def _smoke(add: Add) -> None:
    add("--user", metavar="UPN", help="whose dry run proves sign-in and Graph")
    add("--easy-auth", action="store_true", help="App Service authentication is expected to be on")
    add("--expect-denied", action="store_true", help="only: from here the app must not be reached")
    add("--strict", action="store_true", help="what cannot be proved counts as failed")
    add("--http-port", type=_whole, default=80, metavar="PORT", help="where plain http would be (80)")


def _command(commands: argparse._SubParsersAction[_Parser], name: str, run: object, summary: str) -> Add:
    """Make a command with the options that all have, and return what adds its own."""
    parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.set_defaults(run=run)
    add = parser.add_argument
    add("--url", metavar="URL", help="the app's address (MFA_SYNC_URL)")
    add("--key-file", metavar="FILE", help="JSON with keys and handshakes (MFA_SYNC_KEY_FILE)")
    add("--audience", metavar="URI", help="sign in by the Azure CLI for it (MFA_SYNC_AUDIENCE)")
    add("--json", action="store_true", help="print JSON")
    add("-v", "--verbose", action="store_true", help="show each call on standard error")
    return add


def _which(add: Add, meaning: str) -> None:
    add("id", nargs="?", metavar="RUN", help=meaning)


def _page(add: Add) -> None:
    add("--page", type=_whole, default=1, metavar="N", help="which page of the plan, from 1 on")
    add("--all", action="store_true", help="all pages")


def _decision(add: Add, yes: str) -> None:
    add("--reason", metavar="TEXT", help="kept with the run and shown by it; no phone numbers")
    add("--yes", action="store_true", help=yes)


def _watched(add: Add) -> None:
    both = argparse.BooleanOptionalAction
    add("--wait", "--follow", action=both, default=True, help="watch it to its end (default)")
    _page(add)
    _interval(add)


def _interval(add: Add) -> None:
    meaning = "between two looks (as the app asks, or 2)"
    add("--interval", type=_seconds, metavar="SECONDS", help=meaning)


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) or float(text) <= 0:
        raise argparse.ArgumentTypeError("must be seconds, over 0")
    return float(text)


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(kind.strip() for kind in text.split(","))
    if len(set(kinds)) != len(kinds) or not set(kinds) <= set(KINDS):
        raise argparse.ArgumentTypeError("must name create, update, assert or delete, with commas")
    return kinds
