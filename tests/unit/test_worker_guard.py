"""The guard of one call, whose population lies in the storage."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from dev.memory.blobs import MemoryBlobs
from dev.memory.table import MemoryTable
from dev.simulation import virtual_time
from dev.simulation.virtual_time import VirtualClock
from mfa_sync.api.worker import Worker
from mfa_sync.runs.store import RunStore
from mfa_sync.storage.change_counts import Counters
from mfa_sync.storage.table import Row
from shared.clock import Deadline


def test_a_storage_that_hangs_is_waited_for_to_its_own_end() -> None:
    """A call that waits for less than a storage request may take must not keep its failure unseen."""
    ends: list[str] = []

    async def main(clock: VirtualClock) -> None:
        class Hanging(MemoryTable):
            async def get(self, partition: str, key: str) -> Row | None:
                await clock.sleep(8)
                ends.append(partition)
                return await super().get(partition, key)

        table = Hanging()
        worker: Any = SimpleNamespace(
            settings=SimpleNamespace(limits={}, users_per_number=5),
            counters=Counters(table, clock),
            runs=RunStore(table, MemoryBlobs()),
        )
        await Worker.guard(cast("Worker", worker), Deadline.after(clock, 2))
        assert ends == []
        await clock.sleep(60)

    virtual_time.run(main, 1)
    assert ends == ["sweep"]
