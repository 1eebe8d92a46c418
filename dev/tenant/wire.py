"""One request and one answer, the same for a call of its own and for an item of a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote_plus


@dataclass
class Call:
    """What a client asked; header names are in lower case, path and query as they came over the wire."""

    method: str
    host: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_item: bool = False

    @cached_property
    def params(self) -> dict[str, str]:
        """The query, decoded; the last of equal names wins."""
        pairs = (pair.partition("=") for pair in self.query.split("&") if pair)
        return {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}

    @cached_property
    def form(self) -> dict[str, str]:
        """The body of a form post, decoded."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def bearer(self) -> str | None:
        """The token behind `Authorization: Bearer`, if there is one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None


@dataclass
class Reply:
    """What the service answers: JSON in `json`, anything else in `raw`."""

    status: int
    json: Any = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset: bool = False
    caller: str | None = None
    items: list[dict[str, Any]] | None = None

    def content(self) -> tuple[bytes, str | None]:
        """The bytes to send and their content type."""
        if self.raw is not None:
            return self.raw, self.headers.pop("content-type", "text/html")
        if self.json is None:
            return b"", None
        return json.dumps(self.json, ensure_ascii=False).encode(), self.headers.pop(
            "content-type", "application/json"
        )
