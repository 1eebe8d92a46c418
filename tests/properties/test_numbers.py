"""What holds for every text and every number, searched for counterexamples."""

from __future__ import annotations

import re

import phonenumbers
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.phone_number import Comparison, InvalidPhoneNumberError, ObservedNumber, PhoneNumber
from tests.properties.numbers import mobile_numbers, spellings

SEARCH = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def parsed(text: str, region: str | None = None) -> PhoneNumber | None:
    """Return the number that the text writes, or None if it is refused."""
    try:
        return PhoneNumber.parse(text, region)
    except InvalidPhoneNumberError:
        return None


@SEARCH
@given(st.one_of(st.from_regex(r"\+[0-9 \-().+/]{4,18}", fullmatch=True), spellings()))
def test_no_accepted_text_is_a_guess(text: str) -> None:
    """What is written is, digit for digit, what would be dialled."""
    number = parsed(text)
    if number is not None:
        assert re.sub("[^0-9]", "", number.reveal()) == re.sub("[^0-9]", "", text)


@SEARCH
@given(spellings())
def test_punctuation_changes_no_number(text: str) -> None:
    """Every spelling of a number is that number, with `+` and with `00`."""
    digits = re.sub("[^0-9]", "", text)
    plain = PhoneNumber.parse("+" + digits)
    assert parsed(text) == plain
    assert parsed("00" + text.strip().removeprefix("+")) == plain


@SEARCH
@given(st.text(max_size=24), st.sampled_from([None, "SE", "US", "IT", "ZZ"]))
def test_any_text_is_a_number_or_refused_without_being_repeated(text: str, region: str | None) -> None:
    """Nothing else ever comes out, and a number is always one that the library calls valid."""
    number = parsed(text, region)
    if number is not None:
        assert phonenumbers.is_valid_number(phonenumbers.parse(number.reveal()))


@SEARCH
@given(mobile_numbers())
def test_a_sent_number_is_read_back_as_the_same(number: PhoneNumber) -> None:
    """Graph shows what it was sent, and then nothing is written again."""
    assert PhoneNumber.parse(number.reveal()) == number
    assert ObservedNumber(number.reveal()).compare(number) is Comparison.SAME


@SEARCH
@given(mobile_numbers())
def test_nothing_printed_holds_the_national_number(number: PhoneNumber) -> None:
    """Masks, reprs and formats leave two digits of it."""
    observed = ObservedNumber(number.reveal())
    for shown in (number.masked(), repr(number), f"{number}", observed.masked(), repr(observed)):
        assert number.national not in shown
        assert number.national[-3:] not in shown


@SEARCH
@given(mobile_numbers(), st.data(), st.sampled_from("Xx*\u2022#"))
def test_a_masked_number_is_never_proved_to_be_another(
    number: PhoneNumber, data: st.DataObject, mask: str
) -> None:
    """Hiding any middle part of a number leaves it possible, and never proves it."""
    whole = number.reveal()
    first = data.draw(st.integers(1, len(whole) - 2))
    last = data.draw(st.integers(first + 2, len(whole)))  # a single x marks an extension
    hidden = whole[:first] + re.sub("[0-9 ]", mask, whole[first:last]) + whole[last:]
    assert ObservedNumber(hidden).compare(number) is Comparison.CANNOT_TELL


@SEARCH
@given(mobile_numbers(), mobile_numbers())
def test_two_whole_numbers_are_the_same_only_by_value(one: PhoneNumber, other: PhoneNumber) -> None:
    """No two numbers are taken for each other."""
    proved = ObservedNumber(one.reveal()).compare(other)
    assert (proved is Comparison.SAME) is (one == other)


@SEARCH
@given(st.text(max_size=24), mobile_numbers())
def test_comparing_any_observed_text_ends_in_one_of_three_words(text: str, number: PhoneNumber) -> None:
    """Whatever Graph shows, comparing and masking it raise nothing."""
    observed = ObservedNumber(text)
    assert observed.compare(number) in Comparison
    assert not re.search("[0-9]{3}", observed.masked().partition(" ")[2])
