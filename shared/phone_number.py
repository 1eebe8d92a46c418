"""Phone numbers: what may be written, what was observed, and whether the two are the same.

Nothing here guesses. A text that two readers could dial differently is refused, because the wrong phone
locks a person out and the wrong person in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

_ALLOWED_TEXT = re.compile(r"[0-9 \-().+/]+")
_PUNCTUATION = re.compile(r"[ \-().]")
_BLANK = " \t\r\n"
# E.164 has 15 digits; this leaves room for any punctuation, and none for a megabyte of it.
_LONGEST_TEXT = 128
# "08-123 456/57" lists two phones, the second by its last digits. An area code is written with a slash
# too ("030/123456"), but then a whole subscriber number follows it.
_FEWEST_DIGITS_AFTER_SLASH = 5
_DIGITS_SHOWN = 2

# Types under which a person can be called back at ordinary cost. Premium, shared-cost, toll-free,
# universal-access, pager and voicemail numbers are no person's phone, and some of them pay whoever
# rents them for each challenge that is sent (toll fraud).
_PERSONAL_TYPES = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)


class InvalidPhoneNumberError(ValueError):
    """A text that is not one unmistakable, callable number. Its message names the reason, never the text."""


class Comparison(StrEnum):
    """What comparing an observed number with a desired one can prove."""

    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannotTell"


@dataclass(frozen=True, slots=True, repr=False)
class PhoneNumber:
    """One valid international number, equal to another by value and masked wherever it is printed.

    Attributes:
        country_code: The country calling code, for example 46.
        national: The national significant digits, for example "701740605".
    """

    country_code: int
    national: str

    @classmethod
    def parse(cls, text: str, default_region: str | None = None) -> PhoneNumber:
        """Return the number that `text` writes.

        Args:
            text: ASCII digits and ` -().+/`; international with `+` or `00`, else national of a region.
            default_region: ISO 3166 code ("SE") by which national numbers are read; None refuses them.

        Raises:
            InvalidPhoneNumberError: The text is anything else than exactly one callable number of a person.
        """
        text = text.strip(_BLANK)
        if len(text) > _LONGEST_TEXT:
            raise InvalidPhoneNumberError("it is too long")
        if not _ALLOWED_TEXT.fullmatch(text):
            raise InvalidPhoneNumberError("it holds characters other than digits and ' -().+/'")
        if "+" in text[1:]:
            raise InvalidPhoneNumberError("a plus sign stands inside it: perhaps two numbers")
        _refuse_second_number(text)
        digits = _digits(text)
        if text.startswith("+"):
            return cls._international(digits)
        if digits.startswith("00"):
            return cls._international(digits[2:])
        if default_region is None:
            raise InvalidPhoneNumberError("it has no country code ('+46…')")
        return cls._national(digits, default_region)

    @classmethod
    def _international(cls, digits: str) -> PhoneNumber:
        number = _parse("+" + digits, None)
        # The library drops a trunk zero ('+46 070…') and repairs more such habits by guessing. What it
        # understood must be, digit for digit, what was written.
        if _digits(phonenumbers.format_number(number, PhoneNumberFormat.E164)) != digits:
            raise InvalidPhoneNumberError("a trunk zero or other surplus digit follows the country code")
        return cls._checked(number)

    @classmethod
    def _national(cls, digits: str, region: str) -> PhoneNumber:
        number = _parse(digits, region)
        trunk = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) or ""
        as_the_country_writes_it = _digits(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))
        significant = phonenumbers.national_significant_number(number)
        if digits not in {as_the_country_writes_it, trunk + significant}:
            raise InvalidPhoneNumberError(f"it is not written as a national number of {region}")
        if number.country_code != phonenumbers.country_code_for_region(region):
            raise InvalidPhoneNumberError(f"it is not a number of {region}")
        return cls._checked(number)

    @classmethod
    def _checked(cls, number: phonenumbers.PhoneNumber) -> PhoneNumber:
        if not phonenumbers.is_valid_number(number):
            raise InvalidPhoneNumberError("no such number can exist in its country's numbering plan")
        if phonenumbers.number_type(number) not in _PERSONAL_TYPES:
            raise InvalidPhoneNumberError("it is a service, premium or pager number, not a person's phone")
        return cls(number.country_code or 0, phonenumbers.national_significant_number(number))

    def reveal(self) -> str:
        """Return the whole number in the form Graph documents: `+CC NNN…`. The only way to its digits."""
        return f"+{self.country_code} {self.national}"

    def masked(self) -> str:
        """Return it for people's eyes: `+46 *******05`."""
        hidden = "*" * (len(self.national) - _DIGITS_SHOWN)
        return f"+{self.country_code} {hidden}{self.national[-_DIGITS_SHOWN:]}"

    def __repr__(self) -> str:
        return f"PhoneNumber({self.masked()})"


