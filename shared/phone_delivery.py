"""Who carries SMS and voice calls of Entra's to a phone: Microsoft until a day, then a provider or nobody.

Source: Entra's "Passkeys by default and retirement of Microsoft-provided SMS and voice authentication", for
the public cloud; no day is published for the others.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

MICROSOFT_ENDS = datetime(2027, 2, 1, tzinfo=UTC)
"""From this moment on Microsoft delivers none; the page names the day, not the hour: UTC is taken."""


class PhoneDelivery(StrEnum):
    """Who delivers codes and calls for this tenant."""

    MICROSOFT = "microsoft"
    PROVIDER = "provider"  # a telecom provider of the organisation's own, from the Microsoft Security Store

    def reaches_phones(self, now: datetime) -> bool:
        """Return whether a phone is a factor that its user can still prove themselves with."""
        return self is PhoneDelivery.PROVIDER or now < MICROSOFT_ENDS
