"""A location or policy that is not as it is made here is neither used, nor enforced, nor removed."""

from __future__ import annotations

from typing import Any

import pytest

from dev.tenant import sample
from tests.tenant_setup.conftest import ALL, ANNA, Operator

ACCOUNT = sample.guid(sample.SERVICE_ACCOUNT)


def test_other_ranges_are_replaced_by_a_flag_alone(operator: Operator) -> None:
    """The location may be somebody else's, or the app's addresses may have changed: a person knows."""
    operator.run("apply", *ALL)
    moved = ("--user", ANNA, "--egress", "198.51.100.4/31")
    assert "say --replace-ranges" in operator.stopped(*moved)
    assert operator.run("apply", *moved, "--replace-ranges").code == 0
    (location,) = operator.access.locations.values()
    assert [row["cidrAddress"] for row in location["ipRanges"]] == ["198.51.100.4/31"]


def test_a_trusted_location_is_not_used(operator: Operator) -> None:
    """Policies that spare trusted locations would spare the app's addresses for everybody."""
    operator.run("apply", *ALL)
    (location,) = operator.access.locations.values()
    location["isTrusted"] = True
    assert "marked as trusted" in operator.stopped(*ALL)


def test_an_empty_location_is_not_enforced(operator: Operator) -> None:
    """The account would be locked out everywhere."""
    operator.run("apply", *ALL)
    (location,) = operator.access.locations.values()
    location["ipRanges"] = []
    assert "is empty" in operator.stopped("--user", ANNA, "--enforce")


@pytest.mark.parametrize(
    ("part", "change", "why"),
    [
        ("users", {"includeUsers": [ACCOUNT, "another"]}, "not for the service account alone"),
        ("users", {"includeUsers": ["All"]}, "not for the service account alone"),
        ("users", {"includeGroups": ["a group"]}, "not for the service account alone"),
        ("users", {"includeRoles": ["a role"]}, "not for the service account alone"),
        ("users", {"includeGuestsOrExternalUsers": {"x": 1}}, "not for the service account alone"),
        ("users", {"excludeUsers": [ACCOUNT]}, "not for the service account alone"),
        ("applications", {"includeApplications": ["one"]}, "not for all apps"),
        ("applications", {"excludeApplications": ["one"]}, "not for all apps"),
        ("locations", {"excludeLocations": ["AllTrusted"]}, "does not spare the app's named location alone"),
        ("locations", {"includeLocations": ["AllTrusted"]}, "does not spare the app's named location alone"),
        ("platforms", {"includePlatforms": ["iOS"]}, "further conditions"),
    ],
)  # fmt: skip
def test_a_policy_that_is_not_ours_is_neither_enforced_nor_removed(
    operator: Operator, part: str, change: dict[str, Any], why: str
) -> None:
    """It might hit more than the one account, or spare more than the one location."""
    operator.run("apply", *ALL)
    (policy,) = operator.access.policies.values()
    policy["conditions"][part] = (policy["conditions"][part] or {}) | change
    assert why in operator.stopped(*ALL, "--enforce")
    removed = operator.run("remove", "--yes")
    assert removed.code == 1
    assert why in removed.err
    assert operator.writes() == []


def test_a_policy_that_grants_is_not_ours(operator: Operator) -> None:
    """MFA in place of a block would let through whoever has a phone of theirs registered."""
    operator.run("apply", *ALL)
    (policy,) = operator.access.policies.values()
    policy["grantControls"]["builtInControls"] = ["mfa"]
    assert "does not block" in operator.stopped(*ALL, "--enforce")
