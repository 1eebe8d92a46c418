"""What a query of the logs looks for, read from its text.

A line of ours is `<event> {facts as JSON}`. So a query finds it by `startswith "<event> {"`, and takes facts
as `Facts.<name>`. There is no KQL parser to be had, so no more than these is read of it.
"""

from __future__ import annotations

import re

_EVENT = re.compile(r'"([a-z]\w*\.[a-zA-Z]\w*)( \{)?"')
_FACT = re.compile(r"\bFacts\.(\w+)")
_COLUMN = re.compile(r"\b([A-Z]\w*) =(?!=|~)")
_TABLE = re.compile(r"^(?:let \w+ = )?([A-Z]\w+)$", re.MULTILINE)


def events(query: str) -> set[str]:
    """Return the events that it looks for."""
    return {event for event, _ in _EVENT.findall(query)}


def loose_events(query: str) -> set[str]:
    """Return the events that it looks for otherwise than as the beginning of a line, up to its facts."""
    return {event for event, ending in _EVENT.findall(query) if not ending} | {
        event for event, _ in _EVENT.findall(query) if f'Message startswith "{event} {{"' not in query
    }


def facts(query: str) -> set[str]:
    """Return the facts that it takes."""
    return set(_FACT.findall(query))


def columns(query: str) -> set[str]:
    """Return the columns that it makes."""
    return set(_COLUMN.findall(query))


def tables(query: str) -> set[str]:
    """Return the tables that it reads."""
    return set(_TABLE.findall(query))
