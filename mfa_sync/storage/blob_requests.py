"""What may be asked of a container of blobs, as requests of Azure's library. Everything here blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfa_sync.storage.azure_errors import code_of

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError
    from azure.storage.blob import ContainerClient

# Every answer of the service carries it. Source: "Common REST API response headers" in its reference.
_MARK = "x-ms-request-id"


def from_the_storage(response: Any) -> None:
    """Look at each answer before the library does: what another than the storage says is no blob.

    A sign-in page of a firewall is bytes like any others, and read as a listing it is an empty one.

    Raises:
        HttpResponseError: It is not the storage's.
    """
    from azure.core.exceptions import HttpResponseError  # noqa: PLC0415  loaded by who made the client

    if _MARK not in response.http_response.headers:
        raise HttpResponseError("This is no answer of the storage.", response=response.http_response)


def is_container_missing(error: AzureError) -> bool:
    """Return whether there is no such container, rather than no such blob."""
    return code_of(error) == "ContainerNotFound"


def make_container(container: ContainerClient) -> None:
    """Make the container, unless another worker was faster."""
    from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415  loaded by who made the client

    try:
        container.create_container()
    except ResourceExistsError:
        return


def find(container: ContainerClient, name: str) -> bytes | None:
    """Return a blob's bytes, or None."""
    from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  loaded by who made the client

    try:
        return container.download_blob(name).readall()
    except ResourceNotFoundError as error:
        if _is_blob_missing(error):
            return None
        raise


def write(container: ContainerClient, name: str, data: bytes) -> None:
    """Write a blob whole, over whatever there was."""
    container.upload_blob(name, data, overwrite=True)


def find_names(container: ContainerClient, prefix: str, mark: str | None) -> tuple[list[str], str | None]:
    """Return a page of the names that begin so, and the mark of the next page; None after the last.

    Args:
        container: Whose blobs.
        prefix: What the names begin with.
        mark: That of the page; None for the first.
    """
    pages: Any = container.list_blob_names(name_starts_with=prefix).by_page(mark)
    names = list(next(pages))
    return names, pages.continuation_token or None


def remove(container: ContainerClient, name: str) -> None:
    """Delete a blob, if there is one."""
    from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  loaded by who made the client

    try:
        container.delete_blob(name, delete_snapshots="include")
    except ResourceNotFoundError as error:
        if not _is_blob_missing(error):
            raise


def _is_blob_missing(error: AzureError) -> bool:
    return code_of(error) == "BlobNotFound"
