"""Writes whose answer does not say whether they took effect: read back, patiently, then decided."""

from __future__ import annotations

from typing import Any

import pytest

from dev.tenant.people import Phone
from shared.codes import Code
from shared.errors import PermanentError
from tests.wire.bench import Bench

ONE, TWO = "+46701740611", "+46701740622"
BEFORE, AFTER = {"status": 504}, {"status": 504, "after_commit": True}
CREATE, UPDATE, DELETE = (ONE, None), (ONE, TWO), (None, TWO)
METHODS = {CREATE: "POST", UPDATE: "PATCH", DELETE: "DELETE"}


@pytest.mark.parametrize("view", ["full", "masked"])
@pytest.mark.parametrize("lag", [0.0, 5.0])
@pytest.mark.parametrize(
    ("before", "fault", "outcome", "writes"),
    [
        (CREATE, BEFORE, "created", {"full": ["POST", "POST"], "masked": ["POST", "POST"]}),
        (CREATE, AFTER, "created", {"full": ["POST"], "masked": ["POST", "PATCH"]}),
        (UPDATE, BEFORE, "updated", {"full": ["PATCH", "PATCH"], "masked": ["PATCH", "PATCH"]}),
        (UPDATE, AFTER, "updated", {"full": ["PATCH"], "masked": ["PATCH", "PATCH"]}),
        (DELETE, BEFORE, "deleted", {"full": ["DELETE", "DELETE"], "masked": ["DELETE", "DELETE"]}),
        (DELETE, AFTER, "deleted", {"full": ["DELETE"], "masked": ["DELETE"]}),
    ],
    ids=["create-not", "create-done", "update-not", "update-done", "delete-not", "delete-done"],
)
async def test_traps_11_and_25_a_504_is_read_back_before_anything_is_repeated(
    bench: Bench,
    view: str,
    lag: float,
    before: tuple[str | None, str | None],
    fault: dict[str, Any],
    outcome: str,
    writes: dict[str, list[str]],
) -> None:
    """Not repeated if it took effect; under a mask an idempotent write ends the doubt."""
    bench.control.switch(number_view=view, write_lag=lag)
    person = bench.person(*before)
    bench.control.fault(**fault, method=METHODS[before], path=person.id, applies_to="item")
    line = await bench.one(person)
    # Under a mask the second write is an assert, and an assert is reported as an update.
    expected = "updated" if writes[view] == ["POST", "PATCH"] else outcome
    assert (line["outcome"], line["code"], bench.mobile(person)) == (expected, None, before[0])
    assert [method for method, _ in bench.writes()] == writes[view]


@pytest.mark.parametrize("committed", [False, True])
async def test_a_connection_reset_under_a_batch_of_writes_is_such_a_fate_for_each(
    bench: Bench, *, committed: bool
) -> None:
    """None of twenty is blindly repeated, and none is lost."""
    people = [bench.person(ONE, None if number % 2 else TWO) for number in range(20)]
    await bench.one(bench.person(ONE, ONE))
    bench.control.fault(reset=True, path=r"\$batch", skip=2, after_commit=committed)
    answer = await bench.push([{"Id": person.id} for person in people])
    assert answer.status == 200
    assert {bench.mobile(person) for person in people} == {ONE}
    assert len(bench.writes()) == 20 if committed else len(bench.writes()) >= 20


@pytest.mark.parametrize(
    ("view", "written", "outcome", "code", "notes", "after"),
    [
        ("full", True, "created", None, ["smsSignInTaken"], ONE),
        ("full", False, "refused", "phoneNumberNotUnique", [], None),
        ("masked", True, "refused", "phoneNumberNotUnique", [], ONE),
        ("masked", False, "refused", "phoneNumberNotUnique", [], None),
    ],
    ids=["seen", "not-seen", "hidden", "hidden-not"],
)
@pytest.mark.parametrize("lag", [0.0, 5.0])
async def test_trap_7_a_409_is_neither_failure_nor_success(
    bench: Bench,
    lag: float,
    view: str,
    written: bool,  # noqa: FBT001  a row of the table
    outcome: str,
    code: str | None,
    notes: list[str],
    after: str | None,
) -> None:
    """It is read back; under a mask nothing can be proved, and the answer says so."""
    bench.control.switch(
        number_view=view, write_lag=lag, conflict_writes_number=written, sms_sign_in_policy=True
    )
    bench.person(ONE, ONE).phones["mobile"] = Phone(ONE, "ready")
    person = bench.person(ONE)
    line = await bench.one(person)
    assert (line["outcome"], line["code"], line["notes"]) == (outcome, code, notes)
    assert bench.mobile(person) == after
    assert ("masked" in line["detail"]) is (view == "masked" and written) if line["detail"] else True
    assert [method for method, _ in bench.writes()] == ["POST"]


