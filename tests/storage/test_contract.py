"""What every table does, the one in Azure storage and the one in memory."""

from __future__ import annotations

import asyncio

import pytest

from mfa_sync.storage.table import LostRaceError, StorageDownError, Table, Value, Write

P = "partition"


async def values_of(table: Table, key: str) -> dict[str, object] | None:
    """Return the columns of a row now; None if there is no such row."""
    row = await table.get(P, key)
    return dict(row.values) if row else None


async def test_a_row_that_is_not_there_is_none(table: Table) -> None:
    """Not finding is an answer and no fault, also in a table that nobody has made yet."""
    assert await table.get(P, "a") is None
    assert await table.get_many(P, ["a", "b"]) == {}
    assert await table.get_many(P, []) == {}
    assert await table.range(P, "a", "z") == []
    await table.delete(P, "a")


@pytest.mark.parametrize("etag", [None, "*"])
async def test_the_first_write_makes_the_table_and_the_row(table: Table, etag: str | None) -> None:
    """A new app needs no preparation."""
    written = await table.put(P, Write("a", {"n": 1}, etag))
    row = await table.get(P, "a")
    assert row is not None
    assert (row.key, dict(row.values), row.etag) == ("a", {"n": 1}, written)


async def test_the_first_write_of_many_makes_the_table(table: Table) -> None:
    """Also in a transaction."""
    assert set(await table.put_many(P, [Write("a", {}), Write("b", {}, None)])) == {"a", "b"}


async def test_every_kind_of_value_comes_back_as_it_was(table: Table) -> None:
    """Types too: a flag is no number, and a text that looks like a time stays one."""
    values: dict[str, Value] = {
        "text": "Ångström '\"\\ \n \U0001f4f1",
        "empty": "",
        "time": "2026-11-24T06:00:00Z",
        "small": 7,
        "negative": -1,
        "wide": 2**63 - 1,
        "lowest": -(2**63),
        "whole_float": 2.0,
        "float": 1795000000.123,
        "true": True,
        "false": False,
        "bytes": bytes(range(256)),
        "no_bytes": b"",
    }
    await table.put(P, Write("a", values))
    found = await values_of(table, "a")
    assert found == values
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in values.items()
    }


async def test_the_most_that_a_row_may_hold_comes_back(table: Table) -> None:
    """The documented limits of a column."""
    values: dict[str, Value] = {"text": "å" * 32_000, "bytes": b"\xff" * 65_536}
    await table.put(P, Write("a", values))
    assert await values_of(table, "a") == values


async def test_a_write_replaces_the_whole_row(table: Table) -> None:
    """A column that is left out is gone: no merge."""
    await table.put(P, Write("a", {"old": 1, "both": 1}))
    await table.put(P, Write("a", {"both": 2, "new": 2}))
    assert await values_of(table, "a") == {"both": 2, "new": 2}


async def test_a_row_that_must_be_new_is_not_written_over(table: Table) -> None:
    """Etag None: only the first of two comes through."""
    await table.put(P, Write("a", {"n": 1}, None))
    with pytest.raises(LostRaceError):
        await table.put(P, Write("a", {"n": 2}, None))
    assert await values_of(table, "a") == {"n": 1}


async def test_only_the_version_that_was_read_is_replaced(table: Table) -> None:
    """Every write gives a new version, and an older one is worth nothing."""
    first = await table.put(P, Write("a", {"n": 1}, None))
    second = await table.put(P, Write("a", {"n": 2}, first))
    assert first != second
    with pytest.raises(LostRaceError):
        await table.put(P, Write("a", {"n": 3}, first))
    assert await values_of(table, "a") == {"n": 2}
    await table.put(P, Write("a", {"n": 4}, second))
    assert await values_of(table, "a") == {"n": 4}


async def test_a_version_of_a_row_that_was_deleted_is_lost(table: Table) -> None:
    """Who comes too late does not bring the row back."""
    etag = await table.put(P, Write("a", {"n": 1}))
    await table.delete(P, "a")
    with pytest.raises(LostRaceError):
        await table.put(P, Write("a", {"n": 2}, etag))
    assert await table.put_many(P, [Write("a", {"n": 2}, etag)]) == {}
    assert await table.get(P, "a") is None


async def test_of_many_that_write_one_version_exactly_one_wins(table: Table) -> None:
    """This is what a counter and a claim rest on."""
    etag = await table.put(P, Write("a", {"n": 0}))
    outcomes = await asyncio.gather(
        *(table.put(P, Write("a", {"n": number}, etag)) for number in range(1, 21)), return_exceptions=True
    )
    won = [number for number, outcome in enumerate(outcomes, 1) if isinstance(outcome, str)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, LostRaceError)]
    assert (len(won), len(lost)) == (1, 19)
    assert await values_of(table, "a") == {"n": won[0]}


async def test_one_conflict_among_250_rows_keeps_no_other_from_being_written(table: Table) -> None:
    """More than a transaction holds, and one row that somebody else wrote: it alone is left out."""
    await table.put(P, Write("130", {"n": -1}))
    etags = await table.put_many(P, [Write(f"{number:03}", {"n": number}, None) for number in range(250)])
    assert set(etags) == {f"{number:03}" for number in range(250)} - {"130"}
    rows = await table.range(P, "", "~")
    assert [row.values["n"] for row in rows] == [-1 if number == 130 else number for number in range(250)]
    assert {row.key: row.etag for row in rows if row.key != "130"} == etags


