"""Ids that name no run: the storage is not asked for them."""

from __future__ import annotations

import pytest

from dev.memory.blobs import MemoryBlobs
from dev.memory.table import MemoryTable
from mfa_sync.runs.store import RunStore

STAMP = "20200101T000000Z"


@pytest.mark.parametrize(
    "run_id",
    [
        "",
        "x",
        STAMP,
        f"{STAMP}-push-",
        f"{STAMP}-push-\x00",
        f"{STAMP}-push-\\",
        f"{STAMP}-push-#",
        f"{STAMP}-push-?",
        f"{STAMP}-push-/",
        f"{STAMP}-push-{'a' * 1500}",
        f"{STAMP}-pushö",
        "20201301T000000Z-push-0a",
    ],
)
async def test_an_id_that_cannot_be_a_key_names_no_run(run_id: str) -> None:
    """Azure refuses such keys (400): that would be taken for a storage that is down, for ten seconds by all.

    Source of what a key may hold: "Understanding the Table service data model".
    """
    table = MemoryTable()
    table.down = True  # whoever asks it is told so
    assert await RunStore(table, MemoryBlobs()).get(run_id) is None
