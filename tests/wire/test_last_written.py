"""What we last wrote, kept in the real storage: masks settled, strangers told of, nothing believed long."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any

import pytest

from dev.tenant.people import Person, Phone
from mfa_sync.graph.phone_methods import MOBILE_ID
from tests.wire.bench import Bench

ONE, TWO = "+46701740611", "+46701740622"
SAME_TAIL = "+46701749911"
KEY = "mfa-sync-fingerprint-key"


@pytest.fixture
def masked(bench: Bench) -> Bench:
    """A tenant that shows this program masked numbers only."""
    bench.control.switch(number_view="masked")
    return bench


async def rows_of(bench: Bench) -> Iterable[Any]:
    """Return every row in the storage's partition of phones."""
    return await bench.worker.table.range("phone", "0", "g")


async def test_trap_1_a_masked_number_is_written_once_and_then_remembered(masked: Bench) -> None:
    """Comparing with a mask would write everybody every night; two last digits would pass a wrong number."""
    person = masked.person(ONE, ONE)
    first, second = await masked.one(person), await masked.one(person)
    assert (first["outcome"], first["notes"]) == ("updated", ["asserted"])
    assert (second["outcome"], second["notes"]) == ("unchanged", ["fromMemory"])
    assert len(masked.writes()) == 1


async def test_a_thousand_masked_users_are_written_once(masked: Bench) -> None:
    """The second pass over everybody writes nothing."""
    masked.configure(SYNC_INLINE_MAX="1000")
    rows = [{"Id": masked.person(ONE, ONE).id} for _ in range(1000)]
    first = await masked.push(rows)
    assert first.body["summary"]["updated"] == len(masked.writes()) == 1000
    second = await masked.push(rows)
    assert second.body["summary"]["unchanged"] == 1000
    assert len(masked.writes()) == 1000


async def test_a_new_worker_remembers_too(masked: Bench) -> None:
    """The record lies in the storage: a cold start forgets nothing."""
    person = masked.person(ONE, None)
    await masked.one(person)
    masked.configure()
    assert (await masked.one(person))["notes"] == ["fromMemory"]


async def test_a_stranger_with_the_same_last_digits_stays_unseen_and_the_answer_says_on_what_it_rests(
    masked: Bench,
) -> None:
    """What is reported is what can be known: unchanged, from memory."""
    person = masked.person(ONE)
    await masked.one(person)
    masked.clock.advance(3600)
    person.phones["mobile"] = Phone(SAME_TAIL)
    line = await masked.one(person)
    assert (line["outcome"], line["notes"]) == ("unchanged", ["fromMemory"])


