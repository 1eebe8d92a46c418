"""One fact, one place: events have one table in all documents, as settings, codes and routes have theirs."""

from __future__ import annotations

import pytest

from mfa_sync.telemetry.events import Event
from shared.codes import CODES
from tests.project.pages import name, pages, tables
from tests.project.test_documents import settings_read


def _homes(first: str, names: set[str]) -> list[str]:
    """Return the pages with a table of that header which holds most of the names."""
    return [
        name(page)
        for page in pages()
        for header, rows in tables(page)
        if header[0].casefold() == first
        and len(names & {cells[0].strip("`") for cells in rows}) * 2 > len(names)
    ]


@pytest.mark.parametrize(
    ("first", "names"),
    [
        ("event", {str(event) for event in Event}),
        ("name", settings_read()),
        ("code", {str(code) for code in CODES}),
    ],
)
def test_each_kind_of_name_has_one_table(first: str, names: set[str]) -> None:
    """Two tables of one thing differ one day, and then nobody knows which is right."""
    assert len(_homes(first, names)) == 1


def test_the_table_of_events_names_them_all_and_no_other() -> None:
    """What alerts wait for is stable, and told."""
    (rows,) = (rows for page in pages() for header, rows in tables(page) if header[0].casefold() == "event")
    assert sorted(cells[0].strip("`") for cells in rows) == sorted(str(event) for event in Event)
