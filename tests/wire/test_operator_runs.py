"""Operators list, read, start, approve, discard and stop runs, over the real storage."""

from __future__ import annotations

import json
from collections.abc import Awaitable

import pytest

from mfa_sync.api.contract.problems import RequestError
from mfa_sync.runs.run import Run, RunKind, State
from shared.errors import Problem, TransientError
from tests.answering import Read
from tests.wire.bench import Bench
from tests.wire.operating import Operator

ONE, TWO = "+46701740611", "+46701740622"
NOWHERE = "20200101T000000Z-full-0a1b2c3d"


@pytest.fixture
def operator(bench: Bench) -> Operator:
    """An operator of a tenant with nobody in it but who a test adds."""
    bench.control.reset(sample=True)
    for person in list(bench.tenant.state.people.values()):
        if person.upn not in bench.tenant.state.accounts:
            bench.tenant.state.remove_person(person)
    return Operator(bench)


async def refused(call: Awaitable[Read]) -> tuple[int, Problem]:
    """Return status and code of a call that is refused."""
    with pytest.raises(RequestError) as caught:
        await call
    return caught.value.status, caught.value.code


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the texts of the events of decisions."""
    names = ("run.approved", "run.discarded", "run.stopped")
    return [text for one in caplog.records if (text := one.getMessage()).startswith(names)]


async def test_a_started_plan_is_held_read_approved_and_applied(
    operator: Operator, caplog: pytest.LogCaptureFixture
) -> None:
    """The way from start to end, and what each answer tells on it."""
    caplog.set_level("INFO")
    bench = operator.bench
    new, other = bench.person(ONE), bench.person(ONE, TWO)
    unread = bench.person("+46 (0)70-1740611")
    started = await operator.start()
    assert (started.status, started.body["state"]) == (202, "planning")
    assert started.headers["Location"] == f"/api/runs/{started.body['id']}"
    await operator.sweeper.drive(started.nudge)
    run = (await operator.read(started.body["id"])).body
    assert (run["state"], run["kind"], run["apply"], run["startedBy"]) == ("held", "full", False, "key")
    assert run["created"] == "2026-11-24T06:00:00+00:00"
    assert run["counts"]["planned"] == {"create": 1, "update": 1}
    assert any("population" in reason for reason in run["heldFor"])
    assert run["limits"]["delete"] == "MAX_DELETES=20, MAX_DELETES_PERCENT=5"
    changes = {one["id"]: (one["kind"], one["before"], one["after"]) for one in run["changes"]}
    assert changes == {
        new.id: ("create", None, "+46 *******11"),
        other.id: ("update", "+46 *******22", "+46 *******11"),
    }
    assert [(one["id"], one["code"]) for one in run["refusals"]] == [(unread.id, "invalidPhoneNumber")]
    bench.clock.advance(60)
    approved = await operator.decide("approve", run["id"], digest=run["digest"], reason="seen with HR")
    assert (approved.status, approved.body["state"]) == (202, "applying")
    await operator.sweeper.drive(approved.nudge)
    done = (await operator.read(run["id"])).body
    assert (done["state"], done["counts"]["outcomes"]) == ("finished", {"created": 1, "updated": 1})
    assert {one["outcome"] for one in done["changes"]} == {"created", "updated"}
    assert done["decision"] == {
        "what": "approved",
        "by": "key",
        "at": "2026-11-24T06:01:00+00:00",
        "reason": "seen with HR",
        "kinds": None,
    }
    assert (bench.mobile(new), bench.mobile(other)) == (ONE, ONE)
    (event,) = events(caplog)
    assert json.loads(event.partition(" ")[2]) == {"run": run["id"], "by": "key", "reasonLength": 12}
    shown = json.dumps([run, done, approved.body, (await operator.list()).body])
    assert not any(number in shown for number in ("1740611", "1740622"))


async def test_only_the_kinds_that_an_approval_names_go_on(operator: Operator) -> None:
    """Creates go on, deletes do not; kinds that the plan does not hold are refused."""
    bench = operator.bench
    bench.configure(EMPTY_GRACE_DAYS="0")
    new, emptied = bench.person(ONE), bench.person(None, TWO)
    run = await operator.held()
    call = operator.decide("approve", run["id"], digest=run["digest"], kinds=["create", "update"])
    assert await refused(call) == (422, Problem.INVALID_REQUEST)
    approved = await operator.decide("approve", run["id"], digest=run["digest"], kinds=["create"])
    assert approved.body["decision"]["kinds"] == ["create"]
    await operator.sweeper.drive(approved.nudge)
    assert (bench.mobile(new), bench.mobile(emptied)) == (ONE, TWO)


async def test_the_same_approval_again_is_answered_200_and_another_409(
    operator: Operator, caplog: pytest.LogCaptureFixture
) -> None:
    """Said twice it happens once, and the nudge that may be lost is sent again."""
    caplog.set_level("INFO")
    operator.bench.person(ONE)
    run = await operator.held()
    wrong = "0" * 64
    call = operator.decide("approve", run["id"], digest=wrong)
    assert await refused(call) == (409, Problem.WRONG_STATE)
    first = await operator.decide("approve", run["id"], digest=run["digest"])
    again = await operator.decide("approve", run["id"], digest=run["digest"])
    assert (first.status, again.status, again.nudge) == (202, 200, first.nudge)
    for other in ({"digest": wrong}, {"digest": run["digest"], "reason": "other"}):
        assert await refused(operator.decide("approve", run["id"], **other)) == (409, Problem.WRONG_STATE)
    await operator.sweeper.drive(first.nudge)
    late = await operator.decide("approve", run["id"], digest=run["digest"])
    assert (late.status, late.body["state"], late.nudge) == (200, "finished", None)
    assert len(events(caplog)) == 1


@pytest.mark.parametrize(("what", "state"), [("discard", "discarded"), ("stop", "stopped")])
async def test_a_held_run_is_ended_once(
    operator: Operator, caplog: pytest.LogCaptureFixture, what: str, state: str
) -> None:
    """The same again is answered 200; what has ended cannot be approved or ended otherwise."""
    caplog.set_level("INFO")
    person = operator.bench.person(ONE)
    run = await operator.held()
    ended = await operator.decide(what, run["id"], reason="wrong feed")
    again = await operator.decide(what, run["id"], reason="wrong feed")
    for answer in (ended, again):
        assert (answer.status, answer.body["state"], answer.nudge) == (200, state, None)
        assert ("planned again" in answer.body.get("remark", "")) == (what == "discard")
    other = "stop" if what == "discard" else "discard"
    assert await refused(operator.decide(other, run["id"])) == (409, Problem.WRONG_STATE)
    call = operator.decide("approve", run["id"], digest=run["digest"])
    assert await refused(call) == (409, Problem.WRONG_STATE)
    assert len(events(caplog)) == 1
    assert events(caplog)[0].startswith(f"run.{state} ")
    assert "wrong feed" not in caplog.text
    assert operator.bench.mobile(person) is None


async def test_a_run_that_moves_can_be_stopped_and_not_discarded(operator: Operator) -> None:
    """Its next nudge finds nothing to do."""
    person = operator.bench.person(ONE)
    started = await operator.start()
    run_id = started.body["id"]
    assert await refused(operator.decide("discard", run_id)) == (409, Problem.WRONG_STATE)
    assert await refused(operator.decide("approve", run_id, digest="d")) == (409, Problem.WRONG_STATE)
    assert (await operator.decide("stop", run_id)).body["state"] == "stopped"
    assert (await operator.sweeper.drive(started.nudge)).state is State.STOPPED
    assert operator.bench.mobile(person) is None


async def test_one_sweep_at_a_time_and_a_held_one_gives_way(operator: Operator) -> None:
    """Another under way is 409; a plan that waits is superseded."""
    operator.bench.person(ONE)
    started = await operator.start()
    assert await refused(operator.start()) == (409, Problem.WRONG_STATE)
    await operator.sweeper.drive(started.nudge)
    operator.bench.clock.advance(1)
    newer = await operator.start()
    assert newer.status == 202
    assert (await operator.read(started.body["id"])).body["state"] == "superseded"


@pytest.mark.parametrize(("mode", "state"), [("plan", "held"), ("apply", "finished"), ("off", "finished")])
async def test_a_start_that_applies_is_held_where_every_plan_is(
    operator: Operator, mode: str, state: str
) -> None:
    """SWEEP_MODE=plan binds an operator too; off concerns the schedule alone."""
    bench = operator.bench
    people = [bench.person(ONE, ONE) for _ in range(20)]
    await operator.sweeper.settled()
    bench.configure(SWEEP_MODE=mode)
    bench.clock.advance(3600)
    people[0].attribute = TWO
    started = await operator.start(apply=True)
    assert (started.body["apply"], started.body["startedBy"]) == (mode != "plan", "key")
    assert (await operator.sweeper.drive(started.nudge)).state == state
    assert bench.mobile(people[0]) == (ONE if state == "held" else TWO)


async def test_a_run_that_is_not_there_is_404_on_every_route(operator: Operator) -> None:
    """Also for a text that cannot be an id, and a body that would do."""
    for run_id in (NOWHERE, "x", "", "..", "20260101T000000Z-full'", "a" * 3000):
        calls = [operator.decide("approve", run_id, digest="d")]
        calls += [operator.decide(what, run_id) for what in ("discard", "stop")]
        for call in (operator.read(run_id), *calls):
            assert await refused(call) == (404, Problem.RUN_NOT_FOUND)


@pytest.mark.parametrize("what", ["approve", "discard", "stop"])
async def test_decisions_take_no_query_and_nothing_but_their_keys(operator: Operator, what: str) -> None:
    """What is misspelt decides nothing."""
    run = await operator.start()
    for call in (
        operator.decide(what, run.body["id"], query={"dryRun": "true"}),
        operator.decide(what, run.body["id"], digests="d"),
        operator.decide(what, run.body["id"], reason=" "),
    ):
        assert await refused(call) == (422, Problem.INVALID_REQUEST)
    assert (await operator.read(run.body["id"])).body["state"] == "planning"


async def test_a_list_goes_through_all_runs_newest_first(operator: Operator) -> None:
    """Each page goes on after the former, also where several runs began in one second."""
    made = [f"2026112{day}T060000Z-{kind}" for day in range(4, 1, -1) for kind in ("full", "full-0a", "push")]
    for run_id in reversed(made):
        await operator.bench.worker.runs.record(Run(run_id, RunKind.FULL, 0, 0, apply=False))
    found, after = list[str](), dict[str, str]()
    while True:
        body = (await operator.list(limit="2", **after)).body
        found += [run["id"] for run in body["runs"]]
        if body["next"] is None:
            break
        after = {"after": body["next"]}
    assert found == made
    whole = (await operator.list(limit="9")).body
    assert ([run["id"] for run in whole["runs"]], whole["next"]) == (made, None)
    assert (await operator.list(after=made[-1])).body == {"runs": [], "next": None}


async def test_a_plan_is_read_page_by_page(operator: Operator) -> None:
    """All of what an approval approves can be seen; a page that is gone is no empty one."""
    bench = operator.bench
    people = [bench.person(ONE) for _ in range(1200)]
    run = await operator.held()
    assert run["pages"] > 1
    seen = []
    for number in range(run["pages"]):
        body = (await operator.read(run["id"], page=str(number))).body
        assert body["page"] == number
        seen += [one["id"] for one in body["changes"]]
    assert sorted(seen) == sorted(person.id for person in people)
    past = operator.read(run["id"], page=str(run["pages"]))
    assert await refused(past) == (422, Problem.INVALID_REQUEST)
    await bench.worker.runs._blobs.delete(f"runs/{run['id']}/pages/0")
    assert await refused(operator.read(run["id"])) == (404, Problem.RUN_NOT_FOUND)


async def test_a_run_without_a_plan_has_an_empty_first_page(operator: Operator) -> None:
    """Before it is planned, or where nothing is to be done."""
    started = await operator.start()
    body = (await operator.read(started.body["id"])).body
    assert (body["pages"], body["page"], body["changes"], body["digest"]) == (0, 0, [], None)
    assert await refused(operator.read(body["id"], page="1")) == (422, Problem.INVALID_REQUEST)


async def test_without_storage_every_route_says_so(operator: Operator) -> None:
    """503, to be tried again."""
    operator.bench.person(ONE)
    run = await operator.held()
    operator.bench.storage.stop()
    try:
        for call in (
            operator.list(),
            operator.read(run["id"]),
            operator.start(),
            operator.decide("approve", run["id"], digest=run["digest"]),
            operator.decide("discard", run["id"]),
            operator.decide("stop", run["id"]),
        ):
            with pytest.raises(TransientError) as caught:
                await call
            assert caught.value.code is Problem.STORAGE_UNAVAILABLE
    finally:
        operator.bench.storage.start()
