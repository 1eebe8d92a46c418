"""What an approval covers: the plan that was shown, its kinds and its numbers, and nothing else."""

from __future__ import annotations

from dev.tenant.people import Phone
from mfa_sync.runs.run import DIGEST_LENGTH, RunKind, State
from mfa_sync.runs.step import Nudge
from shared.codes import Code
from tests.wire.bench import Bench
from tests.wire.sweeping import ASYNC, Sweeper, polled

ONE, TWO, THREE = "+46701740611", "+46701740622", "+46701740633"


async def test_a_page_that_was_replaced_after_it_was_shown_fails_the_run_and_writes_nothing(
    sweeper: Sweeper,
) -> None:
    """Whoever can write the storage cannot make an approval cover somebody else."""
    bench = sweeper.bench
    shown, hidden = bench.person(ONE), bench.person(ONE, TWO)
    run = await sweeper.sweep()
    store = bench.worker.runs
    page = await store.page(run, 0)
    assert page is not None
    assert {one.id for one in page.changes} == {shown.id, hidden.id}
    forged = page.with_changes(one for one in page.changes if one.id == hidden.id)
    await store._blobs.put(f"runs/{run.id}/pages/0-{run.digests[0]}.json", forged.dump().encode())
    failed = await sweeper.approve(run)
    assert (failed.state, failed.applied) == (State.FAILED, 0)
    assert "not what was planned" in failed.detail
    assert bench.writes() == []


async def test_a_late_workers_page_of_the_same_number_is_not_read(sweeper: Sweeper) -> None:
    """A worker that stood still over its claim writes its own page: it lies beside, and nobody reads it."""
    bench = sweeper.bench
    person = bench.person(ONE, TWO)
    run = await sweeper.sweep()
    store = bench.worker.runs
    page = await store.page(run, 0)
    assert page is not None
    other = page.with_changes(())
    assert other.digest[:DIGEST_LENGTH] not in run.digests
    await store.put_page(run.id, 0, other)
    assert await store.page(run, 0) == page
    finished = await sweeper.approve(run)
    assert (dict(finished.tally.outcomes), bench.mobile(person)) == ({"updated": 1}, ONE)


async def test_what_is_decided_anew_amid_a_write_keeps_to_what_was_approved(sweeper: Sweeper) -> None:
    """A create was shown; an update to another number, found when a write failed, was not."""
    bench = sweeper.bench
    person = bench.person(ONE)
    run = await sweeper.sweep()
    assert dict(run.tally.planned) == {"create": 1}
    bench.control.fault(status=400, method="POST", path=person.id, applies_to="item")
    sleep = bench.clock.sleep

    async def meddling(seconds: float) -> None:
        person.phones["mobile"], person.attribute = Phone(TWO), THREE
        await sleep(seconds)

    bench.clock.sleep = meddling  # type: ignore[method-assign]  # the one moment between write and look
    finished = await sweeper.approve(run, "create")
    assert bench.mobile(person) == TWO
    assert dict(finished.tally.codes) == {Code.CHANGED_SINCE_PLAN.value: 1}


async def test_kinds_that_were_not_approved_are_planned_again(sweeper: Sweeper) -> None:
    """A changed sweep sees a user once: what was left out of an approval is owed to the next."""
    bench = sweeper.bench
    new, moved = bench.person(None), bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(3600)
    bench.control.patch_person(new.upn, attribute=ONE)
    bench.control.patch_person(moved.upn, attribute=TWO)
    run = await sweeper.sweep()
    assert (run.kind, dict(run.tally.planned)) == (RunKind.CHANGED, {"create": 1, "update": 1})
    await sweeper.approve(run, "create")
    bench.clock.advance(3600)
    again = await sweeper.sweep()
    assert (again.kind, dict(again.tally.planned)) == (RunKind.CHANGED, {"update": 1})


async def test_what_is_left_alone_is_not_called_already_applied(sweeper: Sweeper) -> None:
    """The attribute went empty after the plan was shown: kept, with the phone that is there."""
    bench = sweeper.bench
    bench.configure(SWEEP_EMPTY="keep")
    person = bench.person(ONE, TWO)
    run = await sweeper.sweep()
    person.attribute = None
    finished = await sweeper.approve(run)
    page = await bench.worker.runs.page(run, 0)
    assert page is not None
    assert (page.changes[0].outcome, page.changes[0].notes) == ("kept", ())
    assert dict(finished.tally.outcomes) == {"kept": 1}


async def test_a_row_shows_the_phone_that_is_there_and_not_the_one_that_was_planned(bench: Bench) -> None:
    """Attribute and phone both went away between the plan and its turn."""
    person = bench.person(ONE, TWO)
    accepted = await bench.push([{"Id": person.id}], headers=ASYNC)
    sweeper = Sweeper(bench)
    run = await sweeper.until_applying(accepted.nudge)
    person.attribute = None
    del person.phones["mobile"]
    await sweeper.drive(Nudge(run.id, run.step))
    line = (await polled(bench, run.id)).body["results"][0]
    assert (line["outcome"], line["phone"]) == ("unchanged", None)


async def test_an_approved_plan_is_not_refused_by_the_limits_it_was_approved_over(sweeper: Sweeper) -> None:
    """Also not where one of its writes is looked at again and made a second time."""
    bench = sweeper.bench
    bench.configure(MAX_UPDATES="1")
    people = [bench.person(ONE, TWO) for _ in range(3)]
    run = await sweeper.sweep()
    assert run.over == ("update",)
    bench.control.fault(status=504, method="PATCH", path=people[0].id, applies_to="item")
    finished = await sweeper.approve(run)
    assert dict(finished.tally.outcomes) == {"updated": 3}
