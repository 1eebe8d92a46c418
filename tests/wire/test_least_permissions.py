"""The permissions that are deployed, and a role over one unit, are enough; and no more is reached."""

from __future__ import annotations

import pytest

from dev.tenant import sample
from dev.tenant.access import AdministrativeUnit, ScopedRole
from tests.identity.entra_template import granted
from tests.wire.bench import Bench

ONE, TWO = "+46701740611", "+46701740612"


@pytest.mark.parametrize(
    ("parameters", "guard"),
    [("every-method", "all"), ("ropc", "all"), ("no-last-factor", "off")],
    ids=["all methods", "phones and a look", "phones alone"],
)
async def test_what_is_granted_is_enough(bench: Bench, parameters: str, guard: str) -> None:
    """For a create, an update and a delete, in a group's scope, with the guard of privileged targets on."""
    bench.control.switch(grants=granted(parameters))
    bench.configure(LAST_FACTOR_GUARD=guard, SYNC_SCOPE_GROUP_ID=sample.SCOPE_GROUP_ID)
    people = [bench.person(ONE), bench.person(TWO, ONE), bench.person(None, TWO)]
    bench.tenant.state.groups[sample.SCOPE_GROUP_ID].members += [person.id for person in people]
    answer = await bench.push([{"Id": person.id} for person in people])
    assert [line["outcome"] for line in answer.body["results"]] == ["created", "updated", "deleted"]


async def test_a_role_over_one_unit_is_enough_for_its_people(bench: Bench) -> None:
    """The others are out of reach for Entra itself, whatever the app is asked to do."""
    account = bench.tenant.state.person(sample.SERVICE_ACCOUNT)
    account.roles = []
    unit, access = (
        AdministrativeUnit("aaaaaaaa-0000-0000-0000-000000000001", "unit"),
        bench.tenant.state.access,
    )
    access.units[unit.id] = unit
    held = ScopedRole(account.id, "Authentication Administrator", unit.id)
    access.scoped_roles[held.id] = held
    inside, outside = bench.person(ONE, administrative_units=[unit.id]), bench.person(TWO)
    answer = await bench.push([{"Id": inside.id}, {"Id": outside.id}])
    lines = [(line["outcome"], line["code"]) for line in answer.body["results"]]
    assert lines == [("created", None), ("refused", "targetOutOfReach")]
    assert (bench.mobile(inside), bench.mobile(outside)) == (ONE, None)
