"""The commands and their options. None takes a secret, and one that is given all the same is not repeated."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, NoReturn

from ops.cli import decide, explain, push, runs, smoke
from ops.cli.terminal import usage
from ops.cli.vocabulary import KINDS, RUN_KINDS, STATES, SWEEPS

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENVIRONMENT = """\
The address and the keys come from the environment, from a file, or are asked for; never from arguments:
  MFA_SYNC_URL           the app's address, unless --url
  MFA_SYNC_KEY           the host key, for every function
  MFA_SYNC_KEY_<NAME>    a function's own key, as MFA_SYNC_KEY_RUNS_LIST; goes first
  MFA_SYNC_KEY_MASTER    the _master key (smoke alone)
  MFA_SYNC_HANDSHAKE     the push's handshake
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
    _runs(commands)
    one = _command(
        commands, "explain", explain.explain, "why a user's phone is what it is, and what would happen now"
    )
    one.add_argument("user", nargs="?", metavar="UPN")
    one.add_argument("--id", metavar="ID", help="the user's object id instead")
    _push(_command(commands, "push", push.push, "send a small file of users; tried only, unless --apply"))
    _smoke(_command(commands, "smoke", smoke.smoke, "prove a deployment, line by line; writes nothing"))
    return parser


def _runs(commands: argparse._SubParsersAction[_Parser]) -> None:
    group = commands.add_parser(
        "runs", help="list, show, approve, discard, stop and start runs", allow_abbrev=False
    )
    verbs = group.add_subparsers(metavar="COMMAND", required=True)
    listing = _command(verbs, "list", runs.list_runs, "runs, the newest first")
    listing.add_argument("--limit", type=_whole, default=20, metavar="N", help="how many (20)")
    listing.add_argument("--after", metavar="ID", help="go on after this run")
    listing.add_argument("--all", action="store_true", help="all that are kept")
    listing.add_argument(
        "--kind", choices=list(RUN_KINDS), help="only those; sweep is full or changed; each push is a run too"
    )
    listing.add_argument("--state", choices=sorted(STATES), help="only those")
    show = _command(
        verbs, "show", runs.show_run, "one run: what it found, would do and did, and why it waits"
    )
    _which(show, "an id, latest (the latest sweep), or held; without it: held, or else latest")
    _page(show)
    show.add_argument(
        "--wait", "--follow", action="store_true", help="watch it until it is held or has ended"
    )
    _interval(show)
    approve = _command(verbs, "approve", decide.approve, "let a held plan go on, exactly as it was shown")
    _which(approve, "an id, or held")
    approve.add_argument(
        "--kinds", type=_kinds, metavar="KIND,…", help="only these, as create,update; others are not made"
    )
    approve.add_argument(
        "--digest", metavar="DIGEST", help="of the plan that was seen, as `runs show` shows it"
    )
    _decision(approve, "do not ask; needs --digest")
    _watched(approve)
    discard = _command(verbs, "discard", decide.discard, "give a held plan up")
    _which(discard, "an id, or held")
    _decision(discard, "do not ask")
    stop = _command(verbs, "stop", decide.stop, "end a run where it stands")
    _which(stop, "an id, latest (the latest sweep), or held")
    _decision(stop, "do not ask")
    start = _command(verbs, "start", decide.start, "begin a sweep now")
    start.add_argument("kind", choices=SWEEPS)
    start.add_argument(
        "--apply", action="store_true", help="within the limits it goes on by itself; else it is held"
    )
    start.add_argument(
        "--yes", action="store_true", help="do not ask, even if a held sweep is given up for it"
    )
    _watched(start)


def _push(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="CSV or JSON with the push's keys; - is standard input"
    )
    parser.add_argument(
        "--user", action="append", metavar="UPN", help="a user by name; may be given several times"
    )
    parser.add_argument("--apply", action="store_true", help="write; without it nothing is written")
    parser.add_argument("--yes", action="store_true", help="do not ask before writing")
    _interval(parser)


def _smoke(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", metavar="UPN", help="whose dry run proves sign-in and Graph")
    parser.add_argument(
        "--easy-auth", action="store_true", help="App Service authentication is expected to be on"
    )
    parser.add_argument(
        "--expect-denied", action="store_true", help="only: from here the app must not be reached"
    )
    parser.add_argument("--strict", action="store_true", help="what cannot be proved counts as failed")
    parser.add_argument(
        "--http-port", type=_whole, default=80, metavar="PORT", help="where plain http would be (80)"
    )


def _command(
    commands: argparse._SubParsersAction[_Parser], name: str, run: object, summary: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.set_defaults(run=run)
    parser.add_argument("--url", metavar="URL", help="the app's address (MFA_SYNC_URL)")
    parser.add_argument(
        "--key-file", metavar="FILE", help="JSON with keys and handshakes (MFA_SYNC_KEY_FILE)"
    )
    parser.add_argument(
        "--audience", metavar="URI", help="sign in by the Azure CLI for it (MFA_SYNC_AUDIENCE)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("-v", "--verbose", action="store_true", help="show each call on standard error")
    return parser


def _which(parser: argparse.ArgumentParser, meaning: str) -> None:
    parser.add_argument("id", nargs="?", metavar="RUN", help=meaning)


def _page(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--page", type=_whole, default=1, metavar="N", help="which page of the plan, from 1 on"
    )
    parser.add_argument("--all", action="store_true", help="all pages")


def _decision(parser: argparse.ArgumentParser, yes: str) -> None:
    parser.add_argument(
        "--reason", metavar="TEXT", help="kept with the run and shown by it; no phone numbers"
    )
    parser.add_argument("--yes", action="store_true", help=yes)


def _watched(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        "--follow",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="watch it to its end (default)",
    )
    _page(parser)
    _interval(parser)


def _interval(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--interval", type=_seconds, metavar="SECONDS", help="between two looks (as the app asks, or 2)"
    )


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
