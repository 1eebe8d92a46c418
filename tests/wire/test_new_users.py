"""Users created moments ago, claims asked for by one item alone, and bad requests that say what they mean."""

from __future__ import annotations

import pytest

from dev.tenant import sample
from shared.errors import PermanentError
from tests.wire.bench import Bench
from tests.wire.sweeping import Sweeper

ONE = "+46701740611"
PATIENCE_SECONDS = 15
BAD_NUMBER = "The phone number is not in the format +{country code} {number}x{extension}."
EXISTS = "A phone authentication method of this type is already registered for the user."


@pytest.mark.parametrize("status", [404, 400])
async def test_a_user_whose_methods_are_not_there_yet_is_looked_at_again_within_the_call(
    bench: Bench, status: int
) -> None:
    """The directory knows them, the authentication methods need some seconds more."""
    bench.control.switch(methods_after_creation=6.0, methods_absent_status=status)
    assert (await bench.one(bench.person(ONE)))["outcome"] == "created"


@pytest.mark.parametrize("status", [404, 400])
async def test_a_user_whose_methods_do_not_come_is_unavailable_and_not_unknown(
    bench: Bench, status: int
) -> None:
    """Nobody is told to correct a key that is right: the row may be sent again."""
    bench.control.switch(methods_after_creation=600.0, methods_absent_status=status)
    new, settled = bench.person(ONE), bench.person(ONE)
    bench.tenant.state.created.pop(settled.id)
    answer = await bench.push([{"Id": new.id}, {"Id": settled.id}])
    new_line, settled_line = answer.body["results"]
    assert (new_line["outcome"], new_line["code"]) == ("failed", "unavailable")
    assert settled_line["outcome"] == "created"
    assert bench.clock.monotonic() <= PATIENCE_SECONDS


async def test_who_was_deleted_is_still_not_found(bench: Bench) -> None:
    """The directory itself says so; nothing is waited for."""
    person = bench.person(ONE)
    bench.tenant.state.remove_person(person)
    assert (await bench.one(person))["code"] == "userNotFound"
    assert bench.clock.monotonic() == 0.0


async def test_a_sweep_takes_a_new_user_too(bench: Bench, sweeper: Sweeper) -> None:
    """Listed a moment after they were made."""
    bench.control.switch(methods_after_creation=6.0)
    person = bench.person(ONE)
    await sweeper.approve(await sweeper.sweep(), "create")
    assert bench.mobile(person) == ONE


async def test_an_items_own_claims_challenge_is_answered(bench: Bench) -> None:
    """Continuous access evaluation in a batch: the call is fine, and one service wants another token."""
    bench.control.switch(claims_challenge_items=True)
    assert (await bench.one(bench.person(ONE)))["outcome"] == "created"
    tokens = [call for call in bench.calls("login.microsoftonline.com") if call["path"].endswith("/token")]
    assert len(tokens) == 2


async def test_a_limit_that_is_met_beside_the_challenge_is_not_called_a_fault(bench: Bench) -> None:
    """The new token is there, and its time is not: the first refusal was no answer."""
    bench.configure(SYNC_DEADLINE_SECONDS="10")
    bench.control.switch(claims_challenge_items=True, token_lifetime=400, directory_limit=15)
    rows = [{"Id": bench.person(ONE, ONE).id} for _ in range(25)]
    await bench.push(rows)  # the limit is known from now on
    bench.clock.advance(500)
    answer = await bench.push(rows)
    assert {line["code"] for line in answer.body["results"]} == {"notAttempted"}


async def test_a_refused_sign_in_is_told_where_an_item_wants_another_token(bench: Bench) -> None:
    """Continuous access evaluation, and MFA is demanded since: no row is told of a fault of Graph's."""
    person = bench.person(ONE)
    await bench.one(person)
    bench.control.switch(claims_challenge_items=True)
    bench.control.patch_account(sample.SERVICE_ACCOUNT, mfa_required=True)
    with pytest.raises(PermanentError, match="signInRefused"):
        await bench.push([{"Id": person.id}])


@pytest.mark.parametrize(
    ("message", "code", "least", "most"),
    [
        (BAD_NUMBER, "writeRejected", 0, 0),
        (EXISTS, "changedSincePlan", PATIENCE_SECONDS, PATIENCE_SECONDS),
        ("Something else.", "writeRejected", PATIENCE_SECONDS, PATIENCE_SECONDS),
    ],
    ids=["bad number", "exists, and is not seen", "unknown"],
)
async def test_a_bad_request_is_waited_for_as_far_as_its_text_leaves_open(
    bench: Bench, message: str, code: str, least: float, most: float
) -> None:
    """Who has a bad number hears so at once; "exists" is late, and no fault of the number's."""
    person = bench.person(ONE)
    bench.control.fault(
        status=400, method="POST", path="phoneMethods", applies_to="item", message=message, times=9
    )
    assert (await bench.one(person))["code"] == code
    assert least <= bench.clock.monotonic() <= most
