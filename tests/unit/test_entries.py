"""From rows to people: however many rows name somebody, by whichever key, there is one entry."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from shared.codes import Code
from shared.entries import entries_of
from shared.plan import Entry, Intent, Refusal, Request
from shared.policy import Policy
from shared.tenant import Change, Observation, ScopeSets, Unreadable
from tests.people import ANNA_ID, person, sighting

UPN = "anna@contoso.com"
NUMBER = "+46 701740605"
KEEP = Intent(keep_when_empty=True)
ANNA = sighting(person(NUMBER, upn="Anna@Contoso.com"))
BO = sighting(person(NUMBER, object_id="22222222-2222-4222-8222-222222222222", upn="bo@contoso.com"))
DOWN = Unreadable(Code.UNAVAILABLE, "a 503")
METHODS_DOWN = Unreadable(Code.UNAVAILABLE, "a 503", ANNA.user)


def entries(
    rows: list[tuple[str, Intent]], seen: Mapping[str, Observation | Unreadable], policy: Policy | None = None
) -> list[Entry]:
    """Return the entries of rows, each a key and an intent."""
    requests = [Request(row, key, intent) for row, (key, intent) in enumerate(rows)]
    return list(entries_of(requests, seen, policy or Policy(), ScopeSets()))


@pytest.mark.parametrize(
    ("by_upn", "by_id"),
    [(ANNA, ANNA), (ANNA, METHODS_DOWN), (METHODS_DOWN, ANNA), (ANNA, DOWN), (DOWN, ANNA)],
    ids=["both read", "phones by one", "phones by the other", "nothing by one", "nothing by the other"],
)
def test_two_keys_of_one_person_are_one_entry_decided_by_what_could_be_read(
    by_upn: Observation | Unreadable, by_id: Observation | Unreadable
) -> None:
    """Two entries would be two writes at once, and a fault under one key is none under the other."""
    seen = {UPN: by_upn, ANNA_ID: by_id, "bo@contoso.com": BO}
    made = entries([(UPN, KEEP), ("bo@contoso.com", Intent()), (ANNA_ID, KEEP)], seen)
    assert [(one.rows, one.key, one.user, one.intent) for one in made] == [
        ((0, 2), UPN, ANNA.user, KEEP),
        ((1,), "bo@contoso.com", BO.user, Intent()),
    ]
    for one, read in zip(made, (ANNA, BO), strict=True):
        assert isinstance(one.decision, Change)
        assert one.decision.user_id == read.user.id
        assert one.phones == read.phones


@pytest.mark.parametrize(
    ("by_upn", "by_id"),
    [(METHODS_DOWN, METHODS_DOWN), (METHODS_DOWN, DOWN), (DOWN, METHODS_DOWN)],
    ids=["known by both", "known by one", "known by the other"],
)
def test_somebody_read_by_no_key_is_refused_once_with_all_rows(by_upn: Unreadable, by_id: Unreadable) -> None:
    """The directory's reason is told to each row that named the person, and who it is, if that is known."""
    (made,) = entries([(UPN, Intent()), (ANNA_ID, Intent())], {UPN: by_upn, ANNA_ID: by_id})
    assert (made.rows, made.user, made.phones) == ((0, 1), ANNA.user, None)
    assert made.decision == Refusal(Code.UNAVAILABLE, "the directory", "a 503")


def test_a_key_that_the_directory_knows_by_another_name_is_that_person() -> None:
    """Somebody was renamed while HR's call was under way: both names were answered with one object id."""
    (made,) = entries([("former@contoso.com", KEEP), (UPN, KEEP)], {"former@contoso.com": ANNA, UPN: ANNA})
    assert (made.rows, made.user) == ((0, 1), ANNA.user)


def test_keys_of_which_nothing_is_known_are_people_of_their_own() -> None:
    """Two keys that cannot be read are not guessed to be one person."""
    made = entries([(UPN, Intent()), (ANNA_ID, Intent())], {UPN: DOWN, ANNA_ID: DOWN})
    assert [(one.rows, one.key, one.user) for one in made] == [((0,), UPN, None), ((1,), ANNA_ID, None)]


@pytest.mark.parametrize("second", [ANNA, METHODS_DOWN, DOWN], ids=["read", "phones down", "down"])
@pytest.mark.parametrize("rows", [(0, 1), (1, 0)], ids=["kept first", "emptied first"])
def test_rows_that_ask_different_things_of_one_person_are_all_refused(
    rows: tuple[int, int], second: Observation | Unreadable
) -> None:
    """Which of two wishes is meant is nobody's choice, whatever could be read under which key."""
    wishes = [(UPN, KEEP), (ANNA_ID, Intent())]
    (made,) = entries([wishes[row] for row in rows], {UPN: ANNA, ANNA_ID: second})
    assert made.rows == (0, 1)
    assert isinstance(made.decision, Refusal)
    assert (made.decision.code, bool(made.decision.rule)) == (Code.CONTRADICTORY_ROWS, True)
    assert made.decision.detail == "Rows 0, 1 name one person and differ."


def test_a_number_is_compared_as_the_persons_own_region_reads_it() -> None:
    """The same number in the country's spelling and with its code is one wish."""
    policy = Policy(region_from_usage_location=True)
    swede = sighting(person(NUMBER, usage_location="SE"))
    rows = [(UPN, Intent(mobile="0701740605")), (UPN, Intent(mobile=NUMBER))]
    (made,) = entries(rows, {UPN: swede}, policy)
    assert isinstance(made.decision, Change)
