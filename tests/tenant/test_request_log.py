"""The request log shows what was asked for, but no phone number."""

from urllib.parse import quote

import pytest

from dev.tenant.request_log import without_numbers

TIME = "$filter=activityDateTime ge 2026-11-24T05:20:00.5Z and activityDateTime le 2026-11-24T06:20:00Z"


@pytest.mark.parametrize("encode", [str, quote, lambda text: quote(text, safe="$=': ")])
@pytest.mark.parametrize(
    "number", ["+46701740605", "+46 70 174 06 05", "070-174 06 05", "(202) 555-0100", "0046701740605"]
)
def test_a_number_in_a_query_is_not_logged(encode: type[str], number: str) -> None:
    """However it is spelt and escaped."""
    logged = without_numbers(encode(f"$filter=mail eq '{number}' and displayName eq 'x'"))
    digits = [letter for letter in number if letter.isdigit()]
    assert "…" in logged
    assert "".join(digits[-4:]) not in "".join(letter for letter in logged if letter.isdigit())


@pytest.mark.parametrize("encode", [str, quote])
def test_a_point_in_time_is_logged(encode: type[str]) -> None:
    """A window of the audit log is no number."""
    assert without_numbers(encode(TIME)) == encode(TIME)
    assert without_numbers("$select=id,onPremisesExtensionAttributes&$top=999") == (
        "$select=id,onPremisesExtensionAttributes&$top=999"
    )