@pytest.mark.parametrize("view", ["masked", "full"])
async def test_a_strangers_number_is_corrected_and_reported(
    bench: Bench, view: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A security event: the observed number moved, and it was not us."""
    caplog.set_level(logging.INFO)
    bench.control.switch(number_view=view)
    person = bench.person(ONE)
    await bench.one(person)
    bench.clock.advance(3600)
    person.phones["mobile"] = Phone(TWO)
    line = await bench.one(person)
    assert (line["outcome"], line["notes"], bench.mobile(person)) == ("updated", ["changedOutside"], ONE)
    events = [record for record in caplog.records if getattr(record, "event", "") == "phone.changedOutside"]
    assert [record.levelname for record in events] == ["WARNING"]
    assert person.id in events[0].getMessage()


async def test_trap_11_a_late_read_accuses_nobody(bench: Bench) -> None:
    """The former number may still be shown for seconds after our own write."""
    bench.control.switch(write_lag=10.0)
    person = bench.person(ONE, TWO)
    await bench.one(person)
    assert "changedOutside" not in (await bench.one(person))["notes"]


async def test_a_crash_between_write_and_record_leaves_no_certainty(masked: Bench) -> None:
    """A pending row proves nothing: the next call writes once more, and confirms."""
    person = masked.person(ONE, ONE)
    made = await masked.planned(person)
    await masked._memory.begin(made.entries)
    masked.clock.advance(3600)
    assert (await masked.one(person))["notes"] == ["asserted"]
    assert (await masked.one(person))["notes"] == ["fromMemory"]


async def test_traps_41_and_47_two_writers_of_one_user_leave_no_certainty(masked: Bench) -> None:
    """Nobody knows whose write reached the tenant last."""
    person = masked.person(ONE, ONE)
    made = await masked.planned(person)
    await masked._memory.begin(made.entries)
    assert (await masked.one(person))["notes"] == ["asserted"]
    await masked._memory.settle([person.id], ())
    assert (await masked.one(person))["notes"] == ["asserted"]


async def test_a_write_that_was_not_made_leaves_the_former_certainty(masked: Bench) -> None:
    """Throttled or forbidden: what we knew before is still so."""
    person = masked.person(ONE)
    await masked.one(person)
    person.attribute = TWO
    masked.control.fault(status=403, method="PATCH", applies_to="item")
    assert (await masked.one(person))["code"] == "targetOutOfReach"
    person.attribute = ONE
    assert (await masked.one(person))["notes"] == ["fromMemory"]


async def test_a_rotated_key_still_reads_what_its_former_version_wrote(masked: Bench) -> None:
    """And a version that is gone makes no row, never a mismatch."""
    person = masked.person(ONE)
    await masked.one(person)
    masked.control.put_secret(KEY, "a-new-key-of-sixteen-bytes-and-more")
    masked.configure()
    assert (await masked.one(person))["notes"] == ["fromMemory"]
    masked.control.remove_secret(KEY)
    masked.control.put_secret(KEY, "a-wholly-new-key-of-sixteen-bytes")
    masked.configure()
    line = await masked.one(person)
    assert (line["outcome"], line["notes"]) == ("updated", ["asserted"])


async def test_a_key_that_is_gone_accuses_nobody(bench: Bench) -> None:
    """What it has printed is unknown: the number that stands there may well be our own."""
    person = bench.person(ONE)
    await bench.one(person)
    bench.clock.advance(3600)
    bench.control.remove_secret(KEY)
    bench.control.put_secret(KEY, "a-wholly-new-key-of-sixteen-bytes")
    bench.configure()
    person.attribute = TWO
    line = await bench.one(person)
    assert (line["outcome"], line["notes"], bench.mobile(person)) == ("updated", [], TWO)


async def test_without_a_key_the_sync_goes_on_and_says_so(masked: Bench) -> None:
    """A help is missing, not the truth."""
    masked.control.remove_secret(KEY)
    person = masked.person(ONE)
    line = await masked.one(person)
    assert (line["outcome"], line["notes"], masked.mobile(person)) == ("created", ["notRemembered"], ONE)


async def test_no_row_holds_a_number(bench: Bench) -> None:
    """Not in any spelling, and a user's fingerprint is not another's."""
    people = [bench.person(ONE), bench.person(ONE), bench.person(None, TWO)]
    await bench.push([{"Id": person.id} for person in people])
    rows = {row.key: row.values for row in await rows_of(bench)}
    assert {str(row["state"]) for row in rows.values()} == {"confirmed"}
    assert not any(digits in str(rows) for digits in (ONE[1:], ONE[3:], TWO[1:], TWO[3:], "70 174"))
    prints = [json.loads(str(rows[person.id]["what"]))["number"] for person in people]
    assert prints[0] != prints[1]
    assert prints[2] == ""


async def test_trap_13_the_method_id_is_no_key_without_its_user(bench: Bench) -> None:
    """It is the same for everybody: what is written and what is remembered goes by the user."""
    people = [bench.person(ONE, TWO), bench.person(TWO, ONE)]
    await bench.push([{"Id": person.id} for person in people])
    paths = {f"/users/{person.id}/authentication/phoneMethods/{MOBILE_ID}" for person in people}
    assert {url for _, url in bench.writes()} == paths
    assert {row.key for row in await rows_of(bench)} == {person.id for person in people}
    assert [bench.mobile(person) for person in people] == [ONE, TWO]


async def test_explain_says_what_a_code_means_unless_there_are_particulars(bench: Bench) -> None:
    """Either the one or the other, and nothing where nobody is refused."""
    meant = await bench.explain(bench.person(ONE, user_type="Guest"))
    assert (meant["code"], meant["detail"]) == ("guestExcluded", "The user is a guest.")
    particular = await bench.explain(bench.person("no number"))
    assert particular["detail"].startswith("extensionAttribute15: ")
    assert (await bench.explain(bench.person(ONE)))["detail"] is None


async def test_explain_tells_of_the_last_write(bench: Bench) -> None:
    """When, by which run, from where, and whether it was confirmed."""
    person: Person = bench.person(ONE)
    run = (await bench.push([{"Id": person.id}])).body["runId"]
    last = (await bench.explain(person))["lastWrite"]
    assert last == {
        "state": "confirmed",
        "kind": "create",
        "at": "2026-11-24T06:00:00+00:00",
        "run": run,
        "source": "extensionAttribute15",
    }
