"""What each answer of Entra's means: by its number, else by its word, never by its text alone."""

from __future__ import annotations

from typing import Any

import pytest

from mfa_sync.sign_in.aadsts import Healing, recalled, refusal_of


@pytest.mark.parametrize(
    ("number", "healing"),
    [
        *((number, Healing.NEW_PASSWORD) for number in (50126, 50055, 50144, 50056)),
        *((number, Healing.NEW_CLIENT_SECRET) for number in (7000215, 7000222, 7000218)),
        *((number, Healing.SOMEBODY_ACTS) for number in (50034, 50057, 50072, 50074, 50076, 50079)),
        *((number, Healing.SOMEBODY_ACTS) for number in (53000, 53001, 53002, 53003, 53004, 530032, 530035)),
        *((number, Healing.SOMEBODY_ACTS) for number in (65001, 70011, 700016, 700025, 90002, 9001023)),
        (50053, Healing.LOCK_ENDS),
        (50196, Healing.MINUTES_LATER),
        *((number, Healing.SECONDS_LATER) for number in (50033, 50087, 90006, 90012, 90024, 90033, 90055)),
        *((number, Healing.SECONDS_LATER) for number in (80001, 80002)),
        (123456, Healing.SOMEBODY_ACTS),
    ],
)
def test_each_number_says_what_heals_it(number: int, healing: Healing) -> None:
    """The whole table, and a number that is not in it."""
    refusal = refusal_of({"error": "invalid_grant", "error_codes": [number]})
    assert (refusal.number, refusal.healing) == (number, healing)
    assert refusal.remedy
    again = recalled(number, healing)
    assert (again.number, again.healing) == (number, healing)


@pytest.mark.parametrize(
    ("answer", "number", "healing"),
    [
        ({}, 0, Healing.SOMEBODY_ACTS),
        ({"error": "invalid_grant"}, 0, Healing.SOMEBODY_ACTS),
        ({"error": "temporarily_unavailable"}, 0, Healing.SECONDS_LATER),
        ({"error": "server_error", "error_codes": []}, 0, Healing.SECONDS_LATER),
        ({"error": "temporarily_unavailable", "error_codes": [424242]}, 424242, Healing.SECONDS_LATER),
        ({"error_description": "AADSTS50126: Error validating credentials."}, 50126, Healing.NEW_PASSWORD),
        ({"error_description": "Somebody wrote AADSTS50126 here."}, 0, Healing.SOMEBODY_ACTS),
        ({"error_codes": [424242, 50053]}, 50053, Healing.LOCK_ENDS),
        ({"error_codes": ["50126"]}, 0, Healing.SOMEBODY_ACTS),
        ({"error_codes": [True, None, {}, -1]}, 0, Healing.SOMEBODY_ACTS),
        ({"error_codes": 50126}, 0, Healing.SOMEBODY_ACTS),
        ({"error": {"code": "badRequest"}}, 0, Healing.SOMEBODY_ACTS),
    ],
)
def test_an_answer_of_another_shape_is_judged_with_caution(
    answer: dict[str, Any], number: int, healing: Healing
) -> None:
    """Numbers missing, or of other types: the word decides, and the text's own first number."""
    refusal = refusal_of(answer)
    assert (refusal.number, refusal.healing) == (number, healing)


@pytest.mark.parametrize("word", ["anna@contoso.com", "x" * 41, "S3cret!", "a b", ""])
def test_only_a_word_of_oauths_kind_is_passed_on(word: str) -> None:
    """Anything else may be somebody's."""
    assert "no reason given" in refusal_of({"error": word}).meaning


def test_what_only_the_row_knows_is_told_without_its_words() -> None:
    """Another release may have had a number that this one has not."""
    refusal = recalled(123456, Healing.LOCK_ENDS)
    assert (refusal.number, refusal.healing) == (123456, Healing.LOCK_ENDS)
    assert refusal.remedy
