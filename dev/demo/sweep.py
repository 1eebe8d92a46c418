"""The demo's second half: a sweep held, read, approved; and a mass delete that the guard stops."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rich.table import Table

from dev.stack.local_stack import LocalStack
from dev.tenant import sample

if TYPE_CHECKING:
    from rich.console import Console

_MOVING = {"planning", "applying"}
_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.2
_SHOWN = 8
_ADDED, _EMPTIED = 300, 60


def show(console: Console, stack: LocalStack) -> list[str]:
    """Show it, and return what is not as it should be."""
    control = stack.tenant.control
    control.generate(_ADDED, fractions={"missing": 0.03, "different": 0.02})
    console.print(f"\n[bold]{_ADDED} more people are in the tenant; a sweep looks at everybody[/bold]")
    before = control.mobiles()
    held = _run(stack, {"kind": "full", "apply": False})
    faults = [] if held["state"] == "held" else [f"the first sweep is {held['state']}: {held['detail']}"]
    if control.mobiles() != before:
        faults.append("a plan changed a phone")
    _show_held(console, held)

    answer = stack.operate(
        "runs_approve",
        "POST",
        f"/{held['id']}/approve",
        {"digest": held["digest"], "reason": "read in the demo, and found right"},
        message=sample.APPROVER_HANDSHAKE,
    )
    done = _awaited(stack, held["id"])
    console.print(
        f"  approved (HTTP {answer.status_code}) by its digest: {done['state']}, {_words(done, 'outcomes')}"
    )
    if done["state"] != "finished" or done["counts"]["outcomes"].get("failed"):
        faults.append(f"the approved sweep is {done['state']}: {done['counts']}")

    people = [person["upn"] for person in control.people() if person["upn"].startswith("user")][:_EMPTIED]
    for upn in people:
        control.patch_person(upn, attribute=None)
    console.print(f"\n[bold]One night HR's feed fails and empties {_EMPTIED} people's numbers[/bold]")
    before = control.mobiles()
    stopped = _run(stack, {"kind": "full", "apply": True})
    _show_held(console, stopped)
    deleted = sum(bool(before[upn]) and not number for upn, number in control.mobiles().items())
    if stopped["state"] != "held" or deleted:
        faults.append(f"the mass delete was not stopped: {stopped['state']}, {deleted} phones deleted")
    answer = stack.operate(
        "runs_discard",
        "POST",
        f"/{stopped['id']}/discard",
        {"reason": "the feed was wrong"},
        message=sample.APPROVER_HANDSHAKE,
    )
    console.print(f"  discarded (HTTP {answer.status_code}); phones deleted: {deleted}")
    return faults


def _run(stack: LocalStack, wish: dict[str, Any]) -> dict[str, Any]:
    message = sample.APPROVER_HANDSHAKE if wish["apply"] else None
    answer = stack.operate("runs_start", "POST", "", wish, message=message)
    answer.raise_for_status()
    return _awaited(stack, answer.json()["id"])


def _awaited(stack: LocalStack, run_id: str) -> dict[str, Any]:
    """Return a run once it stands still."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        run: dict[str, Any] = stack.operate("runs_read", "GET", f"/{run_id}").json()
        if run["state"] not in _MOVING or time.monotonic() > deadline:
            return run
        time.sleep(_LOOK_SECONDS)


def _show_held(console: Console, run: dict[str, Any]) -> None:
    console.print(
        f"  {run['id']}: {run['state']}, {run['counts']['users']} users, would {_words(run, 'planned')}"
    )
    for reason in run["heldFor"]:
        console.print(f"  held: {reason}")
    table = Table(title=f"The first {_SHOWN} of its changes", title_justify="left")
    for heading in ("person", "kind", "before", "after", "decided by"):
        table.add_column(heading, no_wrap=True)
    for change in run["changes"][:_SHOWN]:
        table.add_row(
            change["userPrincipalName"][:34],
            change["kind"],
            change["before"] or "[dim]none[/dim]",
            change["after"] or "[dim]none[/dim]",
            change["decidedBy"],
        )
    console.print(table)


def _words(run: dict[str, Any], which: str) -> str:
    return ", ".join(f"{name} {count}" for name, count in run["counts"][which].items()) or "nothing"