# What people write for a number: +46 70 174 06 11, 070-174 06 11. A date begins with neither, and a ticket's
# number seldom.
_LIKELY = re.compile(r"\+[ (]*[0-9](?:[ ().\-/]*[0-9]){6,}|(?<![0-9A-Za-z])0[0-9](?:[ .\-]?[0-9]){7,}")
# In a name that is only echoed also bare digits, as long as a number with its country code.
_PERHAPS = re.compile(f"{_LIKELY.pattern}|[0-9]{{10,}}")
_NOT_LAST = re.compile(r"[0-9](?=(?:[^0-9]*[0-9]){2})")


def holds_number(text: str) -> bool:
    """Return whether a caller's own words hold what may be a phone number: they are kept and shown."""
    return _LIKELY.search(text) is not None


def without_numbers(name: str) -> str:
    """Return a name that is echoed, with the digits of what may be a phone number hidden but for two."""
    return _PERHAPS.sub(lambda found: _NOT_LAST.sub("*", found[0]), name)


# After blanks and punctuation are gone: whole digits, perhaps with an extension. A lower-case 'x' before
# digits marks an extension; an upper-case 'X' is Microsoft's mask character: never fold their case.
_WHOLE = re.compile(r"\+(?P<number>[0-9]+)(?:x(?P<extension>[0-9]+))?")
_VISIBLE_HEAD = re.compile(r"\+([0-9]*)")
_VISIBLE_TAIL = re.compile(r"[0-9]*\Z")


@dataclass(frozen=True, slots=True, repr=False)
class ObservedNumber:
    """The number of a phone method as Graph showed it: whole, or masked for the caller's role.

    Graph's mask has no documented shape, so everything that is not plainly a whole number counts as masked.
    """

    text: str

    def compare(self, desired: PhoneNumber) -> Comparison:
        """Return what can be proved about this number against the desired one.

        Under a mask a difference can be proved and sameness never: one in a hundred numbers ends alike.
        """
        bare = _bare(self.text)
        wanted = f"{desired.country_code}{desired.national}"
        if whole := _WHOLE.fullmatch(bare):
            agrees = whole["number"] == wanted and whole["extension"] is None
            return Comparison.SAME if agrees else Comparison.DIFFERENT
        head = _VISIBLE_HEAD.match(bare)
        visible_head = head[1] if head else ""
        tail = _VISIBLE_TAIL.search(bare)
        visible_tail = tail[0] if tail else ""
        if wanted.startswith(visible_head) and wanted.endswith(visible_tail):
            return Comparison.CANNOT_TELL
        return Comparison.DIFFERENT

    def bare(self) -> str:
        """Return what was shown without its punctuation: with `PhoneNumber.reveal` the only way to digits."""
        return _bare(self.text)

    def number(self) -> PhoneNumber | None:
        """Return the whole number; None if it is masked or none that this program could have written."""
        if self.is_masked:
            return None
        try:
            return PhoneNumber.parse(_bare(self.text))
        except InvalidPhoneNumberError:
            return None

    @property
    def is_masked(self) -> bool:
        """Whether Graph hid digits from us."""
        return _WHOLE.fullmatch(_bare(self.text)) is None

    def masked(self) -> str:
        """Return it for people's eyes; of an unknown text nothing but the last two digits."""
        first, _, rest = self.text.partition(" ")
        country = first if rest and re.fullmatch(r"\+[0-9]{1,3}", first) else "+**"
        bare = _PUNCTUATION.sub("", rest or self.text.removeprefix("+"))
        shown = bare[-_DIGITS_SHOWN:] if bare[-_DIGITS_SHOWN:].isdecimal() else ""
        return f"{country} {'*' * (len(bare) - len(shown))}{shown}"

    def __repr__(self) -> str:
        return f"ObservedNumber({self.masked()})"


def _bare(text: str) -> str:
    """Return an observed text without its punctuation; a run of dashes or dots is a mask and stays."""
    return text.replace(" ", "") if re.search(r"[-.]{2}", text) else _PUNCTUATION.sub("", text)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _refuse_second_number(text: str) -> None:
    before, slash, after = text.partition("/")
    if slash and ("/" in after or len(_digits(after)) < _FEWEST_DIGITS_AFTER_SLASH or not _digits(before)):
        raise InvalidPhoneNumberError("a slash in it separates two numbers")


def _parse(text: str, region: str | None) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException as error:
        # The library's message may repeat the text: from None keeps it out of tracebacks.
        reason = {
            NumberParseException.INVALID_COUNTRY_CODE: "its country code does not exist",
            NumberParseException.TOO_LONG: "it is too long",
        }.get(error.error_type, "it is too short")
        raise InvalidPhoneNumberError(reason) from None
