"""Pages of a collection behind opaque, absolute nextLinks."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dev.tenant.graph.errors import bad_request
from dev.tenant.state import GRAPH_HOST, new_guid

if TYPE_CHECKING:
    from collections.abc import Callable

    from dev.tenant.state import TenantState
    from dev.tenant.wire import Call

DEFAULT_PAGE = 100
LARGEST_PAGE = 999
KEPT_LISTINGS = 64


def page(
    state: TenantState, call: Call, matches: Callable[[], list[str]]
) -> tuple[list[str], dict[str, Any]]:
    """The ids of this page, and the envelope's `@odata.nextLink` if more follow.

    A listing is fixed by its first page; later pages show who was in it then.
    """
    size = _size(call)
    token = call.params.get("$skiptoken")
    if token is None:
        listing_id, offset, ids = new_guid(), 0, matches()
    else:
        listing_id, offset = _decode(token)
        found = state.pages.get(listing_id)
        if found is None:
            raise bad_request("The specified page token value has expired.", "Directory_ExpiredPageToken")
        ids = found
    end = offset + size
    if end >= len(ids):
        return ids[offset:end], {}
    if token is None:
        while len(state.pages) >= KEPT_LISTINGS:
            del state.pages[next(iter(state.pages))]
        state.pages[listing_id] = ids
    kept = {name: value for name, value in call.params.items() if name not in {"$skiptoken", "$count"}}
    query = "&".join(f"{quote(name, safe='$')}={quote(value, safe=',')}" for name, value in kept.items())
    link = (
        f"https://{GRAPH_HOST}{call.path}?{query}{'&' if query else ''}$skiptoken={_encode(listing_id, end)}"
    )
    return ids[offset:end], {"@odata.nextLink": link}


def _size(call: Call) -> int:
    if "$skip" in call.params:
        raise bad_request("'$skip' is not supported by the service.", "Request_UnsupportedQuery")
    text = call.params.get("$top", str(DEFAULT_PAGE))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LARGEST_PAGE):
        raise bad_request(
            f"Invalid page size specified: '{text}'. Must be between 1 and {LARGEST_PAGE} inclusive."
        )
    return int(text)


def _encode(listing_id: str, offset: int) -> str:
    return "RFNwdAIAAQ" + base64.urlsafe_b64encode(f"{listing_id}:{offset}".encode()).decode().rstrip("=")


def _decode(token: str) -> tuple[str, int]:
    text = token.removeprefix("RFNwdAIAAQ")
    try:
        listing_id, offset = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split(":")
        return listing_id, int(offset)
    except (binascii.Error, ValueError):
        raise bad_request("Skip token is null or invalid.", "Directory_InvalidPageToken") from None
