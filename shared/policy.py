"""What the organisation decided that decides about a user."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.phone_delivery import PhoneDelivery
from shared.scope import ScopePolicy
from shared.tenant import User


class MaskedPolicy(StrEnum):
    """What to do where a masked number may or may not be the desired one."""

    ASSERT = "assert"
    TRUST = "trust"


class LastFactorGuard(StrEnum):
    """Whose deletes are refused when they would remove the last usable factor."""

    OFF = "off"
    SWEEPS = "sweeps"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the organisation decides that decides about a user.

    Attributes:
        scope: Which kinds of users are ours.
        masked: What to do where a mask hides whether a number agrees.
        last_factor: Whose last factor is protected.
        default_region: ISO 3166 code by which national numbers are read; None refuses them.
        region_from_usage_location: Whether the user's own usage location comes before it.
        payload_number_wins: Whether a row's Mobile is the source, not an expectation of it.
        sweeping: Whether nobody named the users, so that more care is due.
        keep_when_empty: Whether an empty attribute never deletes (SWEEP_EMPTY=keep, in sweeps).
        empty_grace_days: How long an attribute must have been empty before a sweep deletes.
        memory_days: For how long our own last write settles what a mask hides.
        regions: Which usage locations are taken; empty for all. National numbers of others are refused.
        phone_delivery: Who carries codes to phones: whether a phone counts as a factor depends on it.
    """

    scope: ScopePolicy = field(default_factory=ScopePolicy)
    masked: MaskedPolicy = MaskedPolicy.ASSERT
    last_factor: LastFactorGuard = LastFactorGuard.SWEEPS
    default_region: str | None = None
    region_from_usage_location: bool = False
    payload_number_wins: bool = False
    sweeping: bool = False
    keep_when_empty: bool = False
    empty_grace_days: int = 0
    regions: tuple[str, ...] = ()
    phone_delivery: PhoneDelivery = PhoneDelivery.MICROSOFT
    memory_days: int = 30

    def for_sweeps(self, *, keep_when_empty: bool, empty_grace_days: int) -> Policy:
        """Return the policy as it is for users whom nobody named: more careful in everything."""
        guard = LastFactorGuard.ALL if self.last_factor is LastFactorGuard.SWEEPS else self.last_factor
        return replace(
            self,
            scope=replace(self.scope, skip_disabled=True),
            last_factor=guard,
            sweeping=True,
            keep_when_empty=keep_when_empty,
            empty_grace_days=empty_grace_days,
        )

    def region_of(self, user: User) -> str | None:
        """Return the region by which this user's national numbers are read; None refuses them.

        A location that is not taken is not replaced by the default: that would guess.
        """
        if not self.region_from_usage_location or not user.usage_location:
            return self.default_region
        is_taken = not self.regions or user.usage_location in self.regions
        return user.usage_location if is_taken else None
