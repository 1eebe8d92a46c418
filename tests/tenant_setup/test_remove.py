"""What is taken away again: what was made here, and nothing that others use."""

from __future__ import annotations

from dev.tenant import sample
from dev.tenant.access import ScopedRole
from tests.tenant_setup.conftest import ALL, ANNA, Operator


def test_remove_shows_first_and_takes_power_before_its_limits(operator: Operator) -> None:
    """Nothing of ours is left, and everybody's own things are."""
    operator.run("apply", *ALL)
    operator.access.policies["other"] = {"id": "other", "displayName": "other", "state": "enabled",
                                         "conditions": {"users": {}, "locations": None}}  # fmt: skip
    operator.tenant.control.clear_log()
    shown = operator.run("remove", "--audit-log")
    assert operator.writes() == []
    lines = [line.strip() for line in shown.out.splitlines() if line.startswith("  - ")]
    assert [line.partition('"')[0] for line in lines] == [
        f"- role Reports Reader of {sample.SERVICE_ACCOUNT} over the tenant",
        f"- role Authentication Administrator of {sample.SERVICE_ACCOUNT} over administrative unit ",
        "- Conditional Access policy ",
        "- named location ",
        "- administrative unit ",
    ]
    removed = operator.run("remove", "--audit-log", "--yes")
    assert removed.code == 0, removed.err
    assert list(operator.access.policies) == ["other"]
    access = operator.access
    assert (access.units, access.locations, access.scoped_roles) == ({}, {}, {})
    assert "Nothing to change." in operator.run("remove", "--audit-log").out


def test_remove_leaves_what_others_use(operator: Operator) -> None:
    """Somebody else's role over the unit, and somebody else's unit."""
    operator.run("apply", *ALL)
    (unit,) = operator.access.units.values()
    other = ScopedRole(operator.tenant.state.person(ANNA).id, "User Administrator", unit.id)
    operator.access.scoped_roles[other.id] = other
    operator.tenant.control.clear_log()
    removed = operator.run("remove", "--yes")
    assert removed.code == 1
    assert "Others hold roles over" in removed.err
    assert operator.writes() == []
    unit.description = "now the helpdesk's"
    assert operator.run("remove", "--yes").code == 0
    assert list(operator.access.units) == [unit.id]
    assert list(operator.access.scoped_roles) == [other.id]
    assert operator.access.locations == {}
