"""Deleting by prefix: what is listed is deleted, one by one, whatever else happens to it meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from mfa_sync.storage.azure_blobs import AzureBlobs
from mfa_sync.storage.table import StorageDownError
from tests.storage.cloud import Answer, Cloud, blob_answer

if TYPE_CHECKING:
    import requests


class Container(Cloud):
    """A container that lists two pages of two blobs each.

    Attributes:
        fates: How the next deletes are answered: status and code. Then all succeed.
        deleted: The names that were asked to be deleted, in their order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fates: list[tuple[int, str]] = []
        self.deleted: list[str] = []

    def reply(self, request: requests.PreparedRequest) -> Answer:
        """Return a page of the listing, or what becomes of a blob."""
        address = urlsplit(str(request.url))
        if request.method == "DELETE":
            self.deleted.append(address.path.removeprefix("/mfa-sync-runs/"))
            return blob_answer(*self.fates.pop(0)) if self.fates else blob_answer(202)
        second = parse_qs(address.query).get("marker") == ["second"]
        return blob_answer(200, body=listing("34", "") if second else listing("12", "second"))


def listing(names: str, mark: str) -> bytes:
    """Return a page of a listing: a blob under each letter, and the mark of the next page."""
    blobs = "".join(f"<Blob><Name>{name}</Name><Properties/></Blob>" for name in names)
    page = f"<Blobs>{blobs}</Blobs><NextMarker>{mark}</NextMarker>"
    return f'<?xml version="1.0"?><EnumerationResults>{page}</EnumerationResults>'.encode()


@pytest.fixture
def cloud(cloud: Cloud) -> Container:
    """The container, for the identity that the cloud knows."""
    assert cloud.asked == []
    return Container()


async def test_a_listing_is_followed_to_its_end(blobs_as_identity: AzureBlobs, cloud: Container) -> None:
    """The service lists at most 5,000 names at a time."""
    await blobs_as_identity.delete("")
    assert sorted(cloud.deleted) == ["1", "2", "3", "4"]


async def test_a_blob_that_somebody_else_deleted_meanwhile_is_deleted(
    blobs_as_identity: AzureBlobs, cloud: Container
) -> None:
    """And keeps no other from being so."""
    cloud.fates = [(404, "BlobNotFound")]
    await blobs_as_identity.delete("")
    assert sorted(cloud.deleted) == ["1", "2", "3", "4"]


async def test_a_delete_that_failed_has_a_second_try(blobs_as_identity: AzureBlobs, cloud: Container) -> None:
    """Done twice is done once."""
    cloud.fates = [(500, "InternalError")]
    await blobs_as_identity.delete("")
    assert sorted(set(cloud.deleted)) == ["1", "2", "3", "4"]
    assert len(cloud.deleted) == 5


@pytest.mark.parametrize("fate", [(404, "ResourceNotFound"), (409, "BlobImmutableDueToPolicy")])
async def test_a_blob_that_stays_is_told(
    blobs_as_identity: AzureBlobs, cloud: Container, fate: tuple[int, str]
) -> None:
    """What is kept longer than it should be must not pass for gone."""
    cloud.fates = [fate]
    with pytest.raises(StorageDownError, match=rf"answered {fate[0]} \({fate[1]}\)"):
        await blobs_as_identity.delete("")
