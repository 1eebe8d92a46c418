"""The answers of the contract by status: problems with their codes, and what headers they carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from dev.openapi.shapes import ref
from mfa_sync.api.contract.answers import Answer
from mfa_sync.api.contract.problems import (
    STATUSES,
    Fault,
    RequestError,
    handshake_refused,
    internal_error,
    problem,
)
from shared.errors import PermanentError, Problem, TransientError

Response = dict[str, Any]

_WRONG = "What is wrong, in words."
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
    answers: Mapping[int, Response], problems: Iterable[Problem], *, of_host: bool = True
) -> dict[str, Response]:
    """Return all answers of an operation, by status.

    Args:
        answers: What it answers where nothing stops it, by status.
        problems: What may stop it.
        of_host: Whether the platform demands a function key.
    """
    stops: dict[int, list[Problem]] = {HTTPStatus.UNAUTHORIZED: []} if of_host else {}
    for code in problems:
        for status in STATUSES[code]:
            stops.setdefault(status, []).append(code)
    stopped = {status: _stopped(status, codes, answers.get(status, {})) for status, codes in stops.items()}
    return {str(status): one for status, one in sorted({**answers, **stopped}.items())}


def answered(
    description: str,
    schema: str,
    headers: Mapping[str, Any] | None = None,
    examples: Mapping[str, Any] | None = None,
    links: Mapping[str, Any] | None = None,
) -> Response:
    """Return an answer in JSON."""
    content: dict[str, Any] = {"schema": ref(schema)}
    if examples:
        content["examples"] = {
            name: {"value": msgspec.to_builtins(value)} for name, value in examples.items()
        }
    return {
        "description": description,
        "headers": {"Cache-Control": _NO_STORE, **(headers or {})},
        "content": {"application/json": content},
        **({"links": dict(links)} if links else {}),
    }


def _stopped(status: int, codes: Sequence[Problem], answer: Response) -> Response:
    """Return what an operation answers with this status: `answer`, or one of these problems."""
    named = f"Problem: {', '.join(f'`{code}`' for code in codes)}." if codes else ""
    host = _OF_HOST if status == HTTPStatus.UNAUTHORIZED else ""
    response = {
        **answer,
        "description": " ".join(part for part in (answer.get("description"), named, host) if part),
    }
    if codes:
        wait = {"Retry-After": SECONDS} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        content = {**answer.get("content", {}), "application/problem+json": _content(status, codes)}
        headers = {**answer.get("headers", {}), "Cache-Control": _NO_STORE, **wait}
        response |= {"content": content, "headers": headers}
    return response


def _content(status: int, problems: Sequence[Problem]) -> dict[str, Any]:
    codes = [problem.value for problem in problems]
    narrowed = {"properties": {"status": {"const": status}, "code": {"enum": codes}}}
    return {
        "schema": {"allOf": [ref("ProblemDocument"), narrowed]},
        "examples": {code: {"$ref": f"#/components/examples/{code}{status}"} for code in codes},
    }


def problem_examples() -> dict[str, Any]:
    """Return an example of each problem with each of its statuses, by `<code><status>`."""
    return {
        f"{code.value}{status}": {"value": _example(status, code).plain()}
        for code, statuses in STATUSES.items()
        for status in statuses
    }


def _example(status: HTTPStatus, code: Problem) -> Answer:
    """Return such an answer as the program itself makes it."""
    match status:
        case _ if code is Problem.HANDSHAKE_REFUSED:
            return handshake_refused()
        case _ if code is Problem.INTERNAL_ERROR:
            return internal_error()
        case HTTPStatus.INTERNAL_SERVER_ERROR | HTTPStatus.BAD_GATEWAY:
            aadsts = 50126 if code is Problem.SIGN_IN_REFUSED else None
            return problem(PermanentError(code, _WRONG, remedy="What to do about it.", aadsts=aadsts))
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return problem(TransientError(code, "What is out of reach.", retry_after=30))
    fault = Fault("/0/OverwriteNul", "Unknown key; did you mean OverwriteNull?")
    return problem(
        RequestError(
            code,
            _WRONG,
            [fault] if code is Problem.INVALID_REQUEST else (),
            status=status,
            retryable=code is Problem.IDEMPOTENCY_KEY_IN_FLIGHT,
        )
    )
