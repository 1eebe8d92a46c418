"""By which region a national number is read, and whose number it is that cannot be read."""

from __future__ import annotations

import pytest

from shared.codes import Code
from shared.decide import decide
from shared.phone_number import PhoneNumber
from shared.plan import Intent, Refusal
from shared.policy import Policy
from shared.tenant import Change, ScopeSets
from tests.people import person, sighting

NATIONAL, NUMBER = "070-174 06 05", "+46 701740605"
EVERYBODY = ScopeSets()


@pytest.mark.parametrize(
    ("regions", "usage_location", "is_read"),
    [
        # PHONE_REGIONS   the user's   whether the number is read where PHONE_DEFAULT_REGION=SE
        ((), "SE", True),
        (("NO", "SE"), "SE", True),
        (("NO", "SE"), None, True),
        (("NO",), "SE", False),
        (("SE",), "NO", False),
    ],
)
def test_a_location_that_is_not_taken_is_not_replaced_by_the_default(
    regions: tuple[str, ...], usage_location: str | None, *, is_read: bool
) -> None:
    """Whoever may set a usage location must not choose how a national number is read."""
    policy = Policy(default_region="SE", region_from_usage_location=True, regions=regions)
    user = person(NATIONAL, usage_location=usage_location)
    decision = decide(sighting(user), Intent(), policy, EVERYBODY)
    if is_read:
        assert isinstance(decision, Change)
        assert decision.number == PhoneNumber.parse(NUMBER)
    else:
        assert isinstance(decision, Refusal)
        assert decision.code is Code.INVALID_PHONE_NUMBER


@pytest.mark.parametrize("wins", [False, True])
def test_a_rows_mobile_is_read_by_the_same_region_as_the_attribute(*, wins: bool) -> None:
    """A caller who sends the number as HR writes it is not refused for its spelling."""
    policy = Policy(default_region="SE", payload_number_wins=wins)
    decision = decide(sighting(person(NATIONAL)), Intent(mobile="0701740605"), policy, EVERYBODY)
    assert isinstance(decision, Change)
    assert decision.number == PhoneNumber.parse(NUMBER)


@pytest.mark.parametrize(
    ("attribute", "stated", "named"),
    [("letters", NUMBER, "extensionAttribute15"), (NUMBER, "letters", "Mobile")],
)
def test_a_number_that_cannot_be_read_is_refused_by_the_name_of_where_it_stands(
    attribute: str, stated: str, named: str
) -> None:
    """Who must mend it is HR or the caller: the reason alone would not tell them."""
    decision = decide(sighting(person(attribute)), Intent(mobile=stated), Policy(), EVERYBODY)
    assert isinstance(decision, Refusal)
    assert (decision.code, decision.rule) == (Code.INVALID_PHONE_NUMBER, named)
    assert decision.detail is not None
    assert decision.detail.startswith(f"{named}: it holds characters other than digits")
