"""`doctor`: what the app finds out about its tenant, what is missing, and what to do about it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.cli.app import App
from ops.cli.terminal import Exit, Terminal, table
from ops.cli.vocabulary import DOCTOR

_FAULT, _OK = "fault", "ok"


def doctor(app: App, terminal: Terminal, options: Namespace) -> Exit:
    """Print every check. Refused if one is a fault."""
    message = app.approver() if options.canary else None
    answer = app.call(DOCTOR, "POST", "api/doctor", body={"canary": options.canary}, message=message).body
    if options.json:
        terminal.json(answer)
    else:
        terminal.say(_text(answer["checks"], answer))
    return Exit.REFUSED if answer["verdict"] == _FAULT else Exit.DONE


def _text(checks: Sequence[Mapping[str, str]], answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table, and under it what each line that is not right means."""
    yield from table(("", "check", "found"), [(one["state"], one["name"], one["found"]) for one in checks])
    for one in checks:
        if one["state"] != _OK and (one["means"] or one["remedy"]):
            yield ""
            yield f"{one['name']} ({one['state']}): {'. '.join(filter(None, (one['means'], one['remedy'])))}"
    states = [one["state"] for one in checks]
    counts = ", ".join(f"{states.count(state)} {state}" for state in ("fault", "warning", "unknown", "ok"))
    yield ""
    yield f"{len(states)} checks in {answer['seconds']:.1f} s: {counts}."
