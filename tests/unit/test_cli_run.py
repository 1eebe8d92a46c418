"""A run as its operator reads it: since when and why it is held, what it would do, what to type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ops.cli import run_text

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


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
