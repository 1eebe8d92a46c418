"""Attributes: known names alone, and text without what must not leave."""

from __future__ import annotations

import pytest

from mfa_sync.telemetry.export.attributes import attributes_of, redacted

USER = "f83d7b59-19af-487b-b37e-f44804936978"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("call +46 70-174 06 05 now", "call <number> now"),
        ("+46701740605", "<number>"),
        ("0046 (0)70 174 06 05.", "<number>."),
        ("+46\u00a070\u00a0174\u00a006\u00a005", "<number>"),
        ("+1 (202) 555-0100", "<number>"),
        ("1795500000", "<number>"),
        ("anna.new@contoso.com", "<upn>"),
        ("of o'brien@contoso.com, and", "of <upn>, and"),
        ("x_gmail.com#EXT#@contoso.onmicrosoft.com", "<upn>"),
        ("/users/åsa.öberg@contoso.com?$select=id", "<upn>"),
        ("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJodHRwczovL2dyYXBoIn0.c2lnbmF0dXJl", "<secret>"),
        ("key ZW11bGF0ZWQtZmluZ2VycHJpbnQta2V5LTMyLWJ5dGVzIQ==", "key <secret>"),
        ("+46 *******05", "+46 *******05"),
        (f"request-id {USER}", f"request-id {USER}"),
        ("20261124T060000Z-push-5b94c46a", "20261124T060000Z-push-5b94c46a"),
        ("20261124T020000Z-full", "20261124T020000Z-full"),
        ("2026-12-01T06:00:00+00:00", "2026-12-01T06:00:00+00:00"),
        ("AADSTS7000215: the client secret is wrong.", "AADSTS7000215: the client secret is wrong."),
        ("PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: x", "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: x"),
        ("MAX_DELETES=20, 25 of 1000 users", "MAX_DELETES=20, 25 of 1000 users"),
    ],
)
def test_text_leaves_without_numbers_names_and_secrets(text: str, seen: str) -> None:
    """And with what an operator needs: ids, moments, settings, AADSTS numbers."""
    assert redacted(text, upns=False) == seen


def test_a_upn_may_stand_where_it_is_allowed_and_nothing_else_may() -> None:
    """TELEMETRY_UPNS."""
    assert redacted("anna@contoso.com +46701740605", upns=True) == "anna@contoso.com <number>"


def test_a_fact_that_is_not_in_the_table_is_no_attribute() -> None:
    """Whoever adds one has to look at the table, and at what it may hold."""
    facts = {"user": USER, "phone": "+46701740605", "code": None, "rows": ["1", "+46701740605"]}
    assert attributes_of(facts, upns=True) == {"mfa_sync.user.id": USER, "mfa_sync.rows": ["1", "<number>"]}
