"""What is due to users whom nobody named: a sweep is more careful than a push, and otherwise the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.codes import Code
from shared.decide import decide
from shared.outcome import Outcome
from shared.plan import Intent, NoChange, Refusal
from shared.policy import LastFactorGuard, MaskedPolicy, Policy
from shared.scope import ScopePolicy
from shared.tenant import Change, Kind, ScopeSets
from tests.people import person, sighting

NUMBER = "+46 701740605"
# Nothing in it is as it is by default.
PUSH = Policy(
    scope=ScopePolicy(include_guests=True, allow_cloud_only=True, allow_privileged=True),
    masked=MaskedPolicy.TRUST,
    last_factor=LastFactorGuard.ALL,
    default_region="SE",
    region_from_usage_location=True,
    payload_number_wins=True,
    regions=("NO",),
)


@pytest.mark.parametrize(
    ("setting", "in_sweeps"),
    [
        (LastFactorGuard.OFF, LastFactorGuard.OFF),
        (LastFactorGuard.SWEEPS, LastFactorGuard.ALL),
        (LastFactorGuard.ALL, LastFactorGuard.ALL),
    ],
)
def test_in_sweeps_last_factors_are_protected_unless_switched_off(
    setting: LastFactorGuard, in_sweeps: LastFactorGuard
) -> None:
    """LAST_FACTOR_GUARD=sweeps means every delete of a sweep, off means none anywhere."""
    sweep = Policy(last_factor=setting).for_sweeps(keep_when_empty=False, empty_grace_days=0)
    assert sweep.last_factor is in_sweeps


def test_whatever_else_the_organisation_decided_holds_in_sweeps_too() -> None:
    """A sweep is not less careful in anything, nor takes users that a push would not."""
    sweep = PUSH.for_sweeps(keep_when_empty=True, empty_grace_days=3)
    assert (sweep.sweeping, sweep.keep_when_empty, sweep.empty_grace_days) == (True, True, 3)
    pushed = replace(
        sweep, scope=replace(sweep.scope, skip_disabled=False), sweeping=False, keep_when_empty=False
    )
    assert replace(pushed, empty_grace_days=0) == PUSH


@pytest.mark.parametrize("enabled", [True, None, False])
def test_a_sweep_leaves_alone_whose_account_is_disabled_and_nobody_else(*, enabled: bool | None) -> None:
    """A leaver's phone stays as it is; where Graph does not tell, the user is managed."""
    sweep = Policy().for_sweeps(keep_when_empty=False, empty_grace_days=0)
    seen = sighting(person(NUMBER, account_enabled=enabled))
    decision = decide(seen, Intent(), sweep, ScopeSets())
    if enabled is False:
        assert isinstance(decision, Refusal)
        assert decision.code is Code.ACCOUNT_DISABLED
    else:
        assert isinstance(decision, Change)


@pytest.mark.parametrize("keep", [False, True])
def test_an_empty_attribute_deletes_in_sweeps_only_where_it_may(*, keep: bool) -> None:
    """SWEEP_EMPTY=keep: a column that was emptied by mistake costs nobody the phone."""
    sweep = Policy().for_sweeps(keep_when_empty=keep, empty_grace_days=0)
    decision = decide(sighting(person(None), NUMBER), Intent(), sweep, ScopeSets())
    if keep:
        assert isinstance(decision, NoChange)
        assert decision.outcome is Outcome.KEPT
    else:
        assert isinstance(decision, Change)
        assert decision.kind is Kind.DELETE
