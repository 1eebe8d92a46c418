"""The guard: a plan over a limit loses all its writes of that kind, before the first of them."""

from __future__ import annotations

import pytest

from shared.codes import Code
from shared.guard import Limit, breaches, refuse_over_limit
from shared.outcome import Note
from shared.phone_number import PhoneNumber
from shared.plan import Entry, Intent, Plan, Refusal
from shared.tenant import Change, Kind

NUMBER = PhoneNumber(46, "701740605")
LIMITS = {
    Kind.CREATE: Limit("MAX_CREATES", 4, 10),
    Kind.UPDATE: Limit("MAX_UPDATES", 3, 10),
    Kind.ASSERT: Limit("MAX_ASSERTS", 9, 100),
    Kind.DELETE: Limit("MAX_DELETES", 2, 5),
}


def planned(**counts: int) -> Plan:
    """Return a plan with so many writes of each kind."""
    kinds = [Kind(name) for name, count in counts.items() for _ in range(count)]
    return Plan(
        tuple(
            Entry(
                (row,),
                f"user-{row}",
                Intent(),
                None,
                None,
                Change(kind, f"user-{row}", None if kind is Kind.DELETE else NUMBER, "a rule"),
                (Note.LAST_FACTOR_REMOVED,) if kind is Kind.DELETE else (),
            )
            for row, kind in enumerate(kinds)
        )
    )


@pytest.mark.parametrize(
    ("changes", "population", "breach"),
    [
        # MAX_DELETES=20, MAX_DELETES_PERCENT=5
        (0, None, None),
        (20, None, None),
        (21, None, "21 changes are over MAX_DELETES=20"),
        (20, 400, None),
        (21, 10_000, "21 changes are over MAX_DELETES=20"),
        (5, 100, None),
        (6, 100, "6 changes of 100 users are over MAX_DELETES_PERCENT=5"),
        (2, 10, None),
        (3, 10, "3 changes of 10 users are over MAX_DELETES_PERCENT=5"),
        (2, 0, None),
        (3, 0, "3 changes of 0 users are over MAX_DELETES_PERCENT=5"),
    ],
)
def test_either_figure_stops_and_a_percentage_never_bites_below_three(
    changes: int, population: int | None, breach: str | None
) -> None:
    """Count or percent of the managed population, whichever is exceeded."""
    assert Limit("MAX_DELETES", 20, 5).breach(changes, population) == breach


def test_a_limit_of_zero_forbids_the_kind() -> None:
    """MAX_DELETES=0 is how an organisation says never."""
    limit = Limit("MAX_DELETES", 0, 5)
    assert limit.breach(0, None) is None
    assert limit.breach(1, None) == "1 changes are over MAX_DELETES=0"


def test_all_writes_of_a_kind_over_its_limit_are_refused_and_the_others_go_on() -> None:
    """Which of many wrong deletes happen is nobody's choice."""
    guarded = refuse_over_limit(planned(create=4, delete=3, update=1), LIMITS)
    assert guarded.counts() == {Kind.CREATE: 4, Kind.UPDATE: 1}
    refused = [entry for entry in guarded.entries if isinstance(entry.decision, Refusal)]
    assert [entry.rows for entry in refused] == [(4,), (5,), (6,)]
    for entry in refused:
        assert isinstance(entry.decision, Refusal)
        assert entry.decision.code is Code.LIMIT_REACHED
        assert entry.decision.rule == "MAX_DELETES"
        assert entry.decision.detail == "3 changes are over MAX_DELETES=2."
        assert entry.notes == ()


@pytest.mark.parametrize(
    ("recent", "wanted", "left", "detail"),
    [
        (
            {Kind.DELETE: 1},
            {"delete": 2},
            0,
            "3 changes are over MAX_DELETES=2, 1 of them within the last 24 hours.",
        ),
        ({Kind.DELETE: 1}, {"delete": 1}, 1, None),
        ({Kind.CREATE: 90}, {"delete": 2}, 2, None),
        ({Kind.CREATE: 90}, {"delete": 3}, 0, "3 changes are over MAX_DELETES=2."),
    ],
)
def test_the_changes_of_the_last_24_hours_count_too(
    recent: dict[Kind, int], wanted: dict[str, int], left: int, detail: str | None
) -> None:
    """Twenty calls of one delete each are twenty deletes."""
    guarded = refuse_over_limit(planned(**wanted), LIMITS, None, recent)
    assert guarded.counts()[Kind.DELETE] == left
    details = {entry.decision.detail for entry in guarded.entries if isinstance(entry.decision, Refusal)}
    assert details == ({detail} if detail else set())


def test_without_a_readable_counter_nothing_is_deleted_and_the_rest_says_so() -> None:
    """What cannot be counted must not be deleted; a new phone locks nobody out."""
    guarded = refuse_over_limit(planned(create=4, delete=1), LIMITS, None, None)
    assert guarded.counts() == {Kind.CREATE: 4}
    for entry in guarded.entries:
        if isinstance(entry.decision, Refusal):
            assert entry.decision.code is Code.LIMIT_UNKNOWN
        else:
            assert entry.notes == (Note.LIMIT_UNCOUNTED,)


def test_a_plan_within_all_limits_is_left_as_it_is() -> None:
    """The guard changes nothing that it does not refuse."""
    within = planned(create=4, update=3, delete=2)
    assert refuse_over_limit(within, LIMITS) == within


def test_every_kind_is_counted_by_itself() -> None:
    """Creates of a new office do not use up the deletes."""
    over = breaches({Kind.CREATE: 5, Kind.UPDATE: 3, Kind.DELETE: 9}, LIMITS, None)
    assert set(over) == {Kind.CREATE, Kind.DELETE}


def test_a_kind_that_nothing_is_changed_of_is_over_no_limit() -> None:
    """MAX_DELETES=0 holds no run that deletes nobody."""
    assert breaches({Kind.CREATE: 1}, {Kind.DELETE: Limit("MAX_DELETES", 0, 5)}, 100) == {}


def test_a_percentage_counts_the_managed_population_and_not_the_calls_rows() -> None:
    """Three of three rows are no hundred percent of anything."""
    limits = {Kind.UPDATE: Limit("MAX_UPDATES", 200, 10)}
    assert refuse_over_limit(planned(update=3), limits, 30).counts() == {Kind.UPDATE: 3}
    assert refuse_over_limit(planned(update=3), limits, 29).counts() == {}
