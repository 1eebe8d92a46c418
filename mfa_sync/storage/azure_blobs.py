"""Named pieces of bytes in a container of Azure storage, with the bounds and the patience of its tables."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mfa_sync.settings.transports import OWN, Transports
from mfa_sync.storage import blob_requests
from mfa_sync.storage.azure_calls import BOUNDS, Bounds, Place, StorageCalls, client_options

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

    from mfa_sync.settings.settings import StorageSettings
    from shared.clock import Clock


class AzureBlobs:
    """A `Blobs` on Azure storage. If there is no container of this name, the first call makes it.

    Every request may be repeated: none has a condition, and each ends in the same whether it is done once or
    twice.
    """

    def __init__(
        self,
        settings: StorageSettings,
        container: str,
        clock: Clock,
        transports: Transports = OWN,
        bounds: Bounds = BOUNDS,
    ) -> None:
        place = Place(
            lambda: _client(settings, container, transports, bounds),
            blob_requests.is_container_missing,
            blob_requests.make_container,
        )
        self._calls = StorageCalls(place, clock, bounds)

    def close(self) -> None:
        """Let go of connections and threads. What is under way ends unseen."""
        self._calls.close()

    async def get(self, name: str) -> bytes | None:
        """Return a blob's bytes, or None."""
        return await self._calls.ask(lambda container: blob_requests.find(container, name), repeatable=True)

    async def put(self, name: str, data: bytes) -> None:
        """Write a blob whole, over whatever there was."""
        await self._calls.ask(lambda container: blob_requests.write(container, name, data), repeatable=True)

    async def delete(self, prefix: str) -> None:
        """Delete every blob whose name begins so; after a failure some may be gone and others not."""
        mark: str | None = None
        while True:
            names, mark = await self._names(prefix, mark)
            await asyncio.gather(*(self._remove(name) for name in names))
            if mark is None:
                return

    async def _names(self, prefix: str, mark: str | None) -> tuple[list[str], str | None]:
        return await self._calls.ask(
            lambda container: blob_requests.find_names(container, prefix, mark), repeatable=True
        )

    async def _remove(self, name: str) -> None:
        await self._calls.ask(lambda container: blob_requests.remove(container, name), repeatable=True)


def _client(settings: StorageSettings, name: str, transports: Transports, bounds: Bounds) -> ContainerClient:
    """Return a client of the container, by connection string or as the managed identity."""
    from azure.storage.blob import ContainerClient  # noqa: PLC0415  300 ms of imports that few workers need

    options = client_options(settings, transports, bounds)
    options["raw_response_hook"] = blob_requests.from_the_storage
    if settings.connection_string is not None:
        return ContainerClient.from_connection_string(settings.connection_string, name, **options)
    return ContainerClient(str(settings.blob_url), name, **options)
