"""What a query of the logs looks for, read from the syntax tree of Microsoft's own parser.

`dev/kusto/read.js` runs it, on the tables of `dev/kusto/tables.json`. A line of ours is
`<event> {facts as JSON}`: a query finds it by `startswith "<event> {"`, and takes facts as `Facts.<name>`,
or as `Facts["<name>"]` where the name is a word of KQL.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

FILES = Path(__file__).parents[2] / "infra" / "queries"
_KUSTO = Path(__file__).parents[1] / "kusto"
_EVENT = re.compile(r"([a-z]\w*\.[a-zA-Z]\w*)( \{)?")
_SECONDS = 100


class QueryParserMissingError(Exception):
    """Node.js or Microsoft's parser is not installed."""


class Query(msgspec.Struct):
    """What the parser found in one query."""

    faults: list[str]
    tables: list[str]
    facts: list[str]
    columns: list[str]
    texts: list[str]
    beginnings: list[str]


def read(texts: Mapping[str, str]) -> dict[str, Query]:
    """Return what is found in queries, by their names: the parser takes seconds to load, and none to read.

    Raises:
        QueryParserMissingError: See there.
    """
    node = shutil.which("node")
    if node is None or not (_KUSTO / "node_modules" / "@kusto").is_dir():
        raise QueryParserMissingError(
            "Microsoft's parser of KQL, or Node.js, is not installed: run `make setup`."
        )
    done = subprocess.run(  # noqa: S603  our own command
        [node, str(_KUSTO / "read.js")],
        input=json.dumps(texts),
        capture_output=True,
        check=True,
        text=True,
        timeout=_SECONDS,
    )
    return msgspec.json.decode(done.stdout, type=dict[str, Query])


def faults(query: str) -> list[str]:
    """Return what the parser has against it, with line and column: syntax, names, types."""
    return _read(query).faults


def events(query: str) -> set[str]:
    """Return the events that it looks for."""
    return {match[1] for text in _read(query).texts if (match := _EVENT.fullmatch(text))}


def loose_events(query: str) -> set[str]:
    """Return the events that it looks for otherwise than as the beginning of a line, up to its facts."""
    return {event for event in events(query) if f"{event} {{" not in _read(query).beginnings}


def facts(query: str) -> set[str]:
    """Return the facts that it takes."""
    return set(_read(query).facts)


def columns(query: str) -> set[str]:
    """Return the columns of its result."""
    return set(_read(query).columns)


def tables(query: str) -> set[str]:
    """Return the tables that it reads."""
    return set(_read(query).tables)


def _read(query: str) -> Query:
    return _files().get(query) or _one(query)


@cache
def _files() -> dict[str, Query]:
    texts = {path.name: path.read_text(encoding="utf-8") for path in FILES.glob("*.kql")}
    return {texts[name]: query for name, query in read(texts).items()}


@cache
def _one(query: str) -> Query:
    return read({"": query})[""]
