"""What a person sees is what the digest covers, and who has decided is somebody in particular."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from copy import replace
from typing import Any

import msgspec
import pytest

from dev.tenant.people import Phone
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.runs.run import RunKind
from shared.errors import Problem
from tests.wire.bench import Bench
from tests.wire.operating import Operator
from tests.wire.sweeping import Sweeper, polled

ONE, TWO, THREE = "+46701740611", "+46701740622", "+46701740633"
OID = "0b1c2d3e-0000-4000-8000-00000000005e"
OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"


async def blobs_of(bench: Bench, run_id: str) -> dict[str, dict[str, Any]]:
    """Return what a run keeps in blobs, by name."""
    store = bench.worker.runs._blobs
    names, _ = await store._names(f"runs/{run_id}/", None)  # type: ignore[attr-defined]
    return {name: json.loads(await store.get(name) or b"") for name in names}


async def altered(bench: Bench, run_id: str, part: str, alter: Callable[[Any], None]) -> None:
    """Alter what a run keeps under names that hold that part, as a writer of blobs could."""
    found = {name: what for name, what in (await blobs_of(bench, run_id)).items() if part in name}
    assert found
    for name, what in found.items():
        alter(what)
        await bench.worker.runs._blobs.put(name, json.dumps(what).encode())


def _after(page: Any) -> None:
    page["changes"][0]["after"] = "+46 *******99"


def _before(page: Any) -> None:
    page["changes"][0]["before"] = None


def _upn(page: Any) -> None:
    page["changes"][0]["upn"] = "somebody.else@contoso.com"


def _notes(page: Any) -> None:
    page["changes"][0]["notes"] = []


def _rule(page: Any) -> None:
    page["changes"][0]["rule"] = "another"


def _refusals(page: Any) -> None:
    page["refusals"] = []


def _owed(page: Any) -> None:
    page["owed"] = [OID]


@pytest.mark.parametrize("alter", [_after, _before, _upn, _notes, _rule, _refusals, _owed])
async def test_a_page_on_which_anything_shown_was_altered_is_none(
    sweeper: Sweeper, alter: Callable[[Any], None]
) -> None:
    """Neither shown nor applied: an approver would see something else than was planned."""
    bench = sweeper.bench
    person = bench.person(ONE)
    bench.person("no number")
    await bench.push([{"Id": person.id}])
    bench.clock.advance(3600)
    person.phones["mobile"] = Phone(THREE)
    operator = Operator(bench)
    run = await operator.held()
    assert run["changes"][0]["notes"] == ["changedOutside"]
    await altered(bench, run["id"], "/pages/", alter)
    with pytest.raises(RequestError) as caught:
        await operator.read(run["id"])
    assert caught.value.code is Problem.RUN_NOT_FOUND
    approved = await operator.decide("approve", run["id"], digest=run["digest"])
    assert (await sweeper.drive(approved.nudge)).state == "failed"
    assert bench.mobile(person) == THREE


async def test_an_applied_page_lies_under_the_digest_that_was_approved(sweeper: Sweeper) -> None:
    """What became of a change is no part of it, nor the notes of its end."""
    bench = sweeper.bench
    person = bench.person(ONE)
    await bench.push([{"Id": person.id}])
    bench.clock.advance(3600)
    person.phones["mobile"] = Phone(THREE)
    operator = Operator(bench)
    run = await operator.held()
    approved = await operator.decide("approve", run["id"], digest=run["digest"])
    await sweeper.drive(approved.nudge)
    done = (await operator.read(run["id"])).body
    assert (done["digest"], done["changes"][0]["outcome"]) == (run["digest"], "updated")


async def test_the_digest_covers_why_a_plan_is_held_and_by_which_limits(sweeper: Sweeper) -> None:
    """The same changes held for another reason are another thing to approve."""
    bench = sweeper.bench
    bench.person(ONE)
    digests = []
    for most in ("500", "400"):
        bench.configure(MAX_CREATES=most)
        run = await sweeper.sweep(RunKind.FULL)
        digests.append(run.digest)
        bench.clock.advance(1)
    assert digests[0] != digests[1]


async def test_a_held_plan_of_a_former_version_can_be_approved(sweeper: Sweeper) -> None:
    """Its pages say less under their digest, and lie under that."""
    bench = sweeper.bench
    person = bench.person(ONE)
    operator = Operator(bench)
    run = await operator.held()
    await as_of_a_former_version(bench, run["id"])
    seen = (await operator.read(run["id"])).body
    approved = await operator.decide("approve", run["id"], digest=seen["digest"])
    assert (await sweeper.drive(approved.nudge)).state == "finished"
    assert bench.mobile(person) == ONE


async def as_of_a_former_version(bench: Bench, run_id: str) -> None:
    """Rewrite a run as the version before would have kept it."""
    store = bench.worker.runs
    stored = await store.get(run_id)
    assert stored
    run, digest, digests = stored.run, "", []
    for number in range(run.pages):
        page = await store.page(run, number)
        assert page
        what = [[one.id, one.kind, one.desired, one.observed] for one in page.changes]
        own = hashlib.sha256(json.dumps([page.key, what]).encode()).hexdigest()
        kept = json.loads(page.dump())
        kept.pop("covers", None)
        await store._blobs.put(f"runs/{run_id}/pages/{number}-{own[:16]}.json", json.dumps(kept).encode())
        digest = hashlib.sha256(f"{digest}\n{own}".encode()).hexdigest()
        digests.append(own[:16])
    note = await store.sealed(run_id, "next", run.seal("next"))
    await store.put_note(run_id, "next", note)
    former = replace(run, digest=digest, digests=tuple(digests), seals=msgspec.UNSET)
    await store.replace(stored, former)


async def test_a_stored_answer_that_was_altered_is_not_shown(bench: Bench) -> None:
    """What a caller reads is what the call was answered."""
    answer = await bench.push([{"Id": bench.person(ONE).id}])
    run_id = answer.body["runId"]
    assert (await polled(bench, run_id)).body == answer.body

    def alter(kept: Any) -> None:
        kept["body"]["results"][0]["phone"] = "+46 *******99"

    await altered(bench, run_id, "answer", alter)
    with pytest.raises(RequestError) as caught:
        await polled(bench, run_id)
    assert caught.value.code is Problem.RUN_NOT_FOUND


async def test_where_the_next_sweep_goes_on_is_what_the_last_one_kept(sweeper: Sweeper) -> None:
    """Altered, it is not believed: everybody is looked at."""
    bench = sweeper.bench
    person = bench.person(ONE)
    last = await sweeper.settled()
    bench.clock.advance(3600)
    person.attribute = TWO

    def alter(kept: Any) -> None:
        kept["owed"], kept["audit"] = [], "2026-12-24T00:00:00+00:00"

    await altered(bench, last.id, "/next", alter)
    again = await sweeper.sweep(RunKind.CHANGED)
    assert (again.kind, again.tally.planned) == ("full", {"update": 1})


def vouched(*claims: tuple[str, str], **more: Any) -> dict[str, str]:
    """Return the platform's headers for these claims, and beside them a name that anybody may send."""
    stated = [{"typ": typ, "val": val} for typ, val in (("roles", "Sync.Approve"), *claims)]
    document = {"auth_typ": "aad", "claims": stated, **more}
    return {
        "x-ms-client-principal": base64.b64encode(json.dumps(document).encode()).decode(),
        "x-ms-client-principal-name": "forged@contoso.com",
        "x-ms-client-principal-id": "forged",
    }


