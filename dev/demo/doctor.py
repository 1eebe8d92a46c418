"""The demo's end: the doctor's table of its tenant, with everything that the canary shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from dev.stack.local_stack import LocalStack
from dev.tenant import sample

if TYPE_CHECKING:
    from rich.console import Console

CANARY = sample.guid("disabled.joiner@contoso.com")
"""Disabled, in scope, and by then with the phone that its attribute says."""

_STYLES = {"ok": "green", "warning": "yellow", "fault": "red", "unknown": "dim"}
_OK = 200


def show(console: Console, stack: LocalStack) -> list[str]:
    """Show it, and return what is not as it should be."""
    phones = stack.tenant.control.mobiles()
    headers = {"x-functions-key": stack.host.key("doctor"), "Message": sample.APPROVER_HANDSHAKE}
    answer = stack.request("POST", "/api/doctor", headers=headers, json={"canary": True})
    if answer.status_code != _OK:
        return [f"the doctor answered {answer.status_code}"]
    checks: list[dict[str, Any]] = answer.json()["checks"]
    table = Table(title="The doctor, with a canary", title_justify="left")
    for heading in ("check", "state", "found"):
        table.add_column(heading, overflow="fold")
    for one in checks:
        table.add_row(one["name"], f"[{_STYLES[one['state']]}]{one['state']}[/]", one["found"])
    console.print()
    console.print(table)
    faults = [f"the doctor finds {one['name']}: {one['found']}" for one in checks if one["state"] == "fault"]
    if stack.tenant.control.mobiles() != phones:
        faults.append("the canary left a phone changed")
    return faults
