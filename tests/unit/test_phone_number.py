"""Numbers: what is accepted, what is refused, what a mask can prove, and that nothing shows them."""

from __future__ import annotations

import pytest

from mfa_sync.runs.page import seen_as
from mfa_sync.vault.fingerprints import FingerprintKey
from shared.phone_number import Comparison, InvalidPhoneNumberError, ObservedNumber, PhoneNumber

NUMBER = PhoneNumber(46, "701740605")


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+46701740605", None),
        ("+46 701740605", None),
        ("+46 70-174 06 05", None),
        ("+46.70.174.06.05", None),
        ("+46 (70) 174 06 05", None),
        ("+46701740605 ", None),
        ("\t+46701740605\r\n", None),
        ("+46 70/1740605", None),
        ("0046701740605", None),
        ("0046 70-174 06 05", None),
        ("+46701740605", "US"),
        ("0046701740605", "SE"),
        ("0701740605", "SE"),
        ("070-174 06 05", "SE"),
        ("(070) 174 06 05", "SE"),
        ("070/174 06 05", "SE"),
        ("07017/40605", "SE"),  # a whole subscriber number has five digits at least
    ],
)
def test_trap_3_every_accepted_spelling_is_the_same_number(text: str, region: str | None) -> None:
    """Numbers are compared by value, and spelling is none."""
    assert PhoneNumber.parse(text, region) == NUMBER
    assert hash(PhoneNumber.parse(text, region)) == hash(NUMBER)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("+1 (425) 555-0123", "+1 4255550123"),
        ("+44 7400 123456", "+44 7400123456"),
        ("+47 406 12 345", "+47 40612345"),
        ("+49 151 23456789", "+49 15123456789"),
        ("+39 06 12345678", "+39 0612345678"),  # Italy's zero belongs to the number
        ("+46 8 123 456 78", "+46 812345678"),  # a fixed line can be called
    ],
)
def test_a_number_is_sent_as_graph_documents_it(text: str, sent: str) -> None:
    """`+CC NNN…`, with one blank after the country code and none of the writer's own."""
    assert PhoneNumber.parse(text).reveal() == sent


@pytest.mark.parametrize(
    ("text", "region", "sent"),
    [
        ("212-555-2368", "US", "+1 2125552368"),  # as the country writes it, without its trunk digit
        ("1-212-555-2368", "US", "+1 2125552368"),
        ("06 698 12345", "IT", "+39 0669812345"),  # no trunk zero: it belongs to the number
        (
            "8 029 491-19-11",
            "BY",
            "+375 294911911",
        ),  # as the country writes it, with more than its trunk digit
        ("8 294 911-911", "BY", "+375 294911911"),  # the trunk digit is 8, then one waits for a tone
    ],
)
def test_a_national_number_is_read_as_its_country_writes_it(text: str, region: str, sent: str) -> None:
    """With the trunk digit or in the country's own manner, and in no third way."""
    assert PhoneNumber.parse(text, region).reveal() == sent


@pytest.mark.parametrize(
    ("text", "region", "word"),
    [
        ("+999 701740605", None, "country code"),
        ("+46 7", None, "short"),
        ("+46 701740605701740605", None, "long"),
        ("0701740605", None, "country code"),
        ("46701740605", "SE", "SE"),
        ("tel:+46701740605", None, "characters"),
        ("+46701740605 +46701740606", None, "two numbers"),
        ("+46 70-174 06 05/06", None, "two numbers"),
        ("+46 (0)70-174 06 05", None, "trunk zero"),
        ("+46 7017406", None, "numbering plan"),
        ("+46 900 123 45 67", None, "premium"),
    ],
)
def test_a_refusal_names_what_hr_must_mend(text: str, region: str | None, word: str) -> None:
    """The text itself is never repeated, so the reason is all that HR gets."""
    with pytest.raises(InvalidPhoneNumberError, match=word):
        PhoneNumber.parse(text, region)


