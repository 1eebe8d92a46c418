"""Sweeps over the real wire and the real storage: planned, guarded, held, approved, applied."""

from __future__ import annotations

import pytest

from dev.tenant.people import Phone
from mfa_sync.runs import lifecycle
from mfa_sync.runs.run import RunKind, State
from mfa_sync.runs.step import Nudge
from tests.wire.sweeping import Sweeper

ONE, TWO = "+46701740611", "+46701740622"


async def test_without_the_right_to_the_audit_log_every_sweep_is_a_full_one_and_says_so(
    sweeper: Sweeper,
) -> None:
    """A missing right is no 502: changes of phones are found by looking at everybody."""
    sweeper.bench.control.switch(signed_in_roles=["Privileged Authentication Administrator"])
    person = sweeper.bench.person(ONE, ONE)
    await sweeper.settled()
    sweeper.bench.clock.advance(3600)
    person.phones["mobile"] = Phone(TWO)
    run = await sweeper.sweep(apply=True)
    assert (run.kind, run.state, sweeper.bench.mobile(person)) == (RunKind.FULL, State.FINISHED, ONE)
    assert "audit log" in run.detail


async def test_a_first_sweep_is_held_and_shows_what_it_would_do(sweeper: Sweeper) -> None:
    """Nothing is written before somebody has seen it: population unknown, and plan mode."""
    bench = sweeper.bench
    new, other, same = bench.person(ONE), bench.person(ONE, TWO), bench.person(ONE, ONE)
    run = await sweeper.sweep()
    assert (run.state, run.kind) == (State.HELD, RunKind.FULL)
    assert dict(run.tally.planned) == {"create": 1, "update": 1}
    assert any("population" in reason for reason in run.held_for)
    assert bench.writes() == []
    page = await bench.worker.runs.page(run, 0)
    assert page is not None
    assert {one.id: (one.kind, one.before, one.after) for one in page.changes} == {
        new.id: ("create", None, "+46 *******11"),
        other.id: ("update", "+46 *******22", "+46 *******11"),
    }
    assert same.id not in page.dump()


async def test_an_approved_plan_is_applied_and_nothing_else(sweeper: Sweeper) -> None:
    """What was shown is written; who changed since is left to the next sweep."""
    bench = sweeper.bench
    new, moved, done = bench.person(ONE), bench.person(ONE, TWO), bench.person(ONE, TWO)
    run = await sweeper.sweep()
    moved.attribute = "+46701740633"
    done.phones["mobile"] = Phone(ONE)
    late = bench.person(ONE)
    finished = await sweeper.approve(run)
    assert finished.state is State.FINISHED
    assert dict(finished.tally.outcomes) == {"created": 1, "failed": 1, "unchanged": 1}
    assert dict(finished.tally.codes) == {"changedSincePlan": 1}
    assert [bench.mobile(one) for one in (new, moved, done, late)] == [ONE, TWO, ONE, None]


async def test_an_approval_may_name_kinds(sweeper: Sweeper) -> None:
    """Creates and updates go on, deletes do not."""
    bench = sweeper.bench
    bench.configure(EMPTY_GRACE_DAYS="0")
    new, emptied = bench.person(ONE), bench.person(None, TWO)
    run = await sweeper.sweep()
    assert dict(run.tally.planned) == {"create": 1, "delete": 1}
    finished = await sweeper.approve(run, "create", "update")
    assert dict(finished.tally.codes) == {"discarded": 1}
    assert (bench.mobile(new), bench.mobile(emptied)) == (ONE, TWO)


async def test_within_the_limits_a_sweep_goes_on_by_itself(sweeper: Sweeper) -> None:
    """SWEEP_MODE=apply, once the population is known."""
    bench = sweeper.bench
    people = [bench.person(ONE, ONE) for _ in range(20)]
    await sweeper.settled()
    bench.clock.advance(3600)
    people[0].phones["mobile"] = Phone(TWO)
    run = await sweeper.sweep(RunKind.FULL, apply=True)
    assert (run.state, dict(run.tally.outcomes)) == (State.FINISHED, {"updated": 1})
    assert bench.mobile(people[0]) == ONE


async def test_trap_8_an_emptied_column_is_held_and_deletes_nothing(sweeper: Sweeper) -> None:
    """The disaster that this program must not make worse."""
    bench = sweeper.bench
    bench.configure(EMPTY_GRACE_DAYS="0", MAX_DELETES="20")
    people = [bench.person(ONE, ONE) for _ in range(60)]
    await sweeper.settled()
    for person in people:
        person.attribute = None
    run = await sweeper.sweep(RunKind.FULL, apply=True)
    assert run.state is State.HELD
    assert run.held_for == ("60 changes are over MAX_DELETES=20.",)
    assert {bench.mobile(person) for person in people} == {ONE}


