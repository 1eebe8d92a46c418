"""`python -m ops.tenant_setup plan|apply|remove|secrets`: see docs/identity.md."""

from __future__ import annotations

import argparse
import getpass
import re
import sys
import time
from collections.abc import Callable, Sequence

import httpx
from azure.keyvault.secrets import SecretClient

from ops.tenant_setup import entra, vault
from ops.tenant_setup.change import StoppedError
from ops.tenant_setup.graph import Graph, permissions
from ops.tenant_setup.sign_in import WAYS, credential, token_source
from ops.tenant_setup.wanted import LOCATION, POLICY, UNIT, WRITER_ROLES, Wanted, egress_of

VERSION = "/v1.0"
"""Of Graph: the one that this program was written for."""


def main(arguments: Sequence[str] | None = None, sleep: Callable[[float], None] = time.sleep) -> int:
    """Run one command.

    Returns:
        0, or 1 if the work stopped; then the reason stands on the error stream.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.command == "secrets":
            _secrets(options)
        else:
            _entra(options, sleep)
    except StoppedError as error:
        print(f"Stopped. {error}", file=sys.stderr)
        return 1
    return 0


def _entra(options: argparse.Namespace, sleep: Callable[[float], None]) -> None:
    acting = options.command == "apply" or (options.command == "remove" and options.yes)
    wanted = Wanted(
        service_account=options.service_account,
        egress=egress_of(options.egress) if options.egress else None,
        rule=options.rule,
        group=options.group,
        users=tuple(options.user),
        role=options.role,
        audit_log=options.audit_log,
        privileged_guard=options.privileged_guard,
        enforce=options.enforce,
        replace_ranges=options.replace_ranges,
        client_id=options.client_id,
        unit=options.unit,
        location=options.location,
        policy=options.policy,
    )
    found = credential(options.sign_in, options.tenant, options.authority)
    token = token_source(
        found, options.sign_in, options.graph_url.removesuffix(VERSION), permissions(writing=acting)
    )
    with httpx.Client() as http:
        graph = Graph(http, options.graph_url, token, sleep)
        if options.command == "apply":
            entra.apply(graph, wanted, print)
            return
        changes = (
            entra.remove(graph, wanted, print, acting=acting)
            if options.command == "remove"
            else entra.plan(graph, wanted, print)
        )
    if changes and not acting:
        how = "--yes" if options.command == "remove" else "apply"
        print(f"Nothing was changed. To do it: the same with {how}.")


def _secrets(options: argparse.Namespace) -> None:
    wanted = vault.WantedSecrets(
        tuple(options.ask), tuple(options.replace), options.days, options.overlap_hours
    )
    acting = options.action == "apply"
    found = credential(options.sign_in, options.tenant, options.authority)
    with SecretClient(options.vault, found) as client:
        changes = vault.run(client, wanted, _hidden, print, acting=acting)
    if changes and not acting:
        print("Nothing was set. To do it: the same with apply.")


def _hidden(name: str) -> str:
    """Return a value that nobody sees: typed without echo, or a line of an input that is no terminal."""
    if sys.stdin.isatty():
        return getpass.getpass(f"Value for {name}: ")
    return sys.stdin.readline().rstrip("\r\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m ops.tenant_setup", description="Prepares a tenant (docs/identity.md)."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("plan", "look, and say what is to be done"),
        ("apply", "do it"),
        ("remove", "say what would be taken away; take it away with --yes"),
    ):
        command = commands.add_parser(name, help=text, allow_abbrev=False)
        _sign_in_options(command)
        _entra_options(command)
        if name == "remove":
            command.add_argument("--yes", action="store_true", help="take it away")
    command = commands.add_parser("secrets", help="make the app's secrets in Key Vault", allow_abbrev=False)
    command.add_argument("action", choices=("plan", "apply"))
    _sign_in_options(command)
    _secrets_options(command)
    return parser


def _sign_in_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--tenant", required=True, help="tenant id or domain")
    add("--sign-in", choices=WAYS, default=WAYS[0], help="how you sign in (default: %(default)s)")
    add("--authority", default="https://login.microsoftonline.com", help="another one in national clouds")


def _entra_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--service-account", required=True, metavar="UPN")
    add("--rule", help="who is in the unit: a dynamic membership rule")
    add("--group", metavar="ID", help="or: today's users of this group, also of groups in it")
    add("--user", action="append", default=[], metavar="UPN", help="or: this user; may be repeated")
    add("--role", choices=WRITER_ROLES, default=WRITER_ROLES[0], help="default: %(default)s")
    add("--audit-log", action="store_true", help="sweeps read the audit log: Reports Reader over the tenant")
    add(
        "--privileged-guard", action="store_true", help="reads who is eligible: Global Reader over the tenant"
    )
    add("--egress", metavar="PREFIX", help="the public IP prefix that the app's calls come from")
    add("--replace-ranges", action="store_true", help="the app's addresses have changed")
    add("--enforce", action="store_true", help="turn the policy from report-only to on")
    add("--client-id", metavar="ID", help="look at the consent of this app too")
    add("--unit", default=UNIT, metavar="NAME")
    add("--location", default=LOCATION, metavar="NAME")
    add("--policy", default=POLICY, metavar="NAME")
    default = f"https://graph.microsoft.com{VERSION}"
    add("--graph-url", type=_graph_url, default=default, help="another one in national clouds")


def _graph_url(text: str) -> str:
    """Return Graph's address with its version, whether or not it was given with it."""
    address = text.rstrip("/").removesuffix(VERSION).rstrip("/")
    if not re.fullmatch(r"https://[^/?#@\s]+", address):
        raise argparse.ArgumentTypeError(f"must be an https:// address, alone or with {VERSION} behind it")
    return address + VERSION


def _secrets_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--vault", required=True, metavar="URL")
    add("--ask", action="append", default=[], choices=tuple(vault.ASKED), help="set it if it is missing")
    add(
        "--replace",
        action="append",
        default=[],
        choices=tuple(vault.REPLACEABLE),
        help="give it a new version",
    )
    add("--days", type=int, default=365, help="how long what is set lasts (default: %(default)s)")
    add(
        "--overlap-hours",
        type=int,
        default=48,
        help="how long a replaced handshake counts (default: %(default)s)",
    )


if __name__ == "__main__":
    sys.exit(main())
