"""What befalls one row: a refusal, a lost answer, time that is over. The others never notice."""

from __future__ import annotations

import pytest

from dev.tenant.people import Phone
from shared.codes import Code
from shared.guard import Limit
from shared.outcome import Outcome
from tests.wire.bench import Bench

ONE = "+46701740611"


async def test_throttled_items_alone_are_repeated_after_what_they_ask(bench: Bench) -> None:
    """Retry-After per item; the others are not sent again."""
    people = [bench.person(ONE, ONE) for _ in range(4)]
    bench.control.fault(status=429, method="GET", applies_to="item", times=2, headers={"Retry-After": "7"})
    before = bench.clock.monotonic()
    answer = await bench.push([{"Id": person.id} for person in people])
    assert answer.body["summary"]["unchanged"] == 4
    assert [len(entry["items"]) for entry in bench.calls("graph.microsoft.com")] == [8, 2]
    assert bench.clock.monotonic() - before >= 7


async def test_the_deadline_leaves_rows_for_another_call(bench: Bench) -> None:
    """A caller who waits no longer gets an answer in time: nothing is lost, nothing claimed."""
    people = [bench.person(ONE), bench.person(ONE)]
    bench.control.fault(
        status=429,
        method="POST",
        path="phoneMethods",
        applies_to="item",
        times=9,
        headers={"Retry-After": "200"},
    )
    answer = await bench.push([{"Id": person.id} for person in people])
    assert answer.status == 503
    assert {line["code"] for line in answer.body["results"]} == {"throttled"}


async def test_one_bad_user_never_stops_the_others(bench: Bench) -> None:
    """A 404 and a 500 beside a good row."""
    good, sick = bench.person(ONE), bench.person(ONE)
    bench.control.fault(status=500, method="GET", path=sick.id, applies_to="item", times=99)
    answer = await bench.push([{"Id": good.id}, {"UserPrincipalName": "nobody@contoso.com"}, {"Id": sick.id}])
    assert answer.status == 207
    assert [line["code"] for line in answer.body["results"]] == [None, "userNotFound", "unavailable"]


async def test_trap_23_the_answers_of_a_batch_find_their_rows_in_any_order(bench: Bench) -> None:
    """Outer 200 says nothing of the items, and only their ids say whose they are: they differ in any case."""
    people = [bench.person(ONE, None if number % 2 else ONE) for number in range(20)]
    for person in people[::3]:
        person.refuse_access = True
    answer = await bench.push([{"Id": person.id} for person in people])
    assert [line["id"] for line in answer.body["results"]] == [person.id for person in people]
    assert [line["code"] or line["outcome"] for line in answer.body["results"]] == [
        "targetOutOfReach" if number % 3 == 0 else "created" if number % 2 else "unchanged"
        for number in range(20)
    ]
    for call in bench.calls("graph.microsoft.com"):
        ids = [item["id"].casefold() for item in call.get("items", [])]
        assert len(set(ids)) == len(ids)


async def test_methods_that_cannot_be_listed_stop_the_delete(bench: Bench) -> None:
    """All methods are listed before a delete; without the list nobody is left without a factor."""
    person = bench.person(None, ONE)
    bench.control.fault(status=403, method="GET", path="authentication/methods$", applies_to="item")
    line = await bench.one(person)
    assert (line["code"], bench.mobile(person)) == ("targetOutOfReach", ONE)
    bench.control.fault(
        status=200, method="GET", path="authentication/methods$", applies_to="item", body="empty"
    )
    assert (await bench.one(person))["code"] == "unavailable"


async def test_a_user_deleted_in_mid_call_is_not_found(bench: Bench) -> None:
    """The second look finds nobody."""
    person = bench.person(ONE)
    made = await bench.planned(person)
    bench.tenant.state.remove_person(person)
    bench.control.fault(status=504, method="POST", path="phoneMethods", applies_to="item")
    assert [result.code for result in await bench.applied(made)] == [Code.USER_NOT_FOUND]


async def test_a_directory_that_dies_after_a_write_costs_an_answer_and_no_truth(bench: Bench) -> None:
    """What is written is written: no 503 without results, and the doubtful row says so."""
    doubtful, good = bench.person(ONE), bench.person(ONE)
    bench.control.fault(status=504, method="POST", path=doubtful.id, applies_to="item", after_commit=True)
    bench.control.fault(status=503, method="GET", path=doubtful.id, applies_to="item", skip=2, times=99)
    answer = await bench.push([{"Id": doubtful.id}, {"Id": good.id}])
    assert [line["code"] for line in answer.body["results"]] == ["outcomeUnknown", None]


async def test_a_second_look_never_deletes(bench: Bench) -> None:
    """A delete that the plan did not hold has passed neither guard nor last-factor rule."""
    person = bench.person(ONE)
    made = await bench.planned(person)
    person.phones, person.attribute = {"mobile": Phone("+46701740622")}, None
    results = await bench.applied(made)
    assert [result.code for result in results] == [Code.CHANGED_SINCE_PLAN]
    assert bench.mobile(person) == "+46701740622"


