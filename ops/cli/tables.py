"""Plain text tables. Nothing is cut: who approves must see whom it concerns; long columns stand last."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_GAP = "  "


def table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[str] = ()
) -> list[str]:
    """Return a table's lines, each indented by two.

    Args:
        headings: The columns' names; they are the first line.
        rows: As many cells each; None is shown as nothing.
        right: The names of columns whose cells end at the right: counts.
    """
    cells = [tuple(headings), *(tuple("" if cell is None else str(cell) for cell in row) for row in rows)]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    at_right = {headings.index(name) for name in right}
    return [
        (
            _GAP + _GAP.join(_padded(cell, widths[n], right=n in at_right) for n, cell in enumerate(row))
        ).rstrip()
        for row in cells
    ]


def facts(pairs: Iterable[tuple[str, object]]) -> list[str]:
    """Return lines of a name and what it is, those that are nothing left out."""
    known = [(name, str(value)) for name, value in pairs if value is not None and value != ""]
    widest = max((width(name) for name, _ in known), default=0)
    return [f"{_GAP}{_padded(name, widest)}{_GAP}{value}" for name, value in known]


def width(text: str) -> int:
    """Return how many places a terminal gives a text: none to marks on letters, two to East Asian ones."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in {"W", "F"})
        for char in text
    )


def _padded(text: str, wanted: int, *, right: bool = False) -> str:
    padding = " " * (wanted - width(text))
    return padding + text if right else text + padding
