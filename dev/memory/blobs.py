"""Named pieces of bytes in memory: the blob service's rules, and faults from a seed, for simulations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dev.memory.faults import FaultyMemory
from mfa_sync.storage.table import StorageDownError

# Source: "Naming and referencing containers, blobs, and metadata" in the Blob service's reference.
_MOST_CHARACTERS, _MOST_SEGMENTS = 1024, 254


class MemoryBlobs(FaultyMemory):
    """A `Blobs` in memory, with the faults of the table in memory."""

    def __init__(self, seed: int = 15, pause: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__(seed, pause)
        self._blobs: dict[str, bytes] = {}

    async def get(self, name: str) -> bytes | None:
        """Return a blob's bytes, or None."""
        await self._reach()
        found = self._blobs.get(name)
        await self._answer()
        return found

    async def put(self, name: str, data: bytes) -> None:
        """Write a blob whole, over whatever there was."""
        await self._reach()
        _check(name)
        self._blobs[name] = bytes(data)
        await self._answer()

    async def delete(self, prefix: str) -> None:
        """Delete every blob whose name begins so, one request for each: a fault leaves some of them."""
        await self._reach()
        names = [name for name in self._blobs if name.startswith(prefix)]
        await self._answer()
        for name in sorted(names):
            await self._reach()
            self._blobs.pop(name, None)
            await self._answer()

    def blobs(self) -> dict[str, bytes]:
        """Return all blobs by name, for whoever looks what was kept."""
        return dict(self._blobs)


def _check(name: str) -> None:
    """Refuse what the service would refuse, so that a simulation does not pass with it."""
    segments = name.split("/")
    if not 0 < len(name) <= _MOST_CHARACTERS or len(segments) > _MOST_SEGMENTS or not name.isprintable():
        raise StorageDownError("A blob has a name that no blob may have.")
    if any(segment.endswith(".") for segment in segments):
        raise StorageDownError("A part of a blob's name ends with a dot, as the service advises against.")
