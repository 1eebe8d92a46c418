"""The directory's people: who is found by which name, and what is noted of their changes."""

import pytest

from dev.tenant import sample
from dev.tenant.journal import ADDED, KEPT_SECONDS, REMOVED
from dev.tenant.people import Person
from dev.tenant.state import TenantState
from tests.clocks import FakeClock

ANNA, BO = "anna.new@contoso.com", "bo.same@contoso.com"


def noted(state: TenantState) -> dict[str, set[str]]:
    """Everything that was noted since the sample was filled in."""
    return state.journal.between(0, state.journal.position(state.clock()))


def test_a_renamed_person_is_found_by_the_new_name_alone(state: TenantState) -> None:
    """And the former name is free for somebody else."""
    anna = state.person(ANNA)
    anna.upn = "anna.married@contoso.com"
    assert state.find_person(ANNA) is None
    assert state.find_person("Anna.Married@contoso.com") is anna
    other = state.add_person(Person("other", ANNA))
    assert state.find_person(ANNA) is other
    assert state.person(anna.id) is anna


@pytest.mark.parametrize("same", ["id", "upn"])
def test_somebody_new_takes_the_place_of_the_former(state: TenantState, same: str) -> None:
    """With the same id the former is replaced, with the same name removed; nobody hears of them again."""
    anna, before = state.person(ANNA), len(state.people)
    new = Person(anna.id, "new@contoso.com") if same == "id" else Person("new", ANNA)
    state.add_person(new)
    assert len(state.people) == before
    assert state.find_person(new.upn) is new
    expected = {anna.id: {ADDED}} if same == "id" else {anna.id: {REMOVED}, "new": {ADDED}}
    assert noted(state) == expected
    anna.enabled = False
    assert noted(state) == expected


def test_somebody_added_again_is_no_longer_among_the_deleted(state: TenantState) -> None:
    """Else they could be restored over themselves."""
    anna = state.person(ANNA)
    state.remove_person(anna, restorable=True)
    state.add_person(Person(anna.id, ANNA))
    assert state.people.restorable == {}


def test_setting_what_is_already_so_is_no_change(state: TenantState) -> None:
    """Neither for the journal nor for the generated crowd."""
    crowd = state.generate(10)
    person = state.find_person(crowd.id(3))
    assert person is not None
    person.enabled, person.attribute = person.enabled, person.attribute
    state.person(BO).upn = BO
    assert (noted(state), state.people.touched()) == ({}, set())


def test_the_journal_forgets_what_no_token_can_ask_for(state: TenantState, clock: FakeClock) -> None:
    """It stays small however long a tenant runs; numbers go on."""
    bo = state.person(BO)
    first = state.journal.first
    for number in range(4000):
        bo.enabled = number % 2 == 1
        clock.advance(600)
    assert state.journal.position(clock.epoch()) == first + 4000
    assert state.journal.first > first + 1000
    assert len(state.journal.between(0, first + 4000)) == 1
    kept = state.journal.position(clock.epoch()) - state.journal.first
    assert KEPT_SECONDS / 600 <= kept < KEPT_SECONDS / 600 + 1100


def test_the_sample_was_there_from_the_beginning(state: TenantState) -> None:
    """So a first round does not come again as changes."""
    assert noted(state) == {}
    assert state.find_person(sample.SERVICE_ACCOUNT) is not None