async def test_trap_8_a_sweep_deletes_only_after_days_of_emptiness(sweeper: Sweeper) -> None:
    """One night's empty column costs nobody a phone, and a filled one starts anew."""
    bench = sweeper.bench
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    person.attribute = None
    for _ in range(3):
        run = await sweeper.sweep(RunKind.FULL, apply=True)
        assert (run.state, bench.mobile(person)) == (State.FINISHED, ONE)
        bench.clock.advance(86_400)
    person.attribute = ONE
    await sweeper.sweep(RunKind.FULL, apply=True)
    person.attribute = None
    await sweeper.sweep(RunKind.FULL, apply=True)
    assert bench.mobile(person) == ONE
    for outcomes in ({}, {}, {"deleted": 1}):
        bench.clock.advance(86_400)
        run = await sweeper.sweep(RunKind.FULL, apply=True)
        assert dict(run.tally.outcomes) == outcomes
    assert bench.mobile(person) is None


async def test_days_without_a_sweep_are_no_days_of_emptiness(sweeper: Sweeper) -> None:
    """What was in between is not known: perhaps the attribute was filled."""
    bench = sweeper.bench
    bench.configure(FULL_SWEEP_EVERY_DAYS="30")
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    person.attribute = None
    for _ in range(3):
        await sweeper.sweep(RunKind.FULL, apply=True)
        bench.clock.advance(4 * 86_400)
    assert bench.mobile(person) == ONE


async def test_a_changed_sweep_reads_who_changed_and_nobody_else(sweeper: Sweeper) -> None:
    """Delta for the attribute, the audit log for the phone: cost follows changes."""
    bench = sweeper.bench
    people = [bench.person(ONE, ONE) for _ in range(60)]
    await sweeper.settled()
    bench.clock.advance(3600)
    bench.control.patch_person(people[0].upn, attribute=TWO)
    bench.control.patch_person(people[1].upn, phones={"mobile": {"number": TWO}})
    bench.clock.advance(1800)
    run = await sweeper.sweep(apply=True)
    assert (run.kind, run.state) == (RunKind.CHANGED, State.FINISHED)
    assert run.tally.users == 2
    assert [bench.mobile(person) for person in people[:2]] == [TWO, ONE]


async def test_an_old_delta_token_makes_a_full_sweep(sweeper: Sweeper) -> None:
    """Tokens die after seven days; then everybody is looked at, and the run says so."""
    bench = sweeper.bench
    bench.configure(FULL_SWEEP_EVERY_DAYS="30")
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(8 * 86_400)
    person.phones["mobile"] = Phone(TWO)
    run = await sweeper.sweep(apply=True)
    assert (run.kind, run.state, bench.mobile(person)) == (RunKind.FULL, State.FINISHED, ONE)
    assert "token" in run.detail


async def test_trap_19_a_sweep_that_does_not_finish_moves_no_link(sweeper: Sweeper) -> None:
    """What its round told is told once more: a link kept before the work was done would lose them."""
    bench = sweeper.bench
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(3600)
    bench.control.patch_person(person.upn, attribute=TWO)
    run = await lifecycle.start(sweeper.tools, None, apply=True)
    assert (await sweeper.until_applying(Nudge(run.id, 0))).tally.planned == {"update": 1}
    await sweeper.stop(run.id)
    bench.clock.advance(60)
    again = await sweeper.sweep(apply=True)
    assert (again.kind, dict(again.tally.outcomes), bench.mobile(person)) == (
        RunKind.CHANGED,
        {"updated": 1},
        TWO,
    )


async def test_who_failed_is_owed_to_the_next_sweep(sweeper: Sweeper) -> None:
    """Nothing else would bring them back: neither delta nor audit log knows of our failure."""
    bench = sweeper.bench
    person = bench.person(ONE, ONE)
    await sweeper.settled()
    bench.clock.advance(3600)
    bench.control.patch_person(person.upn, attribute=TWO)
    bench.control.fault(status=500, method="PATCH", path=person.id, applies_to="item", times=2)
    failed = await sweeper.sweep(apply=True)
    assert dict(failed.tally.outcomes) == {"failed": 1}
    bench.clock.advance(3600)
    run = await sweeper.sweep(apply=True)
    assert (run.kind, dict(run.tally.outcomes), bench.mobile(person)) == (
        RunKind.CHANGED,
        {"updated": 1},
        TWO,
    )


async def test_no_page_and_no_head_holds_a_number(sweeper: Sweeper) -> None:
    """Neither desired nor observed, in no spelling."""
    bench = sweeper.bench
    bench.person(ONE), bench.person(ONE, TWO), bench.person("070-174 06 33")
    run = await sweeper.sweep()
    page = await bench.worker.runs.page(run, 0)
    assert page is not None
    text = page.dump() + (await sweeper.run(run.id)).dump()
    assert not any(digits in text for digits in ("701740611", "701740622", "174 06", "1740633"))


async def test_a_sweep_tells_whose_phone_a_stranger_changed(
    sweeper: Sweeper, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where its plan is held: the security officer need not wait for an approval."""
    bench = sweeper.bench
    person = bench.person(ONE, ONE)
    other = bench.person(ONE, ONE)
    person.phones.clear()
    await bench.one(person)
    await sweeper.settled()
    bench.clock.advance(3600)
    person.phones["mobile"] = Phone(TWO)
    caplog.clear()
    assert (await sweeper.sweep(RunKind.FULL)).state is State.HELD
    told = [
        getattr(one, "facts", {})["user"]
        for one in caplog.records
        if getattr(one, "event", "") == "phone.changedOutside"
    ]
    assert told == [person.id]
    assert other.id not in told
