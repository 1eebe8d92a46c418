"""The readiness run: who in scope has only the phone, who has nothing, who is passwordless."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dev.tenant import sample
from dev.tenant.people import Group, Person, Phone
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.runs import lifecycle
from mfa_sync.runs.run import Run, RunKind, State
from mfa_sync.runs.step import take
from mfa_sync.runs.store import Stored
from shared.errors import Problem
from tests.wire.bench import Bench
from tests.wire.operating import Operator
from tests.wire.sweeping import Sweeper

ONE, OFFICE = "+46701740611", "+46850012345"
PASSWORD = ["password"]


@pytest.fixture
def operator(sweeper: Sweeper) -> Operator:
    """An operator of a tenant with nobody in it but who a test adds."""
    return Operator(sweeper.bench)


async def ready(operator: Operator) -> dict[str, Any]:
    """Begin a readiness run, let it end, and return it as it is read."""
    started = await operator.start_readiness()
    assert (started.status, started.body["kind"], started.body["apply"]) == (202, "readiness", False)
    await operator.sweeper.drive(started.nudge)
    return (await operator.read(started.body["id"])).body


async def test_it_counts_and_lists_the_people_and_writes_nothing(operator: Operator) -> None:
    """By object id and UPN, with the words of what they have, and no number."""
    bench = operator.bench
    phone = bench.person(ONE, ONE, methods=[*PASSWORD, "email"])
    nothing = bench.person(ONE, methods=PASSWORD)
    keys = bench.person(ONE, ONE, methods=[*PASSWORD, "fido2"])
    bench.person(ONE, ONE)  # with the Authenticator
    phone.phones["office"] = Phone(OFFICE)
    run = await ready(operator)
    assert (run["state"], run["detail"], run["heldFor"]) == ("finished", None, [])
    assert run["counts"]["readiness"] == {"phoneOnly": 1, "nothing": 1, "passwordless": 1, "otherFactor": 1}
    assert run["counts"]["planned"] == {}
    assert {one["id"]: (one["userPrincipalName"], one["readiness"]) for one in run["people"]} == {
        phone.id: (phone.upn, "phoneOnly"),
        nothing.id: (nothing.upn, "nothing"),
        keys.id: (keys.upn, "passwordless"),
    }
    methods = {one["id"]: one["methods"] for one in run["people"]}
    assert methods[phone.id] == ["mobilePhone", "officePhone", "email"]
    assert methods[nothing.id] == []
    assert bench.writes() == []
    assert not any(digits in json.dumps(run) for digits in ("1740611", "50012345"))


async def test_who_is_not_ours_is_counted_and_not_listed(operator: Operator) -> None:
    """As in a sweep; a disabled account is not even in Graph's report."""
    bench = operator.bench
    group = Group(sample.SCOPE_GROUP_ID, "All staff")
    bench.tenant.state.groups[group.id] = group
    bench.configure(SYNC_SCOPE_GROUP_ID=group.id)
    inside, guest, cloud, away = (bench.person(ONE, ONE, methods=PASSWORD) for _ in range(4))
    bench.person(ONE, ONE, methods=PASSWORD)  # in no group
    guest.user_type, cloud.on_premises_sync_enabled, away.enabled = "Guest", None, False
    group.members = [one.id for one in (inside, guest, cloud, away)]
    run = await ready(operator)
    assert run["counts"]["refused"] == {
        "guestExcluded": 1,
        "sourceNotOnPremises": 1,
        "outOfScope": 1,
        "excluded": 1,  # the service account
    }
    assert run["counts"]["readiness"] == {"phoneOnly": 1}
    assert [one["id"] for one in run["people"]] == [inside.id]


async def test_administrators_are_marked(operator: Operator) -> None:
    """Nobody is missed so much."""
    operator.bench.person(ONE, ONE, methods=PASSWORD, roles=["Global Administrator"])
    assert [one["isAdmin"] for one in (await ready(operator))["people"]] == [True]


async def test_a_name_that_holds_a_number_is_shown_without_it(operator: Operator) -> None:
    """As everywhere."""
    operator.bench.person(ONE, ONE, methods=PASSWORD, upn="46701740611@contoso.com")
    (one,) = (await ready(operator))["people"]
    assert "1740611" not in one["userPrincipalName"]


@pytest.mark.parametrize(
    "switches",
    [
        {"grants": ["User.Read.All", "GroupMember.Read.All"]},
        {"premium_licence": False},
        {"signed_in_roles": ["Privileged Authentication Administrator"]},
    ],
    ids=["no right", "no licence", "no role"],
)
async def test_without_right_licence_or_role_it_has_failed_and_says_what_to_do(
    operator: Operator, switches: dict[str, Any]
) -> None:
    """One clear problem that names them all, since Graph's refusals were seen to mix them up."""
    operator.bench.control.switch(**switches)
    run = await ready(operator)
    assert run["state"] == "failed"
    for word in ("AuditLog.Read.All", "P1", "Reports Reader"):
        assert word in run["detail"]


async def test_pages_of_the_report_become_pages_of_the_run(operator: Operator) -> None:
    """2,500 people in three pages, each person once; Graph is asked for few pages more than that."""
    bench = operator.bench
    bench.tenant.state.generate(2500, fractions={})
    stranded = _strand(bench, 25)
    bench.control.clear_log()
    run = await ready(operator)
    assert run["counts"]["readiness"] == {"phoneOnly": 25, "otherFactor": 2475}
    pages = [(await operator.read(run["id"], page=str(page))).body for page in range(run["pages"])]
    assert len(pages) > 1
    assert {one["id"] for page in pages for one in page["people"]} == stranded
    calls = [entry for entry in bench.calls("graph.microsoft.com") if "/groups" not in entry["path"]]
    assert len(calls) <= 3 + 10  # pages of the report, and their people by fifteen an item, 300 a batch


