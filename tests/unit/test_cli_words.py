"""The command line's words: the contract's vocabulary, tables, times, and a run as text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mfa_sync.api.approver import ROLE
from mfa_sync.runs import page
from mfa_sync.runs.run import HELD_SECONDS, RunKind, State
from ops.cli import run_text, vocabulary
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
    assert {*vocabulary.SWEEPS, "push"} == {kind.value for kind in RunKind}
    assert set().union(*vocabulary.RUN_KINDS.values()) == {kind.value for kind in RunKind}
    assert {code.value for code in page._COUNTED_ONLY} == vocabulary.COUNTED_ONLY
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


def held(**changes: Any) -> dict[str, Any]:
    """Return a run that was held an hour ago."""
    counts = {
        "users": 1000,
        "unchanged": 939,
        "holders": 900,
        "planned": {"delete": 60, "create": 1},
        "refused": {"invalidPhoneNumber": 2, "ofANewerVersion": 1},
        "outcomes": {},
        "codes": {},
    }
    return {
        "id": "20261124T070000Z-full",
        "kind": "full",
        "state": "held",
        "created": "2026-11-24T06:59:00+00:00",
        "moved": "2026-11-24T07:00:00+00:00",
        "startedBy": None,
        "counts": counts,
        "heldFor": ["60 changes of 900 users are over MAX_DELETES_PERCENT=5."],
        "limits": {
            "create": "MAX_CREATES=500, MAX_CREATES_PERCENT=10",
            "delete": "MAX_DELETES=20, MAX_DELETES_PERCENT=5",
            "population": "900",
        },
        "digest": "d1",
        "decision": None,
        "detail": None,
        "pages": 1,
        "pagesApplied": 0,
        **changes,
    }


def test_a_held_run_says_since_when_until_when_and_why() -> None:
    """The hour that decides whether somebody must hurry."""
    text = "\n".join(run_text.head(held(), NOW))
    for words in (
        "Run 20261124T070000Z-full: held",
        "held since    2026-11-24 07:00:00 UTC, 1 h 00 min ago",
        "decide until  2026-11-27 07:00:00 UTC, in 2 d 23 h",
        "digest        d1",
        "  - 60 changes of 900 users are over MAX_DELETES_PERCENT=5.",
    ):
        assert words in text


def test_the_limit_that_was_exceeded_is_marked_and_no_other() -> None:
    """By the name of its setting, which the reason holds."""
    lines = run_text.plan(held())
    assert [line for line in lines if "exceeded" in line] == [
        "  delete       60  MAX_DELETES=20, MAX_DELETES_PERCENT=5    exceeded"
    ]
    assert lines[-1].endswith("managed population, 900 users")


def test_a_population_that_is_not_known_yet_is_said_so() -> None:
    """The first full sweep has nothing that percentages could be of."""
    run = held()
    del run["limits"]["population"]
    assert run_text.plan(run)[-1].endswith("not known before a full sweep has finished")


def test_refusals_are_told_by_code_the_most_first() -> None:
    """With who acts and what to do."""
    lines = run_text.refusals(held(), [], "all")
    assert [line.split()[:2] for line in lines[3:]] == [["invalidPhoneNumber", "2"], ["ofANewerVersion", "1"]]
    assert "HR" in lines[3]


def test_refused_users_who_are_counted_only_are_said_to_be() -> None:
    """All pages do not list them either; of one user `explain` tells."""
    listed = {"code": "invalidPhoneNumber", "userPrincipalName": "a@x", "id": "1", "detail": "d"}
    counts = held()["counts"] | {"refused": {"invalidPhoneNumber": 1, "accountDisabled": 1, "excluded": 4}}
    said = "Counted, not listed: 1 accountDisabled, 4 excluded. Of one user: mfa-sync explain UPN"
    for shown in ([listed], []):
        assert run_text.refusals(held(counts=counts), shown, "all")[-1] == said
    assert "not listed" not in "\n".join(run_text.refusals(held(), [listed], "all"))


@pytest.mark.parametrize(
    ("run_id", "kind", "covers"),
    [
        ("20261124T070000Z-changed-0a1b2c3d", "full", "everybody (begun as changed, turned full)"),
        ("20261124T070000Z-changed", "full", "everybody (begun as changed, turned full)"),
        ("20261124T070000Z-changed", "changed", "who changed since the last sweep (changed)"),
        ("20261124T070000Z-full-0a1b2c3d", "full", "everybody (full)"),
        ("20261124T070000Z-push-changed", "push", "the rows of one call (push)"),
    ],
)
def test_a_sweep_that_turned_full_is_explained(run_id: str, kind: str, covers: str) -> None:
    """Its id still tells of the other kind."""
    told = held(id=run_id, kind=kind, state="finished")
    assert any(line.split(maxsplit=1) == ["covers", covers] for line in run_text.head(told, NOW))
    assert ("turned full" in run_text.listing([told], NOW)[1]) == ("turned full" in covers)


@pytest.mark.parametrize(("kind", "told"), [("full", 1), ("changed", 1), ("push", 0)])
def test_who_holds_a_number_is_told_of_sweeps_alone(kind: str, told: int) -> None:
    """A push looks at its own rows, and counts no population."""
    text = "\n".join(run_text.head(held(kind=kind), NOW))
    assert text.count("900 in scope with a number") == told
    assert "1000 looked at, 939 unchanged" in text


def test_what_was_not_made_is_told_by_code_but_not_what_was_left_out() -> None:
    """With what to do."""
    counts = held()["counts"] | {"codes": {"discarded": 9, "defaultMethod": 1, "timeout": 3}}
    lines = run_text.unmade(held(state="finished", counts=counts))
    assert [line.split()[:2] for line in lines[3:]] == [["timeout", "3"], ["defaultMethod", "1"]]
    assert run_text.unmade(held()) == []


def test_the_commands_to_copy_name_the_run_and_its_digest() -> None:
    """Only a held run is to be decided."""
    lines = run_text.to_decide(held())
    assert "runs approve 20261124T070000Z-full --digest d1" in lines[2]
    assert "--kinds create" in lines[3]
    assert run_text.to_decide(held(state="finished")) == []


def test_a_list_tells_what_needs_somebody() -> None:
    """A held run its time; a decided one by whom."""
    decision = {"what": "approved", "by": "engineer@contoso.com"}
    lines = run_text.listing([held(), held(state="finished", decision=decision)], NOW)
    assert lines[1].endswith("decide within 2 d 23 h")
    assert "1 create, 60 delete" in lines[1]
    assert lines[2].endswith("approved by engineer@contoso.com")
