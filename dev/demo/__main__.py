"""`make demo`: the main job on the emulated tenant; exits 0 only if all is as it should be."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from dev.demo import doctor as demo_doctor
from dev.demo import sweep as demo_sweep
from dev.demo.sign_in_modes import MODES
from dev.functions_host import HostOptions
from dev.stack.local_stack import ARTICLE_BODY, ARTICLE_HEADERS, LocalStack
from dev.tenant.people import Person
from dev.tenant.state import TenantState

if TYPE_CHECKING:
    import httpx

_STYLES = {
    "created": "green",
    "updated": "green",
    "deleted": "yellow",
    "unchanged": "dim",
    "kept": "dim",
    "refused": "magenta",
    "failed": "red",
}
_SETTLED = {"created", "updated", "deleted", "unchanged"}
_MULTI_STATUS = 207
_OK = 200


def _digits(text: str | None) -> str:
    """Return a number's digits with its country code first, as a person would compare two numbers."""
    digits = re.sub(r"[^0-9]", "", text or "")
    return digits.removeprefix("00")


def _masked(text: str | None) -> str:
    if not text:
        return "[dim]none[/dim]"
    shown = re.sub(r"[0-9](?=(?:[^0-9]*[0-9]){2})", "*", text.strip())
    return shown.replace("[", r"\[")


def _mobile(person: Person) -> str | None:
    phone = person.phones.get("mobile")
    return phone.number if phone else None


def _snapshot(state: TenantState) -> dict[str, str | None]:
    return {person.upn: _mobile(person) for person in state.people.values()}


def _short(upn: str) -> str:
    return upn if len(upn) <= 34 else upn[:20] + "…" + upn[-13:]  # noqa: PLR2004  fits the table


def _show_people(console: Console, people: Iterable[Person]) -> None:
    table = Table(title="Before: what HR wrote, and what Entra holds", title_justify="left")
    for heading in ("person", "extensionAttribute15", "MFA mobile phone"):
        table.add_column(heading, no_wrap=True)
    for person in people:
        attribute = person.attribute if person.attribute_returned else "(not returned)"
        table.add_row(_short(person.upn), _masked(attribute), _masked(_mobile(person)))
    console.print(table)


def _show_results(
    console: Console, results: list[dict[str, Any]], before: dict[str, str | None], state: TenantState
) -> None:
    after = _snapshot(state)
    table = Table(title="After: one result for each person", title_justify="left")
    for heading in ("person", "before", "after", "outcome", "code"):
        table.add_column(heading, no_wrap=True)
    for line in results:
        upn, outcome = line["userPrincipalName"], line["outcome"]
        notes = ", ".join(line["notes"])
        table.add_row(
            _short(upn),
            _masked(before.get(upn)),
            _masked(after.get(upn)),
            f"[{_STYLES[outcome]}]{outcome}[/]",
            line["code"] or notes,
        )
    console.print(table)


def _faults(results: list[dict[str, Any]], before: dict[str, str | None], state: TenantState) -> list[str]:
    """Return how the tenant's state belies the results; nothing if all is as it should be."""
    people = {person.upn: person for person in state.people.values()}
    found: list[str] = []
    for line in results:
        person = people[line["userPrincipalName"]]
        now = _digits(_mobile(person))
        if line["outcome"] in _SETTLED and now != _digits(person.attribute):
            found.append(f"{person.upn}: {line['outcome']}, but phone and attribute differ")
        if line["outcome"] in {"refused", "kept"} and now != _digits(before[person.upn]):
            found.append(f"{person.upn}: {line['outcome']}, but the phone changed")
        if line["outcome"] == "failed":
            found.append(f"{person.upn}: failed")
    return found


def _say(console: Console, what: str, response: httpx.Response) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    counts = ", ".join(f"{count} {name}" for name, count in answer.get("summary", {}).items() if count)
    console.print(f"\n[bold]{what}[/bold]\n  HTTP {response.status_code}  ok={answer.get('ok')}  {counts}")
    return answer


def main() -> int:
    """Run the demo in one mode of sign-in and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description=__doc__)
    parser.add_argument("--auth", choices=MODES, default="ropc", help="how the app signs in to Graph")
    mode = MODES[parser.parse_args().auth]
    console, start, faults = Console(width=118), time.perf_counter(), []
    options = HostOptions(timers=False, max_polling_seconds=0.1)
    # In the demo three days shall not pass before an empty number counts.
    settings = {**mode, "EMPTY_GRACE_DAYS": "0", "SWEEP_MODE": "apply", "CANARY_USER": demo_doctor.CANARY}
    with LocalStack(settings, options=options) as stack:
        state = stack.tenant.state
        people = list(state.people.values())
        before = _snapshot(state)
        _show_people(console, people)

        article = stack.push(ARTICLE_BODY.read_bytes(), headers=ARTICLE_HEADERS)
        _say(console, "The article's call, byte for byte as PowerShell sends it (one user twice)", article)
        if article.status_code != _OK:
            faults.append(f"the article's call was answered {article.status_code}")

        rows = [{"UserPrincipalName": person.upn} for person in people]
        rows[-1]["OverwriteNull"] = "0"
        rehearsal = _snapshot(state)
        dry = stack.push(rows, "dryRun=true")
        _say(console, f"All {len(rows)} people as a dry run", dry)
        if _snapshot(state) != rehearsal:
            faults.append("the dry run changed a phone")

        first = stack.push(rows)
        results = _say(console, "The same call in earnest", first)["results"]
        _show_results(console, results, before, state)
        faults += _faults(results, before, state)
        if first.status_code != _MULTI_STATUS:
            faults.append(f"the mixed call was answered {first.status_code}")

        again = _say(console, "The same call again: nothing is left to write", stack.push(rows))
        rewritten = {line["userPrincipalName"] for line in again["results"]} & {
            line["userPrincipalName"]
            for line in again["results"]
            if line["outcome"] in {"created", "updated", "deleted"}
        }
        faults += [f"{upn}: written again" for upn in sorted(rewritten)]
        faults += demo_sweep.show(console, stack)
        faults += demo_doctor.show(console, stack)
    for fault in faults:
        console.print(f"[red]not as it should be:[/red] {fault}")
    seconds = time.perf_counter() - start
    verdict = "[red]FAILED[/red]" if faults else "[green]All is as it should be[/green]"
    console.print(f"\n{verdict} after {seconds:.1f} s. Nothing left this machine.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