@pytest.mark.parametrize(
    ("text", "region", "why"),
    [
        ("", None, "nothing"),
        ("+", None, "no digits"),
        ("+46 (0)70-174 06 05", None, "a trunk zero after the country code"),
        ("+460701740605", None, "a trunk zero after the country code"),
        ("00460701740605", None, "a trunk zero after the country code"),
        ("+46 70-174 06 0A", None, "a letter"),
        ("+46 FLOWERS", None, "letters"),
        ("tel:+46701740605", None, "a scheme"),
        ("+46701740605;+46701740606", None, "two numbers"),
        ("+46701740605 +46701740606", None, "two numbers"),
        ("+46701740605, +46701740606", None, "two numbers"),
        ("+46701740605/+46701740606", None, "two numbers"),
        ("+46 70-174 06 05/06", None, "two numbers, the second by its end"),
        ("+46/70/1740605", None, "two slashes"),
        ("/+46701740605", None, "a slash in front"),
        ("/0701740605", "SE", "a slash in front"),
        ("070-17406/05", "SE", "two numbers, the second by its end"),
        ("070174/0605", "SE", "two numbers, the second by its end"),
        ("+46701740605x123", None, "an extension"),
        ("+46701740605 ext. 123", None, "an extension"),
        ("+46701740605#123", None, "an extension"),
        ("+46 900 123 45 67", None, "premium rate"),
        ("+46 939 123 45 67", None, "premium rate"),
        ("+1 900 555 0123", None, "premium rate"),
        ("+1 800 555 0199", None, "toll free"),
        ("0701740605", None, "national without region"),
        ("701740605", None, "national without region"),
        ("46701740605", None, "no plus"),
        ("46701740605", "SE", "a country code without plus"),
        ("701740605", "US", "another country's"),
        ("+\u0664\u0666701740605", None, "Arabic digits"),
        ("\u0660\u0667\u0660\u0661\u0667\u0664\u0660\u0666\u0660\u0665", "SE", "Arabic digits"),
        ("+46\uff17\uff10\uff11740605", None, "fullwidth digits"),
        ("+46\u00a0701740605", None, "a no-break space"),
        ("+46701740605\u00a0", None, "a no-break space at the end"),
        ("\uff0b46701740605", None, "a fullwidth plus"),
        ("+46\u2011701740605", None, "a no-break hyphen"),
        ("+46701740605\u200b", None, "an invisible character"),
        ("+46\n701740605", None, "a line break inside"),
        ("++46701740605", None, "two plus signs"),
        ("46+701740605", None, "an inner plus"),
        ("(+46) 701740605", None, "an inner plus"),
        ("+999 701740605", None, "no such country"),
        ("+46 7", None, "too short"),
        ("+46 701740605701740605", None, "too long"),
        ("+46 000000000", None, "no such number"),
        ("112", "SE", "an emergency number"),
    ],
)
def test_trap_12_whatever_could_be_dialled_in_two_ways_is_refused(
    text: str, region: str | None, why: str
) -> None:
    """A guess locks a person out and somebody else in, so nothing is guessed or repeated."""
    with pytest.raises(InvalidPhoneNumberError) as refused:
        PhoneNumber.parse(text, region)
    assert "70174" not in str(refused.value), why
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("shown", "proved"),
    [
        # whole
        ("+46 701740605", Comparison.SAME),
        ("+46701740605", Comparison.SAME),
        ("+46 70-174 06 05", Comparison.SAME),
        ("+46 701740606", Comparison.DIFFERENT),
        ("+47 701740605", Comparison.DIFFERENT),
        ("+46 0701740605", Comparison.DIFFERENT),
        ("+46 701740605x123", Comparison.DIFFERENT),
        # masked, and the visible digits agree
        ("+XX XXXXXXX05", Comparison.CANNOT_TELL),
        ("+XX XXXXXXXXX05", Comparison.CANNOT_TELL),
        ("+xx xxxxxxx05", Comparison.CANNOT_TELL),
        ("+46 *******05", Comparison.CANNOT_TELL),
        ("+46 \u2022\u2022\u2022\u2022\u2022\u2022\u202205", Comparison.CANNOT_TELL),
        ("+46 70*****05", Comparison.CANNOT_TELL),
        ("+46 -------05", Comparison.CANNOT_TELL),
        ("+46 .......05", Comparison.CANNOT_TELL),
        ("+46 70 -- --- 05", Comparison.CANNOT_TELL),
        ("+46 XXXXXXXXX", Comparison.CANNOT_TELL),
        ("XXXXXXXXX", Comparison.CANNOT_TELL),
        ("***********", Comparison.CANNOT_TELL),
        ("", Comparison.CANNOT_TELL),
        # masked, and the visible digits differ
        ("+XX XXXXXXX06", Comparison.DIFFERENT),
        ("+xx xxxxxxx15", Comparison.DIFFERENT),
        ("+46 *******15", Comparison.DIFFERENT),
        ("+46 \u2022\u2022\u2022\u2022\u2022\u2022\u202206", Comparison.DIFFERENT),
        ("+47 *******05", Comparison.DIFFERENT),
        ("+46 72*****05", Comparison.DIFFERENT),
        ("+46 -------15", Comparison.DIFFERENT),
        ("+1 XXXXXXXX05", Comparison.DIFFERENT),
    ],
)
def test_traps_1_and_2_a_mask_proves_a_difference_and_never_sameness(shown: str, proved: Comparison) -> None:
    """One in a hundred numbers ends alike: agreeing digits are no proof, differing ones are."""
    assert ObservedNumber(shown).compare(NUMBER) is proved


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        ("+46 701740605", False),
        ("+46701740605", False),
        ("+46 701740605x123", False),
        ("+XX XXXXXXX05", True),
        ("+46 *******05", True),
        ("701740605", True),
    ],
)
def test_what_is_not_plainly_a_whole_number_counts_as_masked(shown: str, *, masked: bool) -> None:
    """The mask has no documented shape."""
    assert ObservedNumber(shown).is_masked is masked


