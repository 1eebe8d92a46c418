"""Pages of a collection behind opaque, absolute nextLinks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from dev.tenant.graph.errors import bad_request
from dev.tenant.state import GRAPH_HOST, TenantState, new_guid
from dev.tenant.wire import Call

DEFAULT_PAGE = 100
LARGEST_PAGE = 999
KEPT_LISTINGS = 64


def page[T](
    state: TenantState,
    call: Call,
    source: Callable[[], Sequence[T]],
    keep: Callable[[T], bool] | None = None,
    sizes: tuple[int, int] = (DEFAULT_PAGE, LARGEST_PAGE),
) -> tuple[list[T], dict[str, Any]]:
    """The entries of this page, and the envelope's `@odata.nextLink` if more follow.

    Who is in a listing is fixed by its first page, by what `source` holds then; each page shows those of whom
    `keep` is true when it is made. `sizes` are the usual size of a page and the largest.
    """
    size = _size(call, *sizes)
    token = call.params.get("$skiptoken")
    items: Sequence[T]
    if token is None:
        listing_id, offset, items = new_guid(), 0, source()
    else:
        listing_id, offset = _decode(token)
        found = state.pages.get(listing_id)
        if found is None:
            raise bad_request("The specified page token value has expired.", "Directory_ExpiredPageToken")
        items = found
    shown, end = _cut(items, offset, size, keep)
    if end >= len(items):
        return shown, {}
    if token is None:
        remember(state.pages, listing_id, items)
    kept = {name: value for name, value in call.params.items() if name not in {"$skiptoken", "$count"}}
    query = "&".join(f"{quote(name, safe='$')}={quote(value, safe=',')}" for name, value in kept.items())
    link = (
        f"https://{GRAPH_HOST}{call.path}?{query}{'&' if query else ''}$skiptoken={_encode(listing_id, end)}"
    )
    return shown, {"@odata.nextLink": link}


def remember[T](kept: dict[str, T], key: str, value: T) -> None:
    """Keep a listing for its next page, and forget the oldest ones."""
    while len(kept) >= KEPT_LISTINGS:
        del kept[next(iter(kept))]
    kept[key] = value


def _cut[T](
    items: Sequence[T], offset: int, size: int, keep: Callable[[T], bool] | None
) -> tuple[list[T], int]:
    """Up to `size` entries from `offset` on, and where the next page begins."""
    if keep is None:
        return list(items[offset : offset + size]), offset + size
    shown: list[T] = []
    for place in range(offset, len(items)):
        if keep(items[place]):
            if len(shown) == size:
                return shown, place
            shown.append(items[place])
    return shown, len(items)


def _size(call: Call, default: int, largest: int) -> int:
    if "$skip" in call.params:
        raise bad_request("'$skip' is not supported by the service.", "Request_UnsupportedQuery")
    text = call.params.get("$top", str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= largest):
        raise bad_request(
            f"Invalid page size specified: '{text}'. Must be between 1 and {largest} inclusive."
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
