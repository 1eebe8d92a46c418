"""Who changed, as users/delta names them."""

from __future__ import annotations

from typing import Any

import pytest

from dev.tenant.people import Person, Phone
from tests.wire.bench import Bench
from tests.wire.changes import changed, page_of, round_of, start
from tests.wire.twisting import twisting

ONE, TWO = "+46701740611", "+46701740622"
GRAPH = "graph.microsoft.com"


async def test_from_now_on_costs_one_call_and_tells_of_nobody(bench: Bench) -> None:
    """A million users are not read to learn where they stand."""
    bench.control.switch(delta_page_size=2)
    link = await start(bench)
    assert len(bench.calls(GRAPH)) == 1
    assert await changed(bench, link) == set()


@pytest.mark.parametrize(
    "change",
    [
        {"attribute": TWO},
        {"attribute": None},
        {"enabled": False},
        {"user_type": "Guest"},
        {"usage_location": "NO"},
        {"on_premises_sync_enabled": None},
        {"upn": "married@contoso.com"},
    ],
)
async def test_whoever_changes_in_what_decides_is_told(bench: Bench, change: dict[str, Any]) -> None:
    """Each property that scope and plan look at is followed, an emptied attribute too."""
    person = bench.person(ONE)
    link = await start(bench)
    bench.control.patch_person(person.id, **change)
    assert await changed(bench, link) == {person.id}


async def test_the_time_of_the_last_synchronisation_is_no_change(bench: Bench) -> None:
    """Following it would bring back whoever was synchronised, however often and with nothing new."""
    person = bench.person(ONE)
    link = await start(bench)
    bench.control.patch_person(person.id, on_premises_last_sync="2026-11-24T05:30:00Z")
    assert await changed(bench, link) == set()


async def test_trap_20_a_changed_phone_is_not_told(bench: Bench) -> None:
    """Authentication methods are no part of the user: this is what the audit log is read for."""
    person = bench.person(ONE, ONE)
    link = await start(bench)
    bench.control.patch_person(person.id, phones={"mobile": TWO})
    assert await changed(bench, link) == set()


async def test_a_new_user_is_told_and_the_next_round_begins_after_the_last(bench: Bench) -> None:
    """The last page's delta link; a link is text and serves another worker as well."""
    link = await start(bench)
    first = bench.person(ONE)
    pages = await round_of(bench, link)
    second = bench.person(TWO)
    bench.configure()
    assert pages[-1].value == [first.id]
    assert pages[-1].delta_link
    assert await changed(bench, pages[-1].delta_link) == {second.id}


@pytest.mark.parametrize("restorable", [True, False])
async def test_trap_19_whoever_is_gone_is_dropped(bench: Bench, *, restorable: bool) -> None:
    """`@removed` for good or restorably: there is nothing to sync, and reading them would only say so."""
    gone, changing = bench.person(ONE), bench.person(ONE)
    link = await start(bench)
    bench.control.remove_person(gone.id, restorable=restorable)
    bench.control.patch_person(changing.id, attribute=TWO)
    assert await changed(bench, link) == {changing.id}


async def test_whoever_was_restored_is_there_again(bench: Bench) -> None:
    """They come back as ordinary entries."""
    person = bench.person(ONE)
    link = await start(bench)
    bench.control.remove_person(person.id, restorable=True)
    bench.control.restore_person(person.id)
    assert await changed(bench, link) == {person.id}


async def test_the_last_word_on_a_user_counts(bench: Bench) -> None:
    """The same object may come repeatedly on one page, changed first and gone then, or the other way."""
    wire, link = twisting(bench), await start(bench)
    there, gone = {"id": "A", "userType": "Member"}, {"id": "A", "@removed": {"reason": "changed"}}
    wire.twist = lambda body: body.update({"value": [there, gone, {"id": "B", "@removed": {}}, {"id": "b"}]})
    assert (await page_of(bench, link)).value == ["b"]


async def test_trap_19_an_empty_page_does_not_end_the_round(bench: Bench) -> None:
    """Graph may send pages with nobody on them that have a next link."""
    bench.control.switch(delta_empty_every=1, delta_page_size=2)
    link = await start(bench)
    people = [bench.person(ONE) for _ in range(5)]
    pages = await round_of(bench, link)
    assert [len(page.value) for page in pages] == [0, 2, 0, 2, 0, 1]
    assert {user_id for page in pages for user_id in page.value} == {person.id for person in people}
    assert [page.delta_link is not None for page in pages] == [False] * 5 + [True]


async def test_trap_19_repeats_on_a_page_are_one(bench: Bench) -> None:
    """Applied idempotently: one user is not read twice because Graph said it twice."""
    bench.control.switch(delta_repeats=3)
    link = await start(bench)
    people = [bench.person(ONE) for _ in range(4)]
    assert sorted((await page_of(bench, link)).value) == sorted(person.id for person in people)


async def test_a_replay_of_a_former_round_is_told_again(bench: Bench) -> None:
    """It costs a read; what must not happen is that it hides somebody."""
    link = await start(bench)
    former = bench.person(ONE)
    following = (await page_of(bench, link)).delta_link
    bench.control.switch(delta_replays=1)
    current = bench.person(TWO)
    assert following
    assert await changed(bench, following) == {former.id, current.id}


async def test_nothing_but_ids_comes_out(bench: Bench) -> None:
    """Attributes are in the answers: they are read afresh, and never kept from here."""
    link = await start(bench)
    bench.tenant.state.add_person(
        Person("0" * 36, "x@contoso.com", attribute=ONE, phones={"mobile": Phone(ONE)})
    )
    assert ONE[-6:] not in repr(await page_of(bench, link))