@pytest.mark.parametrize(
    ("claims", "by"),
    [
        (((OBJECT_ID, OID), ("preferred_username", "sue@contoso.com")), f"{OID} sue@contoso.com"),
        ((("oid", OID.upper()), ("name", "Sue")), f"{OID} Sue"),
        (((OBJECT_ID, OID),), OID),
        (((OBJECT_ID, OID), ("name", "Sue +46 70 174 06 11")), f"{OID} Sue +** ** *** ** 11"),
    ],
)
async def test_the_approver_is_recorded_by_object_id_and_name_of_the_vouched_document(
    sweeper: Sweeper, claims: tuple[tuple[str, str], ...], by: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A name can be changed and another header be forged; the object id is first, and always there."""
    caplog.set_level("INFO")
    bench = sweeper.bench
    bench.person(ONE)
    bench.configure(EASY_AUTH="true")
    operator = Operator(bench)
    run = await operator.held()
    approved = await operator.decide("approve", run["id"], vouched(*claims), digest=run["digest"])
    assert approved.body["decision"]["by"] == by
    assert "forged" not in caplog.text


@pytest.mark.parametrize("claims", [(), (("name", "Sue"),), ((OBJECT_ID, "nobody"),), ((OBJECT_ID, ""),)])
async def test_without_an_object_id_nobody_decides(
    sweeper: Sweeper, claims: tuple[tuple[str, str], ...]
) -> None:
    """The record must name somebody."""
    bench = sweeper.bench
    bench.person(ONE)
    bench.configure(EASY_AUTH="true")
    operator = Operator(bench)
    run = await operator.held()
    with pytest.raises(RequestError) as caught:
        await operator.decide("approve", run["id"], vouched(*claims), digest=run["digest"])
    assert (caught.value.status, caught.value.code) == (403, Problem.APPROVER_REFUSED)
