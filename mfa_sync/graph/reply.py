"""What Graph answers, and what it means where it is not what was asked for. Judged by status, not by text."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from shared.codes import Code
from shared.errors import PermanentError, Problem, TransientError, seconds_asked
from shared.tenant import Unreadable, User

if TYPE_CHECKING:
    import httpx

_CODE = re.compile(r"[A-Za-z_.]{1,80}")
_REQUEST_ID = re.compile(r"[0-9a-fA-F-]{36}")
_CLAIMS = re.compile(
    r'error="insufficient_claims".*?claims="([A-Za-z0-9+/=_-]+)"|claims="([A-Za-z0-9+/=_-]+)"'
)
_LONGEST_TEXT = 400
_TIME_OVER = "the call's time was over"
_RETRY_SECONDS = 30
_NOTHING: dict[str, Any] = {}
_CODES: dict[int, Code] = {
    HTTPStatus.NOT_FOUND: Code.USER_NOT_FOUND,
    HTTPStatus.FORBIDDEN: Code.TARGET_OUT_OF_REACH,
    HTTPStatus.TOO_MANY_REQUESTS: Code.THROTTLED,
    HTTPStatus.BAD_REQUEST: Code.USER_NOT_FOUND,  # a key that Graph cannot even read names nobody
}


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
    def of_item(cls, answer: Mapping[str, Any]) -> Reply:
        """Return the reply in one member of a batch's `responses`; without a status it is lost."""
        status, headers = answer.get("status"), answer.get("headers")
        if not isinstance(status, int):
            return cls.lost("missing in the batch's answer")
        named = headers if isinstance(headers, dict) else {}
        return cls(status, answer.get("body"), {name.lower(): str(value) for name, value in named.items()})

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
    def is_success(self) -> bool:
        """Whether Graph did what was asked."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def has_failed(self) -> bool:
        """Whether no answer came, or a server's fault: what was asked may have been done all the same."""
        return self.status is None or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def is_refusal(self) -> bool:
        """Whether Graph says that it was not done, and will not be."""
        return self.status is not None and not (self.is_success or self.is_for_later)

    @property
    def is_for_later(self) -> bool:
        """Whether the same again later is right: throttled, failed or unanswered."""
        return self.has_failed or self.status == HTTPStatus.TOO_MANY_REQUESTS

    @property
    def retry_after(self) -> float | None:
        """Seconds that Graph asks us to wait; None where it does not say."""
        return seconds_asked(self.headers.get("retry-after"))

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

    def objects(self) -> list[dict[str, Any]] | None:
        """Return the `value` of a collection; None where this is no success, or none of that shape."""
        value = self.body.get("value") if isinstance(self.body, dict) else None
        if self.status != HTTPStatus.OK or not isinstance(value, list):
            return None
        return value if all(isinstance(one, dict) for one in value) else None

    def error_codes(self) -> list[str]:
        """Return the codes of an error and of those that it names as its inner ones. Untrusted text."""
        return [str(error.get("code", "")) for error in self._errors()]

    def error_texts(self) -> list[str]:
        """Return the codes of the same with their texts, cut. They may hold a number: never logged."""
        return [
            f"{error.get('code', '')} {error.get('message', '')}"[:_LONGEST_TEXT] for error in self._errors()
        ]

    def reference(self) -> str:
        """Return Graph's code and request id, as far as they have the shape of such: safe to log."""
        error, inner, *_ = (*self._errors(), _NOTHING, _NOTHING)
        code, request_id = (
            str(error.get("code", "")),
            inner.get("request-id") or self.headers.get("request-id"),
        )
        parts = [code if _CODE.fullmatch(code) else f"status {self.status}"]
        if _REQUEST_ID.fullmatch(str(request_id)):
            parts.append(f"request-id {request_id}")
        return ", ".join(parts)

    def describe(self) -> str:
        """Return in words what is wrong: safe to log."""
        if self.status is None:
            return f"no answer ({self.lack})"
        return f"status {self.status} ({self.reference()})"

    def _errors(self) -> Iterator[dict[str, Any]]:
        error = self.body.get("error") if isinstance(self.body, dict) else None
        while isinstance(error, dict):
            yield error
            error = error.get("innerError") or error.get("innererror")


class GraphFault(Exception):  # noqa: N818  it carries an answer; whether that is an error, the caller knows
    """An answer whose status the caller has to judge."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.describe())
        self.reply = reply

    def refusal(self, what: str, right: str, *, is_sweeps: bool = False) -> PermanentError | TransientError:
        """Return the one clear problem that this is.

        Args:
            what: What was asked for ("the list of users").
            right: The permission that a 403 lacks.
            is_sweeps: Whether only sweeps ask for it, so that another refusal than 403 passes with the next.
        """
        if self.reply.is_for_later:
            return unreachable(self.reply)
        remedy = f"Consent to {right}."
        if is_sweeps and self.reply.status != HTTPStatus.FORBIDDEN:
            remedy = "The next sweep begins anew. If this comes again, report it with the request id."
        detail = f"Graph does not let us read {what}: {self.reply.describe()}."
        return PermanentError(Problem.GRAPH_REFUSED, detail, remedy=remedy)


def raise_if_dead(replies: Sequence[Reply]) -> None:
    """Raise the one clear problem if no reply at all came from a working Graph.

    Raises:
        TransientError: Every item was lost, throttled or met a server fault.
    """
    if any(reply.is_too_late for reply in replies):
        return
    if replies and all(reply.is_for_later for reply in replies):
        raise unreachable(max(replies, key=lambda reply: reply.retry_after or 0))


def unreachable(reply: Reply) -> TransientError:
    """Return the one clear problem that a dead, failing or throttling Graph is."""
    wait = reply.retry_after or _RETRY_SECONDS
    return TransientError(
        Problem.GRAPH_UNAVAILABLE, f"Microsoft Graph: {reply.describe()}.", retry_after=wait
    )


def unknown_shape() -> TransientError:
    """Return the problem of a success that tells nothing: it must not pass for "nobody"."""
    return unreachable(Reply.lost("a page of unknown shape"))


def id_of(entry: Mapping[str, Any], name: str = "id") -> str:
    """Return the object id under `name`, case folded.

    Raises:
        TransientError: There is none: the page has an unknown shape.
    """
    if not isinstance(found := entry.get(name), str):
        raise unknown_shape()
    return found.casefold()


def unreadable(reply: Reply, user: User | None = None) -> Unreadable:
    """Return what a reply means to the one user whom it should have described.

    A success without the expected body tells nothing: it must not pass for "no phone".
    """
    if reply.status is None:
        return Unreadable(Code.TIMEOUT if reply.was_sent else Code.NOT_ATTEMPTED, reply.lack, user)
    if reply.status == HTTPStatus.OK:
        return Unreadable(Code.UNAVAILABLE, f"Graph: an answer of unknown shape ({reply.reference()}).", user)
    code = _CODES.get(reply.status, Code.UNAVAILABLE)
    return Unreadable(code, f"Graph: {reply.reference()}.", user)
