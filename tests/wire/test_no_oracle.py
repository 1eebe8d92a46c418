"""A right guess is answered otherwise than a wrong one, so guesses show; what is echoed holds no number."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from dev.tenant import sample
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.api.explain import explain
from mfa_sync.api.push import push
from mfa_sync.api.worker import Call
from tests.wire.bench import Bench
from tests.wire.operating import Operator
from tests.wire.sweeping import ASYNC, Sweeper, polled

ONE, TWO = "+46701740611", "+46701740622"
DIGITS = "701740611"


def mismatches(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the facts of each mismatch that was logged."""
    lines = [one for one in caplog.messages if one.startswith("mobile.mismatch ")]
    return [json.loads(one.partition(" ")[2]) for one in lines]


@pytest.mark.parametrize("key", ["Mobile", "mobile"])
async def test_explain_takes_no_mobile(bench: Bench, key: str) -> None:
    """Without a handshake nobody may guess numbers: the key is named, and what to do instead."""
    person = bench.person(ONE, ONE)
    body = json.dumps({"Id": person.id, key: ONE}).encode()
    with pytest.raises(RequestError) as caught:
        await explain(Call(bench.worker, {}, {}, body))
    (fault,) = caught.value.errors
    assert (caught.value.status, fault.pointer) == (422, "/Mobile")
    assert "dryRun" in fault.detail
    assert bench.calls("graph.microsoft.com") == []


@pytest.mark.parametrize("query", [{}, {"dryRun": "true"}])
async def test_every_mismatch_of_a_push_is_told_with_the_user(
    bench: Bench, query: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Also in a dry run: the object id, and neither number."""
    caplog.set_level(logging.INFO)
    wrong, right = bench.person(ONE, ONE), bench.person(TWO, TWO)
    rows = [{"Id": wrong.id, "Mobile": TWO}, {"Id": right.id, "Mobile": TWO}]
    answer = await bench.push(rows, query)
    assert answer.body["results"][0]["code"] == "sourceNotYetSynced"
    assert mismatches(caplog) == [{"run": answer.body["runId"], "user": wrong.id}]


async def test_every_mismatch_of_a_big_push_is_told(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Also of a user whose rows differ, each of which is a guess."""
    caplog.set_level(logging.INFO)
    wrong, twice = bench.person(ONE, ONE), bench.person(ONE, ONE)
    rows = [{"Id": wrong.id, "Mobile": TWO}, {"Id": twice.id, "Mobile": TWO}]
    begun = await bench.push(rows, headers=ASYNC)
    await Sweeper(bench).drive(begun.nudge)
    assert {one["user"] for one in mismatches(caplog)} == {wrong.id, twice.id}


@pytest.mark.parametrize("reference", ["+46 70 174 06 11", "0701740611", "call 070-174 06 11"])
async def test_a_reference_that_looks_like_a_number_is_refused(bench: Bench, reference: str) -> None:
    """It is kept and shown, as a reason is."""
    body = json.dumps([{"Id": bench.person(ONE).id, "Reference": reference}]).encode()
    with pytest.raises(RequestError) as caught:
        await push(Call(bench.worker, {"message": sample.HANDSHAKE}, {}, body))
    (fault,) = caught.value.errors
    assert fault.pointer == "/0/Reference"
    assert DIGITS not in str(caught.value.errors)
    assert bench.writes() == []


@pytest.mark.parametrize("reference", ["2026-11-24/17", "HR-0012345", "employee 4711", "INC0012345678"])
async def test_a_reference_that_is_none_is_echoed(bench: Bench, reference: str) -> None:
    """Tickets, dates and staff numbers are what it is for."""
    assert (await bench.one(bench.person(ONE), Reference=reference))["reference"] == reference


@pytest.mark.parametrize(
    "upn", [f"46{DIGITS}@contoso.com", f"+46{DIGITS}@contoso.com", f"0{DIGITS}@contoso.com"]
)
async def test_a_number_in_a_user_principal_name_is_masked_wherever_it_is_echoed(
    bench: Bench, upn: str, sweeper: Sweeper
) -> None:
    """In answers, explanations, plans, and of somebody whom nobody knows."""
    person = bench.person(ONE, upn=upn)
    operator = Operator(bench)
    held = await operator.held()
    unknown = f"46{DIGITS}@fabrikam.com"
    answers: list[Any] = [
        held,
        await bench.explain(person),
        (
            await bench.push([{"UserPrincipalName": upn}, {"UserPrincipalName": unknown}], {"dryRun": "true"})
        ).body,
    ]
    begun = await bench.push([{"UserPrincipalName": upn}, {"UserPrincipalName": unknown}], headers=ASYNC)
    await sweeper.drive(begun.nudge)
    assert begun.body is not None
    answers.append((await polled(bench, begun.body["runId"])).body)
    assert DIGITS not in json.dumps(answers)
    assert "11@contoso.com" in answers[2]["results"][0]["userPrincipalName"]
    assert answers[3]["results"][0]["outcome"] == "created"


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ({f"+46{DIGITS}": 1}, {}),
        ({f"46{DIGITS}": 1}, {}),
        ({}, {f"0{DIGITS}": "1"}),
        ({f"x{'y' * 75}+46{DIGITS}": 1}, {}),
    ],
)
async def test_a_number_in_a_name_that_nobody_knows_is_masked(
    bench: Bench, body: dict[str, int], query: dict[str, str]
) -> None:
    """A key of the body or of the query is told with its fault."""
    sent = json.dumps([{"Id": bench.person(ONE).id, **body}]).encode()
    with pytest.raises(RequestError) as caught:
        await push(Call(bench.worker, {"message": sample.HANDSHAKE}, query, sent))
    told = f"{caught.value.detail} {caught.value.errors}"
    assert "nknown" in told
    assert "70174" not in told
