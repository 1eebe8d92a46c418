"""The command line's words: the contract's vocabulary, tables and times."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mfa_sync.api.approver import ROLE
from mfa_sync.runs import page
from mfa_sync.runs.run import HELD_SECONDS, RunKind, State
from ops.cli import vocabulary
from ops.cli.terminal import facts, table
from ops.cli.vocabulary import advice, at, moment, span
from shared.codes import CODES
from shared.tenant import Kind
from tests.project.test_function_app import functions

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def test_the_words_are_the_products_own() -> None:
    """The command line imports none of them, so that it needs nothing of the server's."""
    assert {state.value for state in State} == vocabulary.STATES
    assert {state.value for state in State if state.is_moving} == vocabulary.MOVING
    assert {state.value for state in State if state.is_final} == vocabulary.ENDED
    assert {kind.value for kind in Kind} == set(vocabulary.KINDS)
    assert {*vocabulary.SWEEPS, "push", vocabulary.READINESS} == {kind.value for kind in RunKind}
    assert set().union(*vocabulary.RUN_KINDS.values()) == {kind.value for kind in RunKind}
    assert {code.value for code in page.NOT_OURS} == vocabulary.COUNTED_ONLY
    assert (vocabulary.HELD_SECONDS, vocabulary.ROLE) == (HELD_SECONDS, ROLE)


def test_every_function_of_the_app_is_known_to_the_smoke_test() -> None:
    """One that is new is to be proved too."""
    known = {*vocabulary.KEYED_FUNCTIONS, *vocabulary.BACKGROUND_FUNCTIONS, "health"}
    assert set(functions()) == known


def test_every_code_has_its_advice() -> None:
    """And one of a newer app says where to look."""
    assert all(advice(code.value).remedy == CODES[code].remedy for code in CODES)
    assert "newer version" in advice("somethingNew").remedy


@pytest.mark.parametrize(
    ("rows", "right", "lines"),
    [
        ([], (), ["  kind  n"]),
        ([("create", 4), ("update", 120)], ("n",), ["  kind      n", "  create    4", "  update  120"]),
        ([("a", None), (None, "b")], (), ["  kind  n", "  a", "        b"]),
        ([("åsa", 1), ("日本", 2)], (), ["  kind  n", "  åsa   1", "  日本  2"]),
        ([("e\u0301", 1)], (), ["  kind  n", "  e\u0301     1"]),
    ],
)
def test_columns_stand_under_their_headings(
    rows: list[tuple[object, object]], right: tuple[str, ...], lines: list[str]
) -> None:
    """By what a terminal shows, not by how many characters there are."""
    assert table(("kind", "n"), rows, right=right) == lines


def test_facts_that_are_nothing_are_left_out() -> None:
    """Nought is something."""
    assert facts([("a", 0), ("longer", "x"), ("b", None), ("c", "")]) == ["  a       0", "  longer  x"]
    assert facts([]) == []
    assert facts([("日本e\u0301", 1), ("longer", 2)]) == ["  日本e\u0301   1", "  longer  2"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h 00 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d 0 h"),
        (259200, "3 d 0 h"),
    ],
)
def test_a_length_of_time_is_told_in_two_units(seconds: float, words: str) -> None:
    """Enough to know whether there is time for coffee."""
    assert span(seconds) == words


def test_moments_are_utc_and_what_is_none_is_none() -> None:
    """Whatever zone a text is in."""
    read = moment("2026-11-24T02:00:00+01:00")
    assert read is not None
    assert at(read) == "2026-11-24 01:00:00 UTC"
    assert (moment(None), moment("soon"), moment("2026-11-24T02:00:00")) == (None, None, NOW.replace(hour=2))
