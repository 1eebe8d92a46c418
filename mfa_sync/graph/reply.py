"""What Graph's answers mean when they are not what was asked for. Judged by status, never by text."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

_CODE = re.compile(r"[A-Za-z_.]{1,80}")
_REQUEST_ID = re.compile(r"[0-9a-fA-F-]{36}")
_CLAIMS = re.compile(
    r'error="insufficient_claims".*?claims="([A-Za-z0-9+/=_-]+)"|claims="([A-Za-z0-9+/=_-]+)"'
)

_LONGEST_WAIT = 3600.0
_TIME_OVER = "the call's time was over"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of Graph's, alone or out of a batch, or the lack of one.

    Attributes:
        status: HTTP status; None where no answer came.
        body: Parsed JSON; None for 204, HTML and other texts. It may hold numbers: never logged.
        headers: With lower-case names.
        was_sent: Whether the request may have reached Graph.
        lack: Why there is no answer.
    """

    status: int | None
    body: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    was_sent: bool = True
    lack: str | None = None

    @classmethod
    def of(cls, response: httpx.Response) -> Reply:
        """Return an HTTP response's reply; a front door's HTML or emptiness counts as no body."""
        try:
            body = response.json() if response.content else None
        except ValueError:
            body = None
        return cls(response.status_code, body, {k.lower(): v for k, v in response.headers.items()})

    @classmethod
    def not_sent(cls, lack: str) -> Reply:
        """Return the reply to a request that never left."""
        return cls(None, was_sent=False, lack=lack)

    @classmethod
    def lost(cls, lack: str) -> Reply:
        """Return the reply to a request that left and was never answered."""
        return cls(None, lack=lack)

    @classmethod
    def too_late(cls) -> Reply:
        """Return the reply to a request for which the call had no time left."""
        return cls.not_sent(_TIME_OVER)

    @property
    def is_too_late(self) -> bool:
        """Whether it was our own deadline, and no fault of Graph's, that left this unanswered."""
        return self.lack == _TIME_OVER

    @property
    def retry_after(self) -> float | None:
        """Seconds that Graph asks us to wait; None where it does not say."""
        text = self.headers.get("retry-after", "")
        return min(float(text[:9]), _LONGEST_WAIT) if text.isdecimal() else None

    def claims(self) -> str | None:
        """Return the claims challenge of a 401, decoded, or None."""
        found = _CLAIMS.search(self.headers.get("www-authenticate", ""))
        if not found:
            return None
        text = found[1] or found[2]
        try:
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None

    def reference(self) -> str:
        """Return Graph's code and request id, as far as they have the shape of such: safe to log."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        error = error if isinstance(error, dict) else {}
        inner = error.get("innerError") or error.get("innererror")
        inner = inner if isinstance(inner, dict) else {}
        code = str(error.get("code", ""))
        request_id = str(inner.get("request-id") or self.headers.get("request-id", ""))
        parts = [code if _CODE.fullmatch(code) else f"status {self.status}"]
        if _REQUEST_ID.fullmatch(request_id):
            parts.append(f"request-id {request_id}")
        return ", ".join(parts)


class GraphFault(Exception):  # noqa: N818  it carries an answer; whether that is an error, the caller knows
    """An answer whose status the caller has to judge."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(fault_of(reply))
        self.reply = reply


def fault_of(reply: Reply) -> str:
    """Return in words what is wrong with a reply."""
    if reply.status is None:
        return f"no answer ({reply.lack})"
    return f"status {reply.status} ({reply.reference()})"
