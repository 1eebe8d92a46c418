"""Which factors count as usable, before and after Microsoft's own SMS and voice end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from http import HTTPStatus
from typing import Any

import pytest

from dev.tenant.people import PHONE_METHOD_IDS
from mfa_sync.graph.phone_methods import other_factors_of
from mfa_sync.graph.reply import Reply
from shared.phone_delivery import MICROSOFT_ENDS, PhoneDelivery

MICROSOFT, PROVIDER = PhoneDelivery.MICROSOFT, PhoneDelivery.PROVIDER
BEFORE, AFTER = MICROSOFT_ENDS - timedelta(microseconds=1), MICROSOFT_ENDS


def phone(kind: str) -> dict[str, Any]:
    """Return a phone method as `authentication/methods` lists it."""
    return {"@odata.type": "#microsoft.graph.phoneAuthenticationMethod", "id": PHONE_METHOD_IDS[kind]}


def method(kind: str) -> dict[str, Any]:
    """Return another method of that kind."""
    return {"@odata.type": f"#microsoft.graph.{kind}AuthenticationMethod", "id": f"the {kind}"}


MOBILE, ALTERNATE, OFFICE = phone("mobile"), phone("alternateMobile"), phone("office")
PASSWORD, PUSH, PASSKEY = method("password"), method("microsoftAuthenticator"), method("fido2")


def test_microsofts_own_delivery_ends_with_january_2027() -> None:
    """Entra's "Passkeys by default and retirement of Microsoft-provided SMS and voice authentication"."""
    assert datetime(2027, 2, 1, tzinfo=UTC) == MICROSOFT_ENDS


@pytest.mark.parametrize(
    ("delivery", "now", "word"),
    [
        (MICROSOFT, BEFORE, "reached"),
        (MICROSOFT, AFTER, "not reached"),
        (MICROSOFT, datetime(2027, 1, 31, 20, 0, tzinfo=timezone(timedelta(hours=-5))), "not reached"),
        (MICROSOFT, datetime(2027, 2, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))), "reached"),
        (PROVIDER, BEFORE, "reached"),
        (PROVIDER, AFTER, "reached"),
    ],
)
def test_a_code_reaches_a_phone_until_the_day_and_longer_by_a_provider(
    delivery: PhoneDelivery, now: datetime, word: str
) -> None:
    """The day begins in UTC, wherever the clock stands."""
    assert delivery.reaches_phones(now) is (word == "reached")


@pytest.mark.parametrize(
    ("methods", "before", "after_microsoft", "after_provider"),
    [
        ([], 0, 0, 0),
        ([PASSWORD, MOBILE], 0, 0, 0),
        ([PASSWORD, MOBILE, OFFICE], 1, 0, 1),
        ([PASSWORD, MOBILE, ALTERNATE, OFFICE], 2, 0, 2),
        ([PASSWORD, MOBILE, PUSH], 1, 1, 1),
        ([PASSWORD, MOBILE, OFFICE, PASSKEY], 2, 1, 2),
        ([PASSWORD, method("email"), method("temporaryAccessPass"), method("ofTomorrow")], 0, 0, 0),
        ([method("hardwareOath"), method("softwareOath"), method("external")], 3, 3, 3),
    ],
)
def test_usable_factors_beside_the_mobile_phone(
    methods: list[dict[str, Any]], before: int, after_microsoft: int, after_provider: int
) -> None:
    """Before the day nothing changes by either value; after it the value decides whether phones count."""
    reply = Reply(HTTPStatus.OK, {"value": methods})
    table = {(MICROSOFT, BEFORE): before, (PROVIDER, BEFORE): before}
    table |= {(MICROSOFT, AFTER): after_microsoft, (PROVIDER, AFTER): after_provider}
    assert {
        (delivery, now): other_factors_of(reply, phones=delivery.reaches_phones(now))
        for delivery, now in table
    } == table
