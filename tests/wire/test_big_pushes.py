"""Pushes of many rows: 202, a run, and a result for each row at its end."""

from __future__ import annotations

from typing import Any

import pytest

from dev.tenant import sample
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.api.push import poll
from mfa_sync.api.worker import Call
from mfa_sync.runs import step
from tests.answering import Read, read
from tests.wire.bench import Bench
from tests.wire.sweeping import Sweeper

ONE, TWO = "+46701740611", "+46701740622"


async def polled(bench: Bench, run_id: str) -> Read:
    """Return what a caller reads now."""
    return read(await poll(Call(bench.worker, {"message": sample.HANDSHAKE}, {}, b"", run_id)))


async def done(bench: Bench, rows: list[dict[str, Any]], **headers: str) -> Read:
    """Send a push, let its run go on to its end, and return what a caller reads then."""
    accepted = await bench.push(rows, headers=headers)
    assert accepted.status == 202
    run_id = accepted.body["runId"]
    assert accepted.headers["Location"] == f"/api/mfa-sync/{run_id}"
    assert (await polled(bench, run_id)).status == 202
    await Sweeper(bench).drive(accepted.nudge)
    return await polled(bench, run_id)


async def test_trap_40_many_rows_are_a_run_with_a_result_for_each(bench: Bench) -> None:
    """In the rows' order, with everything that an inline push would say."""
    bench.configure(MAX_CREATES="1000")
    people = [bench.person(ONE, None if number % 2 else ONE) for number in range(450)]
    rows = [{"Id": person.id, "Reference": str(number)} for number, person in enumerate(people)]
    rows.append({"UserPrincipalName": "nobody@contoso.com", "Reference": "450"})
    answer = await done(bench, rows)
    assert answer.status == 207
    assert answer.body["summary"] | {} == {
        "created": 225, "updated": 0, "deleted": 0, "unchanged": 225, "kept": 0, "refused": 1, "failed": 0,
    }  # fmt: skip
    assert [line["row"] for line in answer.body["results"]] == list(range(451))
    assert [line["reference"] for line in answer.body["results"]] == [str(number) for number in range(451)]
    assert answer.body["results"][450]["code"] == "userNotFound"
    assert {bench.mobile(person) for person in people} == {ONE}
    assert answer.body["results"][1]["phone"] == "+46 *******11"


async def test_rows_of_one_person_far_apart_are_one_wish_or_a_contradiction(bench: Bench) -> None:
    """Judged by object id over the whole call, and nobody who is contradicted is written."""
    same, torn = bench.person(ONE), bench.person(None, TWO)
    rows: list[dict[str, Any]] = [{"Id": same.id}, {"Id": torn.id, "OverwriteNull": 1}]
    rows += [{"Id": bench.person(ONE, ONE).id} for _ in range(250)]
    rows += [{"UserPrincipalName": same.upn}, {"UserPrincipalName": torn.upn, "OverwriteNull": 0}]
    lines = (await done(bench, rows)).body["results"]
    assert [lines[at]["outcome"] for at in (0, 252)] == ["created", "created"]
    assert [lines[at]["code"] for at in (1, 253)] == ["contradictoryRows"] * 2
    assert (bench.mobile(same), bench.mobile(torn)) == (ONE, TWO)


async def test_a_caller_may_ask_for_a_run_and_its_expectations_are_kept_as_fingerprints(bench: Bench) -> None:
    """Prefer: respond-async. No number of the rows lies in storage."""
    met, unmet, wrong = bench.person(ONE), bench.person(ONE), bench.person(ONE)
    rows = [
        {"Id": met.id, "Mobile": ONE},
        {"Id": unmet.id, "Mobile": TWO},
        {"Id": wrong.id, "Mobile": "070-1740611"},
    ]
    accepted = await bench.push(rows, headers={"prefer": "respond-async"})
    begun = await bench.worker.runs.get(accepted.body["runId"])
    assert begun
    kept = str(await bench.worker.runs.sealed(begun.run.id, "rows", begun.run.seal("rows")))
    assert not any(digits in kept for digits in ("1740611", "1740622"))
    await Sweeper(bench).drive(accepted.nudge)
    lines = (await polled(bench, accepted.body["runId"])).body["results"]
    assert [line["code"] for line in lines] == [None, "sourceNotYetSynced", "invalidPhoneNumber"]
    assert [bench.mobile(person) for person in (met, unmet, wrong)] == [ONE, None, None]


