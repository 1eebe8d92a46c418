"""Whose number is registered: the attribute's, unless a setting says otherwise; and never one for all."""

from __future__ import annotations

import json
import logging

import pytest

from dev.tenant.people import Phone
from mfa_sync.runs import lifecycle
from mfa_sync.runs.run import RunKind
from mfa_sync.runs.shared_numbers import refuse_shared
from mfa_sync.runs.step import Nudge, take
from tests.wire.bench import Bench
from tests.wire.operating import Operator
from tests.wire.sweeping import ASYNC, Sweeper, polled

ONE, TWO, THREE = "+46701740611", "+46701740622", "+46701740633"
RECEPTION = "+46701740699"


async def test_a_callers_number_ends_with_its_setting(sweeper: Sweeper) -> None:
    """Kept while ALLOW_PAYLOAD_NUMBER says so; without it sweeps look at the attribute again."""
    bench = sweeper.bench
    bench.configure(ALLOW_PAYLOAD_NUMBER="true")
    person = bench.person(ONE)
    await bench.push([{"Id": person.id, "Mobile": TWO}])
    bench.clock.advance(3600)
    await sweeper.sweep(RunKind.FULL, apply=True)
    assert bench.mobile(person) == TWO
    bench.configure(ALLOW_PAYLOAD_NUMBER="false")
    bench.clock.advance(3600)
    held = await sweeper.sweep(apply=False)
    assert held.tally.planned == {"update": 1}
    await sweeper.approve(held)
    assert bench.mobile(person) == ONE


async def test_a_callers_number_hides_no_change_by_somebody_else(
    sweeper: Sweeper, caplog: pytest.LogCaptureFixture
) -> None:
    """What is registered is no longer what the caller chose: that is told, and the attribute counts."""
    caplog.set_level(logging.INFO)
    bench = sweeper.bench
    bench.configure(ALLOW_PAYLOAD_NUMBER="true")
    person = bench.person(ONE)
    await bench.push([{"Id": person.id, "Mobile": TWO}])
    bench.clock.advance(3600)
    person.phones["mobile"] = Phone(THREE)
    held = await sweeper.sweep(RunKind.FULL)
    told = [one for one in caplog.messages if one.startswith("phone.changedOutside ")]
    assert [json.loads(one.partition(" ")[2])["user"] for one in told] == [person.id]
    await sweeper.approve(held)
    assert bench.mobile(person) == ONE


async def test_an_outside_change_is_told_before_a_sweep_leaves_a_fresh_write_alone(
    sweeper: Sweeper, caplog: pytest.LogCaptureFixture
) -> None:
    """Whom we wrote minutes ago is left for the next sweep, and what was seen is said now."""
    caplog.set_level(logging.INFO)
    bench = sweeper.bench
    person = bench.person(ONE)
    await bench.push([{"Id": person.id}])
    bench.clock.advance(300)
    person.phones["mobile"] = Phone(THREE)
    assert (await sweeper.sweep(RunKind.FULL)).tally.planned == {}
    assert any(one.startswith("phone.changedOutside ") for one in caplog.messages)


async def test_an_outside_change_is_told_while_an_empty_attribute_has_its_grace(
    sweeper: Sweeper, caplog: pytest.LogCaptureFixture
) -> None:
    """That nothing is deleted yet is no reason to keep still."""
    caplog.set_level(logging.INFO)
    bench = sweeper.bench
    person = bench.person(ONE)
    await bench.push([{"Id": person.id}])
    bench.clock.advance(3600)
    person.attribute, person.phones["mobile"] = None, Phone(THREE)
    await sweeper.sweep(RunKind.FULL)
    assert any(one.startswith("phone.changedOutside ") for one in caplog.messages)


@pytest.mark.parametrize(
    ("regions", "location", "outcome"),
    [
        ("", "NO", "created"),
        ("SE, NO", "NO", "created"),
        ("SE", "NO", "refused"),
        ("SE", None, "refused"),
    ],
)
async def test_only_named_regions_are_taken_from_usage_locations(
    bench: Bench, regions: str, location: str | None, outcome: str
) -> None:
    """A location outside the list reads no national number, not even by the default region."""
    default = {} if location is None else {"PHONE_DEFAULT_REGION": "SE"}
    bench.configure(PHONE_REGION_FROM_USAGE_LOCATION="true", PHONE_REGIONS=regions, **default)
    person = bench.person("406 12 345", usage_location=location)
    assert (await bench.one(person))["outcome"] == outcome
    assert bench.mobile(person) == ("+4740612345" if outcome == "created" else None)


@pytest.mark.parametrize("query", [{}, {"dryRun": "true"}])
async def test_a_push_gives_one_number_to_few(bench: Bench, query: dict[str, str]) -> None:
    """A reception's number in a feed makes one phone everybody's second factor: none of those is written."""
    bench.configure(MAX_USERS_PER_NUMBER="5")
    many = [bench.person(RECEPTION, TWO if index % 2 else None) for index in range(6)]
    few = [bench.person(ONE) for _ in range(5)]
    emptied = bench.person(None, TWO)
    answer = await bench.push([{"Id": one.id} for one in (*many, *few, emptied)], query)
    lines = answer.body["results"]
    assert [(one["outcome"], one["code"]) for one in lines[:6]] == [("refused", "sharedNumber")] * 6
    assert {one["outcome"] for one in lines[6:11]} == {"created"}
    assert lines[11]["outcome"] == "deleted"
    assert len(bench.writes()) == (0 if query else 6)
    assert "MAX_USERS_PER_NUMBER=5" in lines[0]["detail"]


