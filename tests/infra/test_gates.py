"""The gates themselves: each is shown a fault of its kind, and names it."""

from __future__ import annotations

from dev.gates import queries


def test_a_query_that_finds_too_much_is_told_of() -> None:
    """`startswith "run.held"` finds run.heldLonger too, and `has` finds it anywhere."""
    assert queries.loose_events('AppTraces\n| where Message startswith "run.held {"') == set()
    assert queries.loose_events('AppTraces\n| where Message startswith "run.held"') == {"run.held"}
    assert queries.loose_events('AppTraces\n| where Message has "run.held {"') == {"run.held"}
