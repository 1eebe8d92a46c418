"""`python -m dev.demo.sign_in`: the article's call in every mode of sign-in, and what each one needed.

Exits 0 only if all modes write the same phones, and none an administrator's.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from dev.azurite import Azurite
from dev.demo.sign_in_modes import MODES
from dev.functions_host import HostOptions
from dev.stack.local_stack import ARTICLE_BODY, ARTICLE_HEADERS, LocalStack
from dev.tenant.state import LOGIN_HOST, VAULT_SUFFIX

_PRIVILEGED = ("admin.privileged@contoso.com", "owner.ofgroup@contoso.com")
_OK, _UNPROCESSABLE = 200, 422
# Every mode reads these: they are of the callers and of the memory, not of the sign-in.
_OF_ALL_MODES = {"mfa-sync-handshake", "mfa-sync-handshake-previous", "mfa-sync-fingerprint-key"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What one mode did.

    Attributes:
        secrets: Names of the secrets that it read for itself.
        sign_ins: Token requests that Entra saw from the app.
        identity: Tokens asked of the platform's identity endpoint.
        article: Status of the article's call.
        refused: Status and codes of a call that names administrators.
        phones: Who has which number afterwards.
    """

    secrets: frozenset[str]
    sign_ins: int
    identity: int
    article: int
    refused: tuple[int, frozenset[str]]
    phones: dict[str, str | None]

    def faults(self) -> list[str]:
        """Return what is not as it should be."""
        found = [f"the article's call was answered {self.article}"] if self.article != _OK else []
        if self.refused != (_UNPROCESSABLE, frozenset({"privilegedTarget"})):
            found.append(f"administrators were answered {self.refused}")
        return found


def show(mode: str, storage: Azurite) -> Shown:
    """Run a fresh tenant and a fresh host in this mode, and return what happened."""
    settings = {**MODES[mode], "STATE_TABLE": f"demo{mode.replace('-', '')}"}
    with LocalStack(settings, storage=storage, options=HostOptions(timers=False)) as stack:
        article = stack.push(ARTICLE_BODY.read_bytes(), headers=ARTICLE_HEADERS)
        refused = stack.push([{"UserPrincipalName": upn} for upn in _PRIVILEGED])
        log = stack.tenant.control.log()
        read = {call["path"].split("/")[2] for call in log if call["host"].endswith(VAULT_SUFFIX)}
        return Shown(
            frozenset(read - _OF_ALL_MODES),
            sum(call["host"] == LOGIN_HOST and call["path"].endswith("/token") for call in log),
            sum(call["host"] == "identity" for call in log),
            article.status_code,
            (refused.status_code, frozenset(line["code"] for line in refused.json().get("results", []))),
            stack.tenant.control.mobiles(),
        )


def main() -> int:
    """Run the modes that are named, else all, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dev.demo.sign_in", description=__doc__)
    parser.add_argument("--auth", choices=MODES, action="append", help="this mode; may be repeated")
    modes = parser.parse_args().auth or list(MODES)
    console = Console(width=118)
    with Azurite() as storage:
        shown = {mode: show(mode, storage) for mode in modes}
    table = Table(title="The same calls in every mode of sign-in", title_justify="left")
    for heading in ("mode", "secrets read for it", "Entra", "identity", "article's call", "administrators"):
        table.add_column(heading)
    for mode, one in shown.items():
        names = ", ".join(sorted(name.removeprefix("mfa-sync-") for name in one.secrets)) or "none"
        codes = ", ".join(sorted(one.refused[1]))
        table.add_row(mode, names, str(one.sign_ins), str(one.identity), str(one.article), codes)
    console.print(table)
    faults = [f"{mode}: {fault}" for mode, one in shown.items() for fault in one.faults()]
    if len({tuple(sorted(one.phones.items())) for one in shown.values()}) > 1:
        faults.append("the modes wrote different phones")
    for fault in faults:
        console.print(f"[red]not as it should be:[/red] {fault}")
    console.print("[red]FAILED[/red]" if faults else "[green]All is as it should be[/green]")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