async def test_small_pages_are_gathered(operator: Operator) -> None:
    """How large a page is, is Graph's affair: a plan must not run out of pages for it."""
    bench = operator.bench
    bench.tenant.state.generate(400, fractions={})
    _strand(bench, 400)
    bench.control.switch(registrations_page_size=20)
    run = await ready(operator)
    assert (run["counts"]["readiness"], run["pages"]) == ({"phoneOnly": 400}, 1)


async def test_a_worker_that_is_killed_amid_it_costs_nobody(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its page lay there already and its head did not: the step is done again, and nobody stands twice."""
    bench, sweeper = operator.bench, operator.sweeper
    bench.tenant.state.generate(2500, fractions={})
    stranded = _strand(bench, 25)
    started = await operator.start_readiness()
    assert started.nudge
    nudge = await take(started.nudge, bench.worker)
    run = await sweeper.run(started.body["id"])
    assert (run.state, run.step, run.pages) == (State.PLANNING, 1, 1)
    assert nudge
    replace = bench.worker.runs.replace

    async def dies_after_the_claim(former: Stored, changed: Run) -> Stored:
        if not changed.owner:
            raise _KilledError
        return await replace(former, changed)

    with monkeypatch.context() as patched:
        patched.setattr(bench.worker.runs, "replace", dies_after_the_claim)
        with pytest.raises(_KilledError):
            await take(nudge, bench.worker)
    bench.configure()
    assert await take(nudge, bench.worker) is None  # it is claimed still
    bench.clock.advance(bench.worker.settings.sweeps.claim_seconds + 1)
    (again,) = await lifecycle.watch(bench.worker)
    done = await sweeper.drive(again)
    assert (done.state, done.tally.readiness) == (State.FINISHED, {"phoneOnly": 25, "otherFactor": 2475})
    assert sorted([one async for one in _listed(bench, done)]) == sorted(stranded)


async def test_one_at_a_time_and_sweeps_beside_it(operator: Operator) -> None:
    """It would take the calls that sweeps need for the audit log; nor does it give up a held plan."""
    bench = operator.bench
    bench.person(ONE)
    held = await operator.held()
    started = await operator.start_readiness()
    with pytest.raises(RequestError) as refused:
        await operator.start_readiness()
    assert (refused.value.code, started.body["id"] in refused.value.detail) == (Problem.WRONG_STATE, True)
    assert (await operator.read(held["id"])).body["state"] == "held"
    swept = await operator.start()
    assert (swept.status, (await operator.sweeper.run(started.body["id"])).state) == (202, State.PLANNING)
    stopped = await operator.decide("stop", started.body["id"])
    assert stopped.body["state"] == "stopped"
    assert (await operator.start_readiness()).status == 202


async def test_a_sweep_goes_on_from_the_last_sweep_and_not_from_it(operator: Operator) -> None:
    """It is no sweep: population, delta link and what is owed stay as they were."""
    sweeper = operator.sweeper
    operator.bench.person(ONE, ONE)
    await sweeper.settled()
    before, _ = await operator.bench.worker.runs.sweeps()
    await ready(operator)
    assert (await operator.bench.worker.runs.sweeps())[0] == before
    assert lifecycle.due_kind(before, operator.bench.worker) is RunKind.CHANGED


async def test_a_page_that_was_altered_in_the_storage_is_not_shown(operator: Operator) -> None:
    """Its digest covers the people too."""
    bench = operator.bench
    bench.person(ONE, ONE, methods=PASSWORD)
    run = await operator.sweeper.run((await ready(operator))["id"])
    blobs = bench.worker.runs._blobs
    name = f"runs/{run.id}/pages/0-{run.digests[0]}.json"
    data = await blobs.get(name)
    assert data is not None
    await blobs.put(name, data.replace(b"phoneOnly", b"otherFactor"))
    with pytest.raises(RequestError) as refused:
        await operator.read(run.id)
    assert refused.value.code is Problem.RUN_NOT_FOUND


async def test_throttling_is_waited_out_and_nobody_is_lost(operator: Operator) -> None:
    """Also where users cannot be read for a while: none of them may pass for somebody who is not there."""
    bench = operator.bench
    bench.person(ONE, ONE, methods=PASSWORD)
    bench.control.fault(status=503, path="userRegistrationDetails", times=1)
    bench.control.fault(status=500, path="/users", applies_to="item", times=50)
    started = await operator.start_readiness()
    assert (await operator.sweeper.drive(started.nudge)).state is State.PLANNING
    bench.control.clear_faults()
    bench.clock.advance(1000)
    run = await operator.sweeper.resume(started.body["id"])
    assert run.tally.readiness == {"phoneOnly": 1}


class _KilledError(BaseException):
    """The process ended."""


async def _listed(bench: Bench, run: Run) -> AsyncIterator[str]:
    """Yield the ids of all whom a run lists."""
    for number in range(run.pages):
        page = await bench.worker.runs.page(run, number)
        assert page
        for one in page.people or ():
            yield one.id


def _strand(bench: Bench, count: int) -> set[str]:
    """Take every other factor from the first generated people, who hold a phone; return who they are."""
    crowd = bench.tenant.state.people.crowd
    assert crowd is not None
    people: list[Person] = [
        bench.tenant.state.person(crowd.id(index * 97 % crowd.count)) for index in range(count)
    ]
    for person in people:
        person.methods = PASSWORD
    return {person.id for person in people}