async def test_a_number_that_graph_rejects_is_refused(bench: Bench) -> None:
    """400 on an update: what is registered stays."""
    person = bench.person(ONE, "+46701740622")
    bench.control.fault(status=400, method="PATCH", path="phoneMethods", applies_to="item")
    line = await bench.one(person)
    assert (line["code"], bench.mobile(person)) == ("writeRejected", "+46701740622")


async def test_a_delete_that_finds_nothing_has_what_it_wanted(bench: Bench) -> None:
    """404 on DELETE counts as done."""
    person = bench.person(None, ONE)
    made = await bench.planned(person)
    person.phones = {}
    assert [result.outcome for result in await bench.applied(made)] == [Outcome.DELETED]


async def test_time_that_is_over_leaves_rows_unattempted(bench: Bench) -> None:
    """Nothing is sent after the deadline, and nothing is claimed."""
    person = bench.person(ONE)
    await bench.one(bench.person(ONE, ONE))
    made = await bench.planned(person, seconds=30)
    bench.clock.advance(31)
    assert [result.code for result in await bench.applied(made)] == [Code.NOT_ATTEMPTED]
    assert bench.writes() == []


async def test_a_caller_who_does_not_wait_gets_every_row_unattempted(bench: Bench) -> None:
    """Prefer: wait=0 is no fault of Graph's: a result for each row, and nothing written."""
    people = [bench.person(ONE), bench.person(ONE)]
    answer = await bench.push([{"Id": person.id} for person in people], headers={"prefer": "wait=0"})
    assert (answer.status, [line["code"] for line in answer.body["results"]]) == (503, ["notAttempted"] * 2)
    assert bench.writes() == []


@pytest.mark.parametrize("body", ["html", "empty", "json"])
async def test_trap_23_a_batch_answer_of_another_shape_is_no_success(bench: Bench, body: str) -> None:
    """Outer 200 without a list of responses: never an OK for a user who was not synced."""
    person = bench.person(ONE)
    bench.control.fault(
        status=200, body=body, path=r"/\$batch", applies_to="call", host="graph.*", skip=1, times=99
    )
    line = await bench.one(person)
    assert (line["code"], bench.mobile(person)) == ("outcomeUnknown", None)


async def test_a_stop_after_a_write_keeps_what_was_written(bench: Bench) -> None:
    """502 says that nothing was written: once something was, each row tells its own truth."""
    done, throttled = bench.person(ONE), bench.person(ONE)
    await bench.one(bench.person(ONE, ONE))
    bench.control.fault(
        status=429, method="POST", path=throttled.id, applies_to="item", headers={"Retry-After": "1"}
    )
    bench.control.fault(status=403, path=r"/\$batch", applies_to="call", host="graph.*", skip=2, times=9)
    answer = await bench.push([{"Id": done.id}, {"Id": throttled.id}])
    assert [line["code"] for line in answer.body["results"]] == [None, "throttled"]
    assert (bench.mobile(done), bench.mobile(throttled)) == (ONE, None)


async def test_contradictory_rows_are_refused_though_one_cannot_be_read(bench: Bench) -> None:
    """Judged by object id: the phone methods by one key fail, the person is known all the same."""
    person = bench.person(None, ONE)
    bench.control.fault(
        status=500, method="GET", path=f"{person.upn}/authentication", applies_to="item", times=99
    )
    rows = [{"UserPrincipalName": person.upn, "OverwriteNull": 0}, {"Id": person.id, "OverwriteNull": 1}]
    answer = await bench.push(rows)
    assert {line["code"] for line in answer.body["results"]} == {"contradictoryRows"}
    assert bench.mobile(person) == ONE


async def test_a_upn_names_one_person_and_no_lookalike(bench: Bench) -> None:
    """Case folding would make "straße" another person."""
    bench.configure(ALLOW_PAYLOAD_NUMBER="true")
    lookalike = bench.person(None, ONE, upn="strasse@contoso.com")
    answer = await bench.push([{"UserPrincipalName": "straße@contoso.com", "Mobile": "+46701740622"}])
    assert answer.body["results"][0]["code"] == "userNotFound"
    assert bench.mobile(lookalike) == ONE


async def test_what_is_decided_anew_passes_the_guard_too(bench: Bench) -> None:
    """A create that finds a phone becomes an update, and updates have a limit."""
    person = bench.person(ONE)
    made = await bench.planned(person)
    person.phones = {"mobile": Phone("+46701740622")}
    results = await bench.applied(made, update=Limit("MAX_UPDATES", 0, 10))
    assert [result.code for result in results] == [Code.LIMIT_REACHED]


async def test_an_items_401_renews_the_token_and_repeats_that_item(bench: Bench) -> None:
    """It was not carried out, and it is nobody's default method."""
    person = bench.person(None, ONE)
    bench.control.fault(status=401, method="DELETE", applies_to="item")
    assert (await bench.one(person))["outcome"] == "deleted"
