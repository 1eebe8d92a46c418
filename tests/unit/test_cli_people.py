"""The people of a readiness run: as a table, and as a CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from ops.cli.people import CSV_HEADING, csv_line, people, readiness
from shared.readiness import Readiness

FORMULAS = [
    "=1+1",
    "+1-1@x",
    "-2@x",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    "\uff1d1+1",
    "\uff0b1",
    "=a,b\"c'd\n=e",
]


def person(upn: str, **facts: Any) -> dict[str, Any]:
    """Return one person as the app answers it."""
    return {
        "id": "2f6c1d4e-8b07-4c39-a5d1-6e9f0b3a7c58",
        "userPrincipalName": upn,
        "readiness": "phoneOnly",
        "methods": ["mobilePhone", "email"],
        "isAdmin": False,
        **facts,
    }


@pytest.mark.parametrize("upn", FORMULAS, ids=repr)
def test_no_cell_begins_as_a_formula(upn: str) -> None:
    """OWASP "CSV Injection": =, +, -, @, tab, return, their wide forms; blanks before them are skipped."""
    (row,) = csv.reader(io.StringIO(csv_line(person(upn)), newline=""))
    assert row[1] == f"'{upn}"
    assert len(row) == len(CSV_HEADING)


def test_what_is_none_stays_as_it_is() -> None:
    """An apostrophe before every name would be a nuisance."""
    line = csv_line(person("o'brien,anna@contoso.com", isAdmin=True))
    assert next(csv.reader([line])) == [
        "phoneOnly",
        "o'brien,anna@contoso.com",
        "2f6c1d4e-8b07-4c39-a5d1-6e9f0b3a7c58",
        "true",
        "mobilePhone email",
    ]


def test_every_word_has_its_meaning_and_a_newer_one_is_shown_all_the_same() -> None:
    """With how many stand so; who is not ours stands apart."""
    counts = {
        "readiness": {one.value: 7 for one in Readiness} | {"ofTomorrow": 1},
        "refused": {"excluded": 2},
    }
    text = "\n".join(readiness({"kind": "readiness", "counts": counts}))
    for word in (*Readiness, "ofTomorrow", "2 excluded", "2027-02-01"):
        assert word in text
    assert readiness({"kind": "full", "counts": {}}) == []


def test_who_is_ready_need_not_act() -> None:
    """The table for people's eyes is short; the CSV has all."""
    shown = [person("a@x", isAdmin=True), person("b@x", readiness="passwordless"), person("", methods=[])]
    text = people(shown, "all")
    assert [line.split() for line in text[3:]] == [
        ["phoneOnly", "a@x", "administrator", "mobilePhone,", "email"],
        ["phoneOnly", shown[2]["id"]],
    ]
    assert people(shown[1:2], "all") == []
