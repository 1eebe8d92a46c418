"""Which facts the code records with which event, read from its calls of `record`."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

from mfa_sync.telemetry.events import Event
from shared.outcome import Outcome


@cache
def recorded_facts(root: Path) -> dict[Event, set[str]]:
    """Return the facts of each event that the modules under `root` record.

    Where a call chooses the event only when it runs, its facts count for every event that its module names.
    Facts unpacked from a mapping are the counts of outcomes.
    """
    facts: dict[Event, set[str]] = defaultdict(set)
    for path in sorted(root.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {event for node in ast.walk(tree) if (event := _event(node))}
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id="record"), args=[which], keywords=keywords):
                    taken = {one.arg for one in keywords if one.arg} - {"level"}
                    taken |= set() if all(one.arg for one in keywords) else {one.value for one in Outcome}
                    chosen = _event(which)
                    for event in {chosen} if chosen else named:
                        facts[event] |= taken
    return dict(facts)


def _event(node: ast.AST) -> Event | None:
    match node:
        case ast.Attribute(value=ast.Name(id="Event"), attr=name):
            return Event[name]
    return None
