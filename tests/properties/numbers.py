"""Strategies for numbers that exist in some country's numbering plan, and for ways to write them."""

from __future__ import annotations

from hypothesis import strategies as st

from shared.phone_number import InvalidPhoneNumberError, PhoneNumber

# Country code, then the digits that mobile numbers begin with, then how many follow.
_PLANS = [
    ("46", "70", 7),
    ("46", "76", 7),
    ("47", "4", 7),
    ("45", "2", 7),
    ("358", "40", 7),
    ("49", "151", 8),
]


def _number(text: str) -> PhoneNumber | None:
    try:
        return PhoneNumber.parse(text)
    except InvalidPhoneNumberError:
        return None


@st.composite
def mobile_numbers(draw: st.DrawFn) -> PhoneNumber:
    """Draw a valid mobile number."""
    country, head, count = draw(st.sampled_from(_PLANS))
    tails = st.text("0123456789", min_size=count, max_size=count)
    numbers = tails.map(lambda tail: _number(f"+{country}{head}{tail}")).filter(bool)
    number = draw(numbers)
    assert number is not None
    return number


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """Draw an international spelling of a valid number, with blanks and hyphens among its digits."""
    number = draw(mobile_numbers())
    digits = f"{number.country_code}{number.national}"
    gaps = st.sampled_from(["", "", "", " ", "-", ".", "  "])
    return (
        "+" + "".join(digit + draw(gaps) for digit in digits).rstrip("-.") + draw(st.sampled_from(["", " "]))
    )
