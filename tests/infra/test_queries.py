"""The queries of alerts and workbook, as Microsoft's own parser of KQL reads them: `dev/kusto/`."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev.gates import queries

FILES = sorted(queries.FILES.glob("*.kql"))
HELD = """AppTraces
| where Message startswith "run.held {"
| extend Facts = parse_json(substring(Message, indexof(Message, "{")))
| project TimeGenerated, Run = tostring(Facts.run), By = tostring(Facts["by"])
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_query_binds_to_its_tables(path: Path) -> None:
    """Azure refuses an alert whose query does not, and shows an error in place of a workbook's panel."""
    assert queries.faults(path.read_text(encoding="utf-8")) == []


# What is wrong, and what the parser says of it.
WRONG = {
    "a keyword for a name": (
        ('Facts["by"]', "Facts.by"),
        "line 4, column 73: KS006 Missing name: If the keyword 'by'",
    ),
    "no such column": (
        ("where Message", "where Text"),
        "line 2, column 9: KS142 The name 'Text' does not refer to any",
    ),
    "a broken pipe": (("| where", "where"), "line 2, column 1: KS174 The operator cannot be the first"),
    "no such operator": (("| where", "| were"), "line 2, column 3: KS176 Query operator expected"),
    "no such table": (
        ("AppTraces", "AppTrace"),
        "line 1, column 1: KS204 The name 'AppTrace' does not refer to any",
    ),
    "an open bracket": (("indexof(Message, ", "indexof(Message "), "line 3, column 64: KS005 Expected: ,"),
}
LOOSE = {
    'AppTraces | where Message startswith "run.held {"': set(),
    'AppTraces | where Message startswith "run.held"': {"run.held"},
    'AppTraces | where Message has "run.held {"': {"run.held"},
}


def test_what_does_not_bind_is_told_with_its_place() -> None:
    """Each of these deploys, and fails when somebody needs it; or fails the deployment."""
    read = queries.read(
        {name: HELD.replace(*change) for name, (change, _) in WRONG.items()} | {"right": HELD}
    )
    assert read["right"].faults == []
    for name, (_, fault) in WRONG.items():
        assert fault in "\n".join(read[name].faults), name


def test_a_query_is_read_from_its_syntax() -> None:
    """Comments and texts that only look like it are nothing; both ways to take a fact are."""
    disguised = f'// StorageQueueLogs, Facts.no\n{HELD}| extend Text = "Facts.nothing"'
    assert queries.tables(disguised) == {"AppTraces"}
    assert queries.facts(disguised) == {"run", "by"}
    assert queries.columns(disguised) == {"TimeGenerated", "Run", "By", "Text"}


@pytest.mark.parametrize(("query", "loose"), LOOSE.items())
def test_a_query_that_finds_too_much_is_told_of(query: str, loose: set[str]) -> None:
    """`startswith "run.held"` finds run.heldLonger too, and `has` finds it anywhere."""
    assert queries.loose_events(query) == loose


def test_without_node_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not what Python could not find."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(queries.QueryParserMissingError, match="make setup"):
        queries.read({"": "AppTraces"})