async def test_many_writes_have_each_their_own_condition(table: Table) -> None:
    """New, of a version, whatever there is: mixed in one call."""
    old = await table.put(P, Write("stale", {"n": 1}))
    await table.put(P, Write("stale", {"n": 2}))
    known = await table.put(P, Write("known", {"n": 1}))
    await table.put(P, Write("any", {"n": 1}))
    writes = [
        Write("stale", {"n": 9}, old),
        Write("known", {"n": 9}, known),
        Write("any", {"n": 9}),
        Write("new", {"n": 9}, None),
    ]
    written = await table.put_many(P, writes)
    assert set(written) == {"known", "any", "new"}
    rows = await table.get_many(P, ["stale", "known", "any", "new", "none"])
    assert {key: row.values["n"] for key, row in rows.items()} == {"stale": 2, "known": 9, "any": 9, "new": 9}
    assert {key: rows[key].etag for key in written} == written


async def test_rows_too_large_together_are_written_all_the_same(table: Table) -> None:
    """A transaction holds 4 MiB, and a hundred rows may be more."""
    values = dict.fromkeys(("one", "two"), b"\xff" * 65_536)
    writes = [Write(f"{number:03}", values) for number in range(50)]
    assert len(await table.put_many(P, writes)) == 50
    assert await values_of(table, "049") == values


async def test_nothing_to_write_is_nothing_written(table: Table) -> None:
    """An empty call costs and changes nothing."""
    assert await table.put_many(P, []) == {}


async def test_a_row_is_deleted_once_and_again(table: Table) -> None:
    """Repeating a delete is no error."""
    await table.put(P, Write("a", {}))
    await table.delete(P, "a")
    await table.delete(P, "a")
    assert await table.get(P, "a") is None


async def test_only_the_version_that_was_read_is_deleted(table: Table) -> None:
    """What somebody else has written since stays."""
    first = await table.put(P, Write("a", {"n": 1}))
    second = await table.put(P, Write("a", {"n": 2}))
    with pytest.raises(LostRaceError):
        await table.delete(P, "a", first)
    assert await values_of(table, "a") == {"n": 2}
    await table.delete(P, "a", second)
    assert await table.get(P, "a") is None
    await table.delete(P, "a", second)


async def test_a_range_holds_its_first_key_and_not_its_last(table: Table) -> None:
    """Ranges that follow each other neither overlap nor leave a gap."""
    await table.put_many(P, [Write(key, {}) for key in ("a", "b", "b0", "c")])
    assert [row.key for row in await table.range(P, "a", "b")] == ["a"]
    assert [row.key for row in await table.range(P, "b", "c")] == ["b", "b0"]
    assert await table.range(P, "b", "b") == []


async def test_a_range_comes_in_the_order_of_its_keys_and_ends_at_the_most(table: Table) -> None:
    """In the order of characters, whatever the order of writing: newest first is a matter of the key."""
    keys = ["b", "A", "a", "10", "9", "Z"]
    for key in keys:
        await table.put(P, Write(key, {}))
    assert [row.key for row in await table.range(P, "", "~")] == ["10", "9", "A", "Z", "a", "b"]
    assert [row.key for row in await table.range(P, "", "~", 2)] == ["10", "9"]


async def test_a_range_goes_on_past_the_services_page(table: Table) -> None:
    """The service answers at most a thousand rows at a time."""
    await table.put_many(P, [Write(f"{number:04}", {}) for number in range(1050)])
    assert len(await table.range(P, "", "~")) == 1000
    assert len(await table.range(P, "", "~", 1020)) == 1020
    assert len(await table.range(P, "", "~", 5000)) == 1050


async def test_partitions_do_not_see_each_other(table: Table) -> None:
    """The same key in another partition is another row."""
    await table.put("one", Write("a", {"n": 1}))
    await table.put("two", Write("a", {"n": 2}, None))
    assert [dict(row.values) for row in await table.range("one", "", "~")] == [{"n": 1}]
    await table.delete("one", "a")
    assert await table.get("one", "a") is None
    assert await table.get("two", "a") is not None


async def test_a_quote_in_a_key_is_a_character_like_any_other(table: Table) -> None:
    """UPNs may hold one, and in a query it ends a text."""
    await table.put("o'neil", Write("d'arc' or 'a' eq 'a", {"n": 1}))
    await table.put("o'neil", Write("e", {"n": 2}))
    assert await table.get("o'neil", "d'arc' or 'a' eq 'a") is not None
    assert [row.key for row in await table.range("o'neil", "d'", "d'z")] == ["d'arc' or 'a' eq 'a"]


async def test_what_was_read_is_not_what_is_kept(table: Table) -> None:
    """Changing what a caller wrote or holds changes no row."""
    values: dict[str, int] = {"n": 1}
    await table.put(P, Write("a", values))
    values["n"] = 2
    assert await values_of(table, "a") == {"n": 1}


async def test_a_number_wider_than_64_bits_is_refused(table: Table) -> None:
    """It would come back as another one. Where the fault lies is not told apart: it is a row not kept."""
    with pytest.raises(StorageDownError):
        await table.put(P, Write("a", {"n": 2**63}))
