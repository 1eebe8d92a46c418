"""Named pieces of bytes in a container of Azure storage.

Every request may be repeated: none has a condition, and each ends in the same whether done once or twice.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mfa_sync.storage.azure_calls import StorageCalls, code_of

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError
    from azure.storage.blob import ContainerClient

# Every answer of the service carries it. Source: "Common REST API response headers" in its reference.
_MARK = "x-ms-request-id"


class AzureBlobs(StorageCalls["ContainerClient"]):
    """A `Blobs` on Azure storage. If there is no container of this name, the first call makes it."""

    async def get(self, name: str) -> bytes | None:
        """Return a blob's bytes, or None."""
        return await self._ask_or_none(
            lambda container: container.download_blob(name).readall(), _is_blob_missing
        )

    async def put(self, name: str, data: bytes) -> None:
        """Write a blob whole, over whatever there was."""
        await self._ask(lambda container: container.upload_blob(name, data, overwrite=True))

    async def delete(self, prefix: str) -> None:
        """Delete every blob whose name begins so; after a failure some may be gone and others not."""
        mark: str | None = None
        while True:
            names, mark = await self._names(prefix, mark)
            await asyncio.gather(*(self._delete_one(name) for name in names))
            if mark is None:
                return

    async def _names(self, prefix: str, mark: str | None) -> tuple[list[str], str | None]:
        """Return a page of the names that begin so, and the mark of the next page; None after the last."""

        def read(container: ContainerClient) -> tuple[list[str], str | None]:
            pages: Any = container.list_blob_names(name_starts_with=prefix).by_page(mark)
            names = list(next(pages))
            return names, pages.continuation_token or None

        return await self._ask(read)

    async def _delete_one(self, name: str) -> None:
        await self._ask_or_none(
            lambda container: container.delete_blob(name, delete_snapshots="include"), _is_blob_missing
        )

    def _open(self) -> ContainerClient:
        from azure.storage.blob import (  # noqa: PLC0415  300 ms of imports that few workers need
            ContainerClient,
            LinearRetry,
        )

        at_once = LinearRetry(backoff=0, retry_total=1, random_jitter_range=0)
        return self._client_of(
            ContainerClient,
            self._settings.blob_url,
            retry_policy=at_once,
            raw_response_hook=_refuse_strangers,
        )

    def _create(self, client: ContainerClient) -> None:
        client.create_container()

    def _is_missing(self, error: AzureError) -> bool:
        return code_of(error) == "ContainerNotFound"


def _is_blob_missing(error: AzureError) -> bool:
    return code_of(error) == "BlobNotFound"


def _refuse_strangers(response: Any) -> None:
    """Look at each answer before the library does: what another than the storage says is no blob.

    A sign-in page of a firewall is bytes like any others, and read as a listing it is an empty one.

    Raises:
        HttpResponseError: It is not the storage's.
    """
    from azure.core.exceptions import HttpResponseError  # noqa: PLC0415  loaded by `_open`

    if _MARK not in response.http_response.headers:
        raise HttpResponseError("This is no answer of the storage.", response=response.http_response)
