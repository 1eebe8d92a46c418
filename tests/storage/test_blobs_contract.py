"""What all blobs do, those in Azure storage and those in memory."""

from __future__ import annotations

import asyncio

import pytest

from mfa_sync.storage.table import Blobs, StorageDownError

PAGE = "runs/20261124T020000Z-full/pages/0.json"
MEGABYTE = bytes(range(256)) * 4096


async def kept(blobs: Blobs, *names: str) -> list[str]:
    """Return those of the names under which there is something."""
    return [name for name in names if await blobs.get(name) is not None]


async def test_a_blob_that_is_not_there_is_none(blobs: Blobs) -> None:
    """Not finding is an answer and no fault, also in a container that nobody has made yet."""
    assert await blobs.get(PAGE) is None
    assert await blobs.get(PAGE) is None


async def test_the_first_write_makes_the_container_and_the_blob(blobs: Blobs) -> None:
    """A new app needs no preparation."""
    await blobs.put(PAGE, b"page")
    assert await blobs.get(PAGE) == b"page"


async def test_the_first_delete_finds_nothing(blobs: Blobs) -> None:
    """Forgetting a run that never had a page is no fault."""
    await blobs.delete("runs/")
    assert await blobs.get(PAGE) is None


@pytest.mark.parametrize(
    "name",
    [
        PAGE,
        "a",
        "a/b/c/d/e",
        "with space",
        "100%25",
        "q?a=b&c#d",
        'o\'neil+"quoted"',
        "<a>&amp;</a>",
        "Ångström/\U0001f4f1",
        "a" * 1024,
    ],
)
async def test_every_name_finds_its_own_blob_again(blobs: Blobs, name: str) -> None:
    """Reading, and deleting, for which names come back from a listing."""
    await blobs.put(name, name.encode())
    assert await blobs.get(name) == name.encode()
    await blobs.delete(name)
    assert await blobs.get(name) is None


async def test_names_differ_by_case_and_by_slashes(blobs: Blobs) -> None:
    """A slash is a character of the name: there are no folders that could be confused."""
    names = ["a/b", "A/b", "a/b/", "a//b", "ab"]
    for number, name in enumerate(names):
        await blobs.put(name, bytes([number]))
    assert [await blobs.get(name) for name in names] == [bytes([number]) for number in range(len(names))]
    assert await blobs.get("a") is None


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\r\n\xff\xfe", MEGABYTE], ids=["none", "nul", "raw", "1 MB"]
)
async def test_bytes_come_back_as_they_were(blobs: Blobs, data: bytes) -> None:
    """No text is made of them, and none is too few or many for us."""
    await blobs.put(PAGE, data)
    assert await blobs.get(PAGE) == data


async def test_a_write_replaces_the_whole_blob(blobs: Blobs) -> None:
    """Nothing of a longer one stays behind a shorter one."""
    await blobs.put(PAGE, MEGABYTE)
    await blobs.put(PAGE, b"short")
    assert await blobs.get(PAGE) == b"short"
    await blobs.put(PAGE, b"")
    assert await blobs.get(PAGE) == b""


async def test_what_is_deleted_is_what_begins_so_and_nothing_else(blobs: Blobs) -> None:
    """One run's pages go, and not those of a run whose id merely begins alike."""
    ours = ["runs/1/pages/0.json", "runs/1/pages/10.json", "runs/1/note.json", "runs/1/"]
    others = ["runs/10/pages/0.json", "runs/1", "runs/2/pages/0.json", "other/runs/1/a", "RUNS/1/a"]
    for name in ours + others:
        await blobs.put(name, b"x")
    await blobs.delete("runs/1/")
    assert await kept(blobs, *ours, *others) == others
    await blobs.delete("runs/1/")
    assert await kept(blobs, *ours, *others) == others


async def test_more_than_are_deleted_at_once_are_deleted(blobs: Blobs) -> None:
    """A large run has more pages than we send requests for at a time."""
    names = [f"runs/1/pages/{number}.json" for number in range(40)]
    await asyncio.gather(*(blobs.put(name, b"x") for name in names))
    await blobs.delete("runs/1/")
    assert await kept(blobs, *names) == []


async def test_a_blob_may_be_written_again_after_it_was_deleted(blobs: Blobs) -> None:
    """A run that is begun anew has the same names."""
    await blobs.put(PAGE, b"old")
    await blobs.delete(PAGE)
    await blobs.put(PAGE, b"new")
    assert await blobs.get(PAGE) == b"new"


async def test_a_blob_has_a_name(blobs: Blobs) -> None:
    """Bytes without one are kept nowhere, and least of all in silence."""
    with pytest.raises(StorageDownError):
        await blobs.put("", b"x")
