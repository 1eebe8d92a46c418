"""Blobs as the managed identity, and answers that are no storage's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from mfa_sync.storage.azure_blobs import AzureBlobs
from mfa_sync.storage.azure_calls import Bounds
from mfa_sync.storage.table import StorageDownError
from tests.clocks import FakeClock
from tests.storage.cloud import BLOBS, CLIENT_ID, Answer, Cloud, blob_answer


async def test_the_identity_asks_for_a_token_of_the_storage_and_shows_it(
    blobs_as_identity: AzureBlobs, cloud: Cloud
) -> None:
    """One token for all requests, for the identity that the settings name."""
    assert await blobs_as_identity.get("runs/a") is None
    assert await blobs_as_identity.get("runs/b") is None
    tokens, *reads = cloud.asked
    query = parse_qs(urlsplit(str(tokens.url)).query)
    assert (query["resource"], query["client_id"]) == (["https://storage.azure.com"], [CLIENT_ID])
    assert [str(read.url) for read in reads] == [f"{BLOBS}/mfa-sync-runs/runs/{name}" for name in "ab"]
    assert {read.headers["Authorization"] for read in reads} == {"Bearer token1"}


async def test_a_rejected_token_is_not_shown_again(
    blobs_as_identity: AzureBlobs, cloud: Cloud, clock: FakeClock
) -> None:
    """The identity's library would keep it for a day."""
    cloud.answer = blob_answer(403, "AuthorizationPermissionMismatch")
    with pytest.raises(StorageDownError, match=r"answered 403 \(AuthorizationPermissionMismatch\)"):
        await blobs_as_identity.get("a")
    cloud.answer = blob_answer(404, "BlobNotFound")
    clock.advance(Bounds().closed)
    assert await blobs_as_identity.get("a") is None
    assert cloud.asked[-1].headers["Authorization"] == "Bearer token3"


@pytest.mark.parametrize("code", ["ResourceNotFound", "AccountBeingDeleted"])
async def test_only_a_missing_blob_is_no_blob(blobs_as_identity: AzureBlobs, cloud: Cloud, code: str) -> None:
    """Whatever else is not found, pages that we wrote must not be taken for never written."""
    cloud.answer = blob_answer(404, code)
    with pytest.raises(StorageDownError, match=rf"answered 404 \({code}\)"):
        await blobs_as_identity.get("a")
    assert [read.method for read in cloud.asked[1:]] == ["GET"]


PAGES = [b"", b"{}", b"[]", b"<html>sign in</html>", b"<EnumerationResults/>"]


@pytest.mark.parametrize("body", PAGES)
@pytest.mark.parametrize("kind", ["application/xml", "text/html"])
@pytest.mark.parametrize("status", [200, 201, 202, 206, 302, 404, 500])
@pytest.mark.parametrize("method", ["get", "put", "delete"])
async def test_an_answer_that_is_no_storages_is_an_outage(
    blobs_as_identity: AzureBlobs, cloud: Cloud, method: str, status: int, kind: str, body: bytes
) -> None:
    """A firewall's page, a proxy's error: never a crash, never a blob, never a write that was none."""
    headers = {"Content-Range": f"bytes 0-{len(body)}/{len(body)}", "ETag": "1"}
    cloud.answer = Answer(status, body, kind, headers)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "get": lambda: blobs_as_identity.get("a"),
        "put": lambda: blobs_as_identity.put("a", b"x"),
        "delete": lambda: blobs_as_identity.delete("a"),
    }
    with pytest.raises(StorageDownError):
        await calls[method]()