async def test_who_has_the_number_already_is_not_counted(bench: Bench) -> None:
    """The plan's changes alone are: nobody reads a whole tenant for a push."""
    bench.configure(MAX_USERS_PER_NUMBER="5")
    people = [bench.person(RECEPTION, RECEPTION) for _ in range(9)] + [bench.person(RECEPTION)]
    answer = await bench.push([{"Id": one.id} for one in people])
    assert answer.body["summary"]["created"] == 1


async def test_a_big_push_counts_over_all_its_slices(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three in each of two slices are six; every row says why, and the others are written."""
    monkeypatch.setattr("mfa_sync.runs.push_run._SLICE", 4)
    bench.configure(MAX_USERS_PER_NUMBER="5")
    many = [bench.person(RECEPTION) for _ in range(6)]
    others = [bench.person(ONE), bench.person(TWO)]
    rows = [{"Id": one.id} for one in (*many[:3], others[0], *many[3:], others[1])]
    begun = await bench.push(rows, headers=ASYNC)
    run = await Sweeper(bench).drive(begun.nudge)
    assert (run.state, run.tally.refused, run.tally.outcomes) == (
        "finished",
        {"sharedNumber": 6},
        {"created": 2},
    )
    answer = await polled(bench, run.id)
    codes = [(one["outcome"], one["code"]) for one in answer.body["results"]]
    assert codes.count(("refused", "sharedNumber")) == 6
    assert codes[3] == codes[7] == ("created", None)
    assert [bench.mobile(one) for one in many] == [None] * 6


async def test_a_sweep_counts_over_all_pages_and_shows_whom_it_refuses(
    sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judged before anybody may approve: what is shown and what the digest covers is without them."""
    monkeypatch.setattr("mfa_sync.runs.sweep._CHANGES_A_PAGE", 2)
    bench = sweeper.bench
    bench.configure(MAX_USERS_PER_NUMBER="5", EMPTY_GRACE_DAYS="0")
    many = [bench.person(RECEPTION, TWO if index % 2 else None) for index in range(6)]
    one, emptied = bench.person(ONE), bench.person(None, THREE)
    operator = Operator(bench)
    run = await operator.held()
    assert run["counts"]["planned"] == {"create": 1, "delete": 1}
    assert run["counts"]["refused"]["sharedNumber"] == 6
    pages = [(await operator.read(run["id"], page=str(page))).body for page in range(run["pages"])]
    refused = [each for page in pages for each in page["refusals"]]
    assert {(each["id"], each["code"]) for each in refused} == {(each.id, "sharedNumber") for each in many}
    assert {each["id"] for page in pages for each in page["changes"]} == {one.id, emptied.id}
    approved = await operator.decide("approve", run["id"], digest=run["digest"])
    done = await sweeper.drive(approved.nudge)
    assert done.tally.outcomes == {"created": 1, "deleted": 1}
    assert {bench.mobile(each) for each in many} == {None, TWO}
    # When the others' source is corrected, the rest is written, though nothing of theirs has changed.
    bench.clock.advance(3600)
    many[0].attribute = ONE
    again = await sweeper.sweep(RunKind.CHANGED)
    assert sum(again.tally.planned.values()) == 6


async def test_a_guard_that_died_before_its_end_comes_to_the_same_again(sweeper: Sweeper) -> None:
    """Pages were written anew and the head was not: it still names the former ones."""
    bench = sweeper.bench
    bench.configure(MAX_USERS_PER_NUMBER="5")
    for number in (*[RECEPTION] * 6, ONE):
        bench.person(number)
    run = await lifecycle.start(bench.worker, RunKind.FULL, apply=True)
    nudge: Nudge | None = Nudge(run.id, run.step)
    while nudge and (await sweeper.run(run.id)).cursor is not None:
        nudge = await take(nudge, bench.worker)
    planned = await sweeper.run(run.id)
    assert planned.tally.planned == {"create": 7}
    died, again = [await refuse_shared(planned, bench.worker) for _ in range(2)]
    assert again == died
    assert again.tally.planned == {"create": 1}
    page = await bench.worker.runs.page(again, 0)
    assert page
    assert (len(page.changes), len(page.refusals)) == (1, 6)


async def test_no_note_of_a_run_tells_a_number_or_whose_it_is(sweeper: Sweeper) -> None:
    """What is counted is a keyed fingerprint."""
    bench = sweeper.bench
    for _ in range(6):
        bench.person(RECEPTION)
    run = await sweeper.sweep(RunKind.FULL)
    notes = await bench.worker.runs.note(run.id, f"numbers/{run.digests[0]}") or []
    assert len(set(notes)) == 1
    assert len(notes) == 6
    assert not any(digits in json.dumps(notes) for digits in (RECEPTION[1:], RECEPTION[3:]))
