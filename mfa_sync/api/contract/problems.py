"""Problems: what stops a call as a whole, each with its status, as an RFC 9457 document."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mfa_sync.api.contract.answers import Answer
from shared.errors import PermanentError, Problem, SyncError, TransientError

MOST_FAULTS = 20

STATUSES: Mapping[Problem, tuple[HTTPStatus, ...]] = {
    Problem.MISCONFIGURED: (HTTPStatus.INTERNAL_SERVER_ERROR,),
    Problem.HANDSHAKE_REFUSED: (HTTPStatus.UNAUTHORIZED,),
    Problem.SIGNATURE_REFUSED: (HTTPStatus.UNAUTHORIZED,),
    Problem.REQUEST_REPLAYED: (HTTPStatus.CONFLICT,),
    Problem.NOT_JSON: (HTTPStatus.BAD_REQUEST,),
    Problem.TOO_LARGE: (HTTPStatus.CONTENT_TOO_LARGE,),
    Problem.TOO_MANY_ROWS: (HTTPStatus.CONTENT_TOO_LARGE,),
    Problem.UNSUPPORTED_MEDIA_TYPE: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE,),
    Problem.INVALID_REQUEST: (HTTPStatus.UNPROCESSABLE_CONTENT,),
    Problem.SIGN_IN_REFUSED: (HTTPStatus.BAD_GATEWAY,),
    Problem.SIGN_IN_UNAVAILABLE: (HTTPStatus.SERVICE_UNAVAILABLE,),
    Problem.VAULT_REFUSED: (HTTPStatus.BAD_GATEWAY,),
    Problem.VAULT_UNAVAILABLE: (HTTPStatus.SERVICE_UNAVAILABLE,),
    Problem.GRAPH_REFUSED: (HTTPStatus.BAD_GATEWAY,),
    Problem.GRAPH_UNAVAILABLE: (HTTPStatus.SERVICE_UNAVAILABLE,),
    Problem.TOO_MANY_RUNS: (HTTPStatus.SERVICE_UNAVAILABLE,),
    Problem.RUN_NOT_FOUND: (HTTPStatus.NOT_FOUND,),
    Problem.WRONG_STATE: (HTTPStatus.CONFLICT,),
    Problem.APPROVER_REFUSED: (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN),
    Problem.STORAGE_UNAVAILABLE: (HTTPStatus.SERVICE_UNAVAILABLE,),
    Problem.IDEMPOTENCY_KEY_IN_FLIGHT: (HTTPStatus.CONFLICT,),
    Problem.IDEMPOTENCY_KEY_REUSED: (HTTPStatus.UNPROCESSABLE_CONTENT,),
    Problem.INTERNAL_ERROR: (HTTPStatus.INTERNAL_SERVER_ERROR,),
}
"""The status, or statuses, of each problem; docs/codes.md has the same and the meaning."""

_TITLES = {
    HTTPStatus.BAD_REQUEST: "Bad request",
    HTTPStatus.UNAUTHORIZED: "Unauthorized",
    HTTPStatus.FORBIDDEN: "Forbidden",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.CONFLICT: "Conflict",
    HTTPStatus.CONTENT_TOO_LARGE: "Content too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Unsupported media type",
    HTTPStatus.UNPROCESSABLE_CONTENT: "Unprocessable content",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Internal server error",
    HTTPStatus.BAD_GATEWAY: "A service refuses this program",
    HTTPStatus.SERVICE_UNAVAILABLE: "A service is unavailable",
}


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a value of the body, and where: a JSON pointer."""

    pointer: Annotated[str, Meta(extra_json_schema={"format": "json-pointer"})]
    detail: str


class ProblemDocument(msgspec.Struct, frozen=True, tag_field="type", tag="about:blank"):
    """RFC 9457. docs/codes.md says what each code means."""

    title: str
    status: int
    code: Annotated[str, Meta(extra_json_schema={"enum": [code.value for code in Problem]})]
    detail: str
    retryable: bool
    errors: Annotated[list[Fault], Meta(max_length=MOST_FAULTS)] | UnsetType = UNSET
    remedy: str | UnsetType = UNSET
    aadsts: Annotated[int, Meta(description="Entra's error number.")] | UnsetType = UNSET


class RequestError(Exception):
    """A request that cannot be taken: a problem of the caller's."""

    def __init__(
        self,
        code: Problem,
        detail: str,
        errors: Sequence[Fault] = (),
        *,
        status: HTTPStatus | None = None,
        retryable: bool = False,
    ) -> None:
        """Take what stands in the answer; `status` where the problem has several."""
        super().__init__(f"{code}: {detail}")
        self.status = status or STATUSES[code][0]
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.retryable = retryable

    @classmethod
    def invalid(cls, detail: str, errors: Sequence[Fault] = ()) -> RequestError:
        """Return the refusal of a value that cannot be."""
        return cls(Problem.INVALID_REQUEST, detail, errors)


def problem(error: SyncError | RequestError) -> Answer:
    """Return the answer that an error is."""
    match error:
        case RequestError():
            return _answer(
                error.code,
                error.detail,
                error.status,
                retryable=error.retryable,
                errors=error.errors or UNSET,
            )
        case TransientError():
            wait = {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
            return _answer(error.code, error.detail, headers=wait, retryable=True, remedy=error.remedy)
        case PermanentError():
            return _answer(error.code, error.detail, remedy=error.remedy, aadsts=error.aadsts or UNSET)
        case _:
            return internal_error()


def handshake_refused() -> Answer:
    """Return the one answer to a missing and to a wrong handshake."""
    return _answer(Problem.HANDSHAKE_REFUSED, "The Message header does not hold the handshake.")


def internal_error() -> Answer:
    """Return the answer to a fault of our own; what it was stands in the log alone."""
    return _answer(Problem.INTERNAL_ERROR, "An unexpected fault; see the log.")


def _answer(
    code: Problem,
    detail: str,
    status: HTTPStatus | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    retryable: bool = False,
    **members: Any,
) -> Answer:
    status = status or STATUSES[code][0]
    document = ProblemDocument(_TITLES[status], status.value, code, detail, retryable, **members)
    return Answer(status, document, {"Content-Type": "application/problem+json", **(headers or {})})
