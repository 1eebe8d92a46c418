"""What may be a phone number in a caller's own words: refused where it is kept, hidden where it is echoed."""

from __future__ import annotations

import pytest

from shared.phone_number import holds_number, without_numbers

NUMBERS = [
    "+46701740611",
    "+46 70 174 06 11",
    "+1 (202) 555-0123",
    "070-174 06 11",
    "0701740611",
    "call 070 1740611",
]
NONE = ["", "HR-0012345", "INC0012345678", "2026-11-24T06:00:00Z", "4711", "anna@contoso.com", "12345678"]


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_found_and_hidden_but_for_two_digits(text: str) -> None:
    """In whatever way people write it."""
    assert holds_number(text)
    hidden = without_numbers(text)
    assert sum(one.isdigit() for one in hidden) == 2
    assert hidden[-2:] == text[-2:]
    assert len(hidden) == len(text)


@pytest.mark.parametrize("text", NONE)
def test_tickets_dates_and_names_are_none(text: str) -> None:
    """They are kept as they are."""
    assert not holds_number(text)


@pytest.mark.parametrize("name", ["46701740611@contoso.com", "user46701740611", "x4670174061123456789"])
def test_bare_digits_are_hidden_in_a_name_and_kept_in_a_reference(name: str) -> None:
    """A staff number of ten digits is a good reference, and as a name no more than hidden."""
    assert not holds_number(name)
    assert "70174" not in without_numbers(name)


@pytest.mark.parametrize("name", ["user0000123@contoso.com", "anna.smith2@contoso.com", "0b1c2d3e-1111-4222"])
def test_a_name_without_a_number_is_echoed_as_it_is(name: str) -> None:
    """Fewer than ten digits in a row are no number with its country code."""
    assert without_numbers(name) == name
