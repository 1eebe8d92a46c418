"""People and their phones for tests of the core, each fact with an unremarkable default."""

from __future__ import annotations

from typing import Literal

from shared.phone_number import ObservedNumber
from shared.tenant import Absent, Observation, PhoneMethods, User

ANNA_ID = "11111111-1111-4111-8111-111111111111"


def person(
    attribute: str | Literal[Absent.NOT_RETURNED] | None = None,
    *,
    object_id: str = ANNA_ID,
    upn: str = "anna@contoso.com",
    is_guest: bool = False,
    is_synced: bool = True,
    account_enabled: bool | None = True,
    usage_location: str | None = None,
) -> User:
    """Return an enabled member synced from Active Directory, unless told otherwise."""
    return User(
        id=object_id,
        user_principal_name=upn,
        is_guest=is_guest,
        is_synced=is_synced,
        account_enabled=account_enabled,
        usage_location=usage_location,
        synced_at="2026-11-24T01:30:00Z",
        attribute=attribute,
    )


def sighting(user: User, mobile: str | None = None, *, has_alternate_mobile: bool = False) -> Observation:
    """Return the user as seen with that mobile phone method."""
    return Observation(user, PhoneMethods(ObservedNumber(mobile) if mobile else None, has_alternate_mobile))