async def test_trap_6_a_phone_that_exists_after_all_is_updated(bench: Bench) -> None:
    """Somebody registered one since the plan: the POST is refused, and what is there is looked at."""
    person = bench.person(ONE)
    made = await bench.planned(person)
    person.phones["mobile"] = Phone(TWO)
    results = await bench.applied(made)
    assert [result.outcome.value for result in results] == ["updated"]
    assert bench.mobile(person) == ONE


async def test_what_stays_unknown_says_so(bench: Bench) -> None:
    """Every answer is lost: the row is outcomeUnknown, and the next call finds out."""
    person = bench.person(ONE)
    bench.control.fault(status=504, method="POST", path=person.id, applies_to="item", times=2)
    line = await bench.one(person)
    assert (line["outcome"], line["code"], line["retryable"]) == ("failed", "outcomeUnknown", True)
    assert (await bench.one(person))["outcome"] == "created"


async def test_trap_40_patience_ends_with_the_calls_time(bench: Bench) -> None:
    """A caller who waits three seconds gets an answer in three seconds."""
    person = bench.person(ONE)
    bench.control.fault(status=504, method="POST", path=person.id, applies_to="item", times=9)
    start = bench.clock.monotonic()
    answer = await bench.push([{"Id": person.id}], headers={"prefer": "wait=3"})
    assert answer.body["results"][0]["code"] == "outcomeUnknown"
    assert bench.clock.monotonic() - start <= 3


async def test_attributes_that_nobody_has_are_a_right_that_we_lack(bench: Bench) -> None:
    """Absent is not empty: three first users without the attribute are no users' fault."""
    people = [bench.person(None, ONE, attribute_returned=False) for _ in range(3)]
    with pytest.raises(PermanentError, match="graphRefused"):
        await bench.push([{"Id": person.id} for person in people])
    await bench.one(bench.person(ONE, ONE))
    answer = await bench.push([{"Id": person.id} for person in people])
    assert {line["code"] for line in answer.body["results"]} == {"attributeNotReturned"}
    assert {bench.mobile(person) for person in people} == {ONE}


async def test_who_is_settled_by_the_first_look_waits_for_no_second(bench: Bench) -> None:
    """Patience is for the doubtful alone."""
    person = bench.person(ONE)
    await bench.one(bench.person(ONE, ONE))
    bench.control.fault(**AFTER, method="POST", path=person.id, applies_to="item")
    start = bench.clock.monotonic()
    assert (await bench.one(person))["outcome"] == "created"
    assert bench.clock.monotonic() == start


async def test_a_repeated_write_that_is_not_made_leaves_the_first_counted(bench: Bench) -> None:
    """The first may have taken effect: too many counted is safe, too few is not."""
    bench.configure(MAX_UPDATES="1")
    bench.control.switch(write_lag=60.0)
    person, other = bench.person(ONE, TWO), bench.person(ONE, TWO)
    bench.control.fault(**AFTER, method="PATCH", path=person.id, applies_to="item")
    bench.control.fault(status=403, method="PATCH", path=person.id, applies_to="item")
    await bench.one(person)
    assert bench.mobile(person) == ONE
    assert (await bench.one(other))["code"] == "limitReached"


@pytest.mark.parametrize("status", [403, 400])
@pytest.mark.parametrize(("attribute", "method"), [(ONE, "PATCH"), (None, "DELETE")])
async def test_a_second_write_that_is_not_made_does_not_hide_the_first(
    bench: Bench, attribute: str | None, method: str, status: int
) -> None:
    """The first may have taken effect, whatever Graph says to the second."""
    bench.control.switch(write_lag=60.0)
    person = bench.person(attribute, TWO)
    bench.control.fault(**AFTER, method=method, path=person.id, applies_to="item")
    bench.control.fault(status=status, method=method, path=person.id, applies_to="item", times=9)
    assert (await bench.one(person))["code"] == "outcomeUnknown"
    assert bench.mobile(person) == attribute


async def test_a_first_write_that_comes_late_is_the_one_that_did_it(bench: Bench) -> None:
    """Nobody sees it at first, so it is sent again, and Graph says that the phone exists."""
    bench.control.switch(write_lag=16.0)  # a second longer than it is looked for
    person = bench.person(ONE)
    bench.control.fault(**AFTER, method="POST", path=person.id, applies_to="item")
    line = await bench.one(person)
    assert (line["outcome"], line["code"], bench.mobile(person)) == ("created", None, ONE)
    assert [method for method, _ in bench.writes()] == ["POST", "POST"]


async def test_what_is_decided_anew_and_stays_unknown_says_so(bench: Bench) -> None:
    """A phone exists after all, and nobody hears whether the update took effect; a mask proves nothing."""
    bench.control.switch(number_view="masked")
    person = bench.person(ONE)
    made = await bench.planned(person)
    person.phones["mobile"] = Phone(TWO)
    bench.control.fault(**AFTER, method="PATCH", path=person.id, applies_to="item")
    results = await bench.applied(made)
    assert [result.code for result in results] == [Code.OUTCOME_UNKNOWN]
    assert bench.mobile(person) == ONE
