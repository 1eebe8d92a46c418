"""How Graph takes a number, gives it back and masks it."""

from __future__ import annotations

import re
from functools import lru_cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

# Graph "phoneAuthenticationMethod": +{country code} {number}x{extension}.
STRICT = re.compile(r"\+[1-9]\d{0,2} \d{4,14}(x\d+)?", re.ASCII)
# Live tenants were seen to take E.164 without the blank, and hyphens.
TOLERANT = re.compile(r"\+[1-9]\d{0,2} ?\d{4,14}(x\d+)?", re.ASCII)
_PUNCTUATION = str.maketrans("", "", "-().")
_LONGEST_COUNTRY_CODE = 3


def stored_form(text: str, acceptance: str) -> str | None:
    """The number as it is kept, `+CCNNN[xEXT]`; None if Graph would refuse it."""
    if acceptance == "strict":
        return text.replace(" ", "") if STRICT.fullmatch(text) else None
    bare = text.translate(_PUNCTUATION)
    return bare.replace(" ", "") if TOLERANT.fullmatch(bare) else None


@lru_cache(maxsize=65536)
def shown_form(stored: str) -> str:
    """The number as Graph gives it back: a blank after the country code."""
    for length in range(1, _LONGEST_COUNTRY_CODE + 1):
        code = stored[1 : 1 + length]
        if code.isdigit() and int(code) in COUNTRY_CODE_TO_REGION_CODE:
            return f"+{code} {stored[1 + length :]}"
    return stored


def masked_form(shown: str, character: str, keeps: int) -> str:
    """Every digit but the last ones replaced, the country code's too; plus sign and blank stay."""
    digits = sum(letter.isdigit() for letter in shown)
    masked, seen = [], 0
    for letter in shown:
        if not letter.isdigit():
            masked.append(letter)
            continue
        seen += 1
        masked.append(letter if seen > digits - keeps else character)
    return "".join(masked)
