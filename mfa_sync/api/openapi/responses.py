"""The answers of the contract by status: problems with their codes, and what headers they carry."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from mfa_sync.api.contract import answers
from mfa_sync.api.contract.rows import RequestError
from mfa_sync.api.openapi.shapes import ref
from shared.errors import PermanentError, Problem, SyncError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mfa_sync.api.contract.answers import Answer

Response = dict[str, Any]

_UNAUTHORIZED, _OURS, _REFUSED, _UNAVAILABLE = 401, 500, 502, 503
_WRONG = "What is wrong, in words."
PROBLEMS: Mapping[Problem, tuple[int, ...]] = {
    Problem.MISCONFIGURED: (_OURS,),
    Problem.HANDSHAKE_REFUSED: (401,),
    Problem.SIGNATURE_REFUSED: (401,),
    Problem.REQUEST_REPLAYED: (409,),
    Problem.NOT_JSON: (400,),
    Problem.TOO_LARGE: (413,),
    Problem.TOO_MANY_ROWS: (413,),
    Problem.UNSUPPORTED_MEDIA_TYPE: (415,),
    Problem.INVALID_REQUEST: (422,),
    Problem.SIGN_IN_REFUSED: (_REFUSED,),
    Problem.SIGN_IN_UNAVAILABLE: (_UNAVAILABLE,),
    Problem.VAULT_REFUSED: (_REFUSED,),
    Problem.VAULT_UNAVAILABLE: (_UNAVAILABLE,),
    Problem.GRAPH_REFUSED: (_REFUSED,),
    Problem.GRAPH_UNAVAILABLE: (_UNAVAILABLE,),
    Problem.RUN_NOT_FOUND: (404,),
    Problem.WRONG_STATE: (409,),
    Problem.APPROVER_REFUSED: (401, 403),
    Problem.STORAGE_UNAVAILABLE: (_UNAVAILABLE,),
    Problem.IDEMPOTENCY_KEY_IN_FLIGHT: (409,),
    Problem.IDEMPOTENCY_KEY_REUSED: (422,),
    Problem.INTERNAL_ERROR: (_OURS,),
}
"""The status, or statuses, of each problem; docs/codes.md has the same and the meaning."""

SECONDS: dict[str, Any] = {
    "description": "Seconds after which asking again is reasonable.",
    "required": True,
    "schema": {"type": "integer", "minimum": 0},
}
_NO_STORE: dict[str, Any] = {
    "description": "Always no-store.",
    "schema": {"const": "no-store"},
}
_OF_HOST = "Without a function key, or with a wrong one, the platform answers so with an empty body."


def responses(
    told: Mapping[int, Response], problems: Iterable[Problem], *, of_host: bool = True
) -> dict[str, Response]:
    """Return all answers of an operation, by status.

    Args:
        told: What it answers where nothing stops it, by status.
        problems: What may stop it.
        of_host: Whether the platform demands a function key.
    """
    by_status: dict[int, list[Problem]] = defaultdict(list)
    for problem in problems:
        for status in PROBLEMS[problem]:
            by_status[status].append(problem)
    if of_host:
        by_status.setdefault(_UNAUTHORIZED, [])
    statuses = sorted({*told, *by_status})
    return {str(status): _response(status, told.get(status), by_status.get(status)) for status in statuses}


def told(
    description: str,
    schema: str,
    headers: Mapping[str, Any] | None = None,
    examples: Mapping[str, Any] | None = None,
    links: Mapping[str, Any] | None = None,
) -> Response:
    """Return an answer in JSON."""
    content: dict[str, Any] = {"schema": ref(schema)}
    if examples:
        content["examples"] = {name: {"value": value} for name, value in examples.items()}
    return {
        "description": description,
        "headers": {"Cache-Control": _NO_STORE, **(headers or {})},
        "content": {"application/json": content},
        **({"links": dict(links)} if links else {}),
    }


def _response(status: int, told: Response | None, problems: list[Problem] | None) -> Response:
    if problems is None:
        assert told is not None  # noqa: S101  one of the two is why the status is there
        return told
    named = ", ".join(f"`{problem.value}`" for problem in problems)
    parts = [told["description"] if told else "", f"Problem: {named}." if problems else ""]
    if status == _UNAUTHORIZED:
        parts.append(_OF_HOST)
    response: Response = {"description": " ".join(part for part in parts if part), **_without_text(told)}
    headers = dict(response.get("headers", {}))
    if problems:
        response["content"] = {
            **response.get("content", {}),
            "application/problem+json": _content(status, problems),
        }
        headers["Cache-Control"] = _NO_STORE
    if status == _UNAVAILABLE:
        headers["Retry-After"] = SECONDS
    return {**response, "headers": headers} if headers else response


def _without_text(told: Response | None) -> Response:
    return {name: value for name, value in (told or {}).items() if name != "description"}


def _content(status: int, problems: list[Problem]) -> dict[str, Any]:
    codes = [problem.value for problem in problems]
    narrowed = {"properties": {"status": {"const": status}, "code": {"enum": codes}}}
    return {
        "schema": {"allOf": [ref("Problem"), narrowed]},
        "examples": {code: {"$ref": f"#/components/examples/{code}{status}"} for code in codes},
    }


def problem_examples() -> dict[str, Any]:
    """Return an example of each problem with each of its statuses, by `<code><status>`."""
    return {
        f"{problem.value}{status}": {"value": _example(status, problem).body}
        for problem, statuses in PROBLEMS.items()
        for status in statuses
    }


def _example(status: int, problem: Problem) -> Answer:
    """Return such an answer as the program itself makes it."""
    if problem is Problem.HANDSHAKE_REFUSED:
        return answers.handshake_refused()
    if problem is Problem.INTERNAL_ERROR:
        return answers.internal_error()
    return answers.problem(_error(status, problem))


def _error(status: int, problem: Problem) -> SyncError | RequestError:
    if status in {_OURS, _REFUSED}:
        aadsts = 50126 if problem is Problem.SIGN_IN_REFUSED else None
        return PermanentError(problem, _WRONG, remedy="What to do about it.", aadsts=aadsts)
    if status == _UNAVAILABLE:
        return TransientError(problem, "What is out of reach.", retry_after=30)
    fault = {"pointer": "/0/OverwriteNul", "detail": "Unknown key; did you mean OverwriteNull?"}
    errors = [fault] if problem is Problem.INVALID_REQUEST else []
    later = problem is Problem.IDEMPOTENCY_KEY_IN_FLIGHT
    return RequestError(status, problem, _WRONG, errors, retryable=later)