@pytest.mark.parametrize(
    "mask",
    [
        "+XX XXXXXXX05",
        "+xx xxxxxxx05",
        "+46 *******05",
        "+46 \u2022\u2022\u2022\u2022\u2022\u2022\u202205",
        "+46 70*****05",
    ],
)
def test_trap_2_a_mask_is_neither_written_nor_fingerprinted(mask: str) -> None:
    """Whatever brings a mask back to us: it is no number to register, and none to know again by."""
    with pytest.raises(InvalidPhoneNumberError):
        PhoneNumber.parse(mask, "SE")
    observed, key = ObservedNumber(mask), FingerprintKey("1", b"key")
    assert observed.number() is None
    assert seen_as(key, "id", observed) == observed.masked()
    assert seen_as(key, "id", ObservedNumber(NUMBER.reveal())) == key.of("id", "observed", "+46701740605")


def test_a_number_is_masked_down_to_country_and_two_digits() -> None:
    """Enough to tell one's own numbers apart, too little to dial."""
    assert NUMBER.masked() == "+46 *******05"


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        ("+46 701740605", "+46 *******05"),
        ("+46701740605", "+** *********05"),
        ("+XX XXXXXXX05", "+** *******05"),
        ("+46 701740605x123", "+46 ***********23"),
        ("secret", "+** ******"),
    ],
)
def test_an_observed_text_is_masked_whatever_it_holds(shown: str, masked: str) -> None:
    """Unknown texts show two digits at most."""
    assert ObservedNumber(shown).masked() == masked


@pytest.mark.parametrize("number", [NUMBER, ObservedNumber("+46 701740605")])
@pytest.mark.parametrize("template", ["{}", "{!r}", "{!s}", "{!a}"])
def test_no_way_of_printing_shows_the_number(number: PhoneNumber | ObservedNumber, template: str) -> None:
    """Logs, tracebacks and f-strings show the mask."""
    assert "70174" not in template.format(number)
    assert "70174" not in f"{[number]}"
    assert "*******05" in template.format(number)