async def test_a_payload_number_is_never_kept(bench: Bench) -> None:
    """Where it may be the source, many rows with it are refused."""
    bench.configure(ALLOW_PAYLOAD_NUMBER="true")
    with pytest.raises(RequestError, match="invalidRequest"):
        await bench.push([{"Id": bench.person(ONE).id, "Mobile": TWO}], headers={"prefer": "respond-async"})


async def test_a_push_over_a_limit_is_held_as_a_whole_and_can_be_approved(bench: Bench) -> None:
    """A held run is final for the caller, until somebody lets it go on."""
    bench.configure(MAX_CREATES="1")
    people = [bench.person(ONE) for _ in range(3)]
    accepted = await bench.push([{"Id": person.id} for person in people], headers={"prefer": "respond-async"})
    sweeper = Sweeper(bench)
    held = await sweeper.drive(accepted.nudge)
    answer = await polled(bench, held.id)
    assert (answer.status, {line["code"] for line in answer.body["results"]}) == (422, {"awaitingApproval"})
    assert {bench.mobile(person) for person in people} == {None}
    await sweeper.approve(held)
    answer = await polled(bench, held.id)
    assert (answer.status, {bench.mobile(person) for person in people}) == (200, {ONE})


@pytest.mark.parametrize(
    ("settings", "query", "code"), [({"PUSH_MODE": "plan"}, {}, "planOnly"), ({}, {"dryRun": "true"}, None)]
)
async def test_plans_and_dry_runs_write_nothing(
    bench: Bench, settings: dict[str, str], query: dict[str, str], code: str | None
) -> None:
    """A run of many rows as well."""
    bench.configure(**settings)
    person = bench.person(ONE)
    accepted = await bench.push([{"Id": person.id}], query, headers={"prefer": "respond-async"})
    await Sweeper(bench).drive(accepted.nudge)
    answer = await polled(bench, accepted.body["runId"])
    assert (answer.body["results"][0]["code"], answer.body["dryRun"]) == (code, bool(query))
    assert bench.writes() == []


async def test_the_same_key_gives_the_same_run(bench: Bench) -> None:
    """Idempotency-Key over a 202."""
    rows = [{"Id": bench.person(ONE).id}]
    first = await bench.push(rows, headers={"prefer": "respond-async", "idempotency-key": "k"})
    second = await bench.push(rows, headers={"prefer": "respond-async", "idempotency-key": "k"})
    assert second.body == first.body
    assert len(await bench.worker.runs.newest(None, 10)) == 1


async def test_an_inline_push_leaves_a_record_and_can_be_looked_up(bench: Bench) -> None:
    """Runs tell of everything that was written, and the caller may ask again."""
    person = bench.person(ONE)
    answer = await bench.push([{"Id": person.id}])
    (run,) = await bench.worker.runs.newest(None, 10)
    assert (run.id, dict(run.tally.outcomes)) == (answer.body["runId"], {"created": 1})
    assert (await polled(bench, run.id)).body == answer.body
    page = await bench.worker.runs.page(run, 0)
    assert page is not None
    assert [(one.id, one.outcome) for one in page.changes] == [(person.id, "created")]


async def test_looking_up_needs_the_handshake_and_an_id_that_exists(bench: Bench) -> None:
    """Same key, same handshake; a sweep is none of the caller's."""
    assert (await poll(Call(bench.worker, {}, {}, b"", "x"))).status == 401
    for unknown in ("x", "20261124T060000Z-push-00000000", "../../etc"):
        with pytest.raises(RequestError) as stopped:
            await polled(bench, unknown)
        assert stopped.value.status == 404


async def test_a_late_planner_leaves_the_lines_of_who_was_faster_alone(bench: Bench) -> None:
    """It stood still over its claim: what it found may be true no more, and is kept nowhere."""
    person = bench.person(ONE)
    accepted = await bench.push([{"Id": person.id}], headers={"prefer": "respond-async"})
    sweeper = Sweeper(bench)
    stored = await bench.worker.runs.get(accepted.body["runId"])
    assert stored is not None
    late = stored.run.claimed("late", bench.clock.now().timestamp(), 300)
    await sweeper.drive(accepted.nudge)
    bench.clock.advance(301)
    assert (await step._attempt(late, sweeper.tools)).step == late.step
    line = (await polled(bench, stored.run.id)).body["results"][0]
    assert (line["outcome"], line["code"]) == ("created", None)
