"""Blobs as the managed identity, and answers that are no storage's."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from mfa_sync.azure_blobs import AzureBlobs
from mfa_sync.settings import StorageSettings
from mfa_sync.storage import StorageDownError
from mfa_sync.storage_calls import Bounds
from mfa_sync.wires import Wires
from tests.storage.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.clocks import FakeClock

CLIENT_ID = "22222222-2222-4222-8222-222222222222"
ACCOUNT = "https://contoso.blob.core.windows.net"


def answer(cloud: Cloud, status: int, code: str) -> None:
    """Let the account answer by an error of the blob service."""
    cloud.status, cloud.kind = status, "application/xml"
    cloud.body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>-</Message></Error>".encode()
    cloud.headers = {"x-ms-request-id": "1", "x-ms-error-code": code}


@pytest.fixture
def blobs(cloud: Cloud, clock: FakeClock) -> Iterator[AzureBlobs]:
    """The blobs, as a user-assigned identity; there are none yet."""
    answer(cloud, 404, "BlobNotFound")
    settings = StorageSettings(None, None, ACCOUNT, CLIENT_ID)
    blobs = AzureBlobs(settings, "mfa-sync-runs", clock, Wires(azure=cloud.transport))
    yield blobs
    blobs.close()


async def test_the_identity_asks_for_a_token_of_the_storage_and_shows_it(
    blobs: AzureBlobs, cloud: Cloud
) -> None:
    """One token for all requests, for the identity that the settings name."""
    assert await blobs.get("runs/a") is None
    assert await blobs.get("runs/b") is None
    tokens, *reads = cloud.asked
    query = parse_qs(urlsplit(str(tokens.url)).query)
    assert (query["resource"], query["client_id"]) == (["https://storage.azure.com"], [CLIENT_ID])
    assert [str(read.url) for read in reads] == [f"{ACCOUNT}/mfa-sync-runs/runs/{name}" for name in "ab"]
    assert {read.headers["Authorization"] for read in reads} == {"Bearer token1"}


async def test_a_rejected_token_is_not_shown_again(blobs: AzureBlobs, cloud: Cloud, clock: FakeClock) -> None:
    """The identity's library would keep it for a day."""
    answer(cloud, 403, "AuthorizationPermissionMismatch")
    with pytest.raises(StorageDownError, match=r"answered 403 \(AuthorizationPermissionMismatch\)"):
        await blobs.get("a")
    answer(cloud, 404, "BlobNotFound")
    clock.advance(Bounds().closed)
    assert await blobs.get("a") is None
    assert cloud.asked[-1].headers["Authorization"] == "Bearer token3"


@pytest.mark.parametrize("code", ["ResourceNotFound", "AccountBeingDeleted"])
async def test_only_a_missing_blob_is_no_blob(blobs: AzureBlobs, cloud: Cloud, code: str) -> None:
    """Whatever else is not found, pages that we wrote must not be taken for never written."""
    answer(cloud, 404, code)
    with pytest.raises(StorageDownError, match=rf"answered 404 \({code}\)"):
        await blobs.get("a")


PAGES = [b"", b"{}", b"[]", b"<html>sign in</html>", b"<EnumerationResults/>"]


@pytest.mark.parametrize("body", PAGES)
@pytest.mark.parametrize("kind", ["application/xml", "text/html"])
@pytest.mark.parametrize("status", [200, 201, 202, 206, 302, 404, 500])
@pytest.mark.parametrize("method", ["get", "put", "delete"])
async def test_an_answer_that_is_no_storages_is_an_outage(
    blobs: AzureBlobs, cloud: Cloud, method: str, status: int, kind: str, body: bytes
) -> None:
    """A firewall's page, a proxy's error: never a crash, never a blob, never a write that was none."""
    cloud.status, cloud.kind, cloud.body = status, kind, body
    cloud.headers = {"Content-Range": f"bytes 0-{len(body)}/{len(body)}", "ETag": "1"}
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "get": lambda: blobs.get("a"),
        "put": lambda: blobs.put("a", b"x"),
        "delete": lambda: blobs.delete("a"),
    }
    with pytest.raises(StorageDownError):
        await calls[method]()
