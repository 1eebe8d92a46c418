"""A small file of users for a push: CSV or JSON, read into the contract's rows. No cell is quoted."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

from ops.cli.ending import usage

COLUMNS = ("UserPrincipalName", "Id", "Mobile", "OverwriteNull", "Reference")
_BY_LOWER = {name.lower(): name for name in COLUMNS}
_KNOWN = f"known: {', '.join(COLUMNS)}"


def read_rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of a file, or of standard input for `-`.

    Raises:
        CommandError: It cannot be read, or is neither such CSV nor JSON; names row and column.
    """
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise usage(f"{name}: {error.strerror or type(error).__name__}.") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise usage(f"{name}: line {line} is not UTF-8.", "Save it as CSV UTF-8.") from None
    rows = _json(name, text) if text.lstrip()[:1] in {"[", "{"} else _csv(name, text)
    if not rows:
        raise usage(f"{name}: holds no rows.")
    return rows


def _json(name: str, text: str) -> list[dict[str, Any]]:
    try:
        held = json.loads(text)
    except ValueError as error:
        where = (
            f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "it"
        )
        raise usage(f"{name}: is not JSON ({where}).") from None
    rows = held if isinstance(held, list) else [held]
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise usage(
                f"{name}: item {number} is no object.", "Write an array of objects, as docs/http.md has them."
            )
    return rows


def _csv(name: str, text: str) -> list[dict[str, Any]]:
    first = text.partition("\n")[0]
    # A spreadsheet in much of Europe separates by semicolons.
    delimiter = max((";", ",", "\t"), key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        headings, *lines = [line for line in reader if any(cell.strip() for cell in line)]
    except ValueError:
        return []
    except csv.Error:
        raise usage(f"{name}: line {reader.line_num} is not CSV (quotes?).") from None
    columns = [_BY_LOWER.get(heading.strip().lower()) for heading in headings]
    if None in columns:
        raise usage(
            f"{name}: column {columns.index(None) + 1} has no name that is known.",
            f"The first line names columns; {_KNOWN}.",
        )
    if len(set(columns)) != len(columns):
        raise usage(f"{name}: two columns have one name.")
    rows = []
    for number, line in enumerate(lines, 1):
        if len(line) != len(columns):
            raise usage(f"{name}: row {number} has {len(line)} cells, and there are {len(columns)} columns.")
        rows.append(
            {str(column): cell.strip() for column, cell in zip(columns, line, strict=True) if cell.strip()}
        )
    return rows
