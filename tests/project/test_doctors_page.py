"""docs/doctor.md lists the checks that the code has."""

from __future__ import annotations

from dev.doctor.page import PAGE, renewed
from mfa_sync.doctor.checks import BY_NAME, CHECKS


def test_the_page_is_the_codes() -> None:
    """`python -m dev.doctor` writes it."""
    text = PAGE.read_text("utf-8")
    assert text == renewed(text)
    assert "| `smsAndVoice` |" in text


def test_each_name_is_of_one_check() -> None:
    """Names are stable interface."""
    assert len(BY_NAME) == len(CHECKS)
