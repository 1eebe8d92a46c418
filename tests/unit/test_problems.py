"""Problems: each error is one document, with its status and what its reader needs next."""

from __future__ import annotations

import pytest

from mfa_sync.api.contract.problems import (
    Fault,
    RequestError,
    handshake_refused,
    internal_error,
    problem,
)
from shared.errors import PermanentError, Problem, SettingsError, SyncError, TransientError
from tests.answering import read


@pytest.mark.parametrize(
    ("error", "status", "retryable"),
    [
        (TransientError(Problem.GRAPH_UNAVAILABLE, "d", retry_after=2.1), 503, True),
        (TransientError(Problem.SIGN_IN_UNAVAILABLE, "d", retry_after=0), 503, True),
        (PermanentError(Problem.SIGN_IN_REFUSED, "d", remedy="r", aadsts=50126), 502, False),
        (PermanentError(Problem.VAULT_REFUSED, "d", remedy="r"), 502, False),
        (SettingsError(("TENANT_ID: is missing",)), 500, False),
        (RequestError(Problem.UNSUPPORTED_MEDIA_TYPE, "d"), 415, False),
        (RequestError.invalid("d", [Fault("/0", "x")]), 422, False),
    ],
)
def test_every_error_is_one_problem_document(
    error: SyncError | RequestError,
    status: int,
    retryable: bool,  # noqa: FBT001
) -> None:
    """RFC 9457, with the code and whether repeating helps."""
    answer = read(problem(error))
    assert (answer.status, answer.body["status"], answer.body["retryable"]) == (status, status, retryable)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.body["code"], answer.body["detail"]) == (error.code.value, error.detail)
    assert answer.body["title"]
    assert None not in answer.body.values()


def test_a_problem_carries_what_the_caller_needs_next() -> None:
    """Seconds to wait, Entra's number, the remedy, the pointers."""
    waiting = problem(TransientError(Problem.GRAPH_UNAVAILABLE, "d", retry_after=2.1))
    at_once = problem(TransientError(Problem.GRAPH_UNAVAILABLE, "d", retry_after=0))
    refusal = PermanentError(Problem.SIGN_IN_REFUSED, "d", remedy="r", aadsts=50126)
    assert (waiting.headers["Retry-After"], at_once.headers["Retry-After"]) == ("3", "1")
    told = read(problem(refusal)).body
    assert (told["aadsts"], told["remedy"]) == (50126, "r")
    shape = read(problem(RequestError.invalid("d", [Fault("/0", "x")])))
    assert shape.body["errors"] == [{"pointer": "/0", "detail": "x"}]


def test_a_refused_handshake_and_a_fault_of_ours_tell_nothing_more() -> None:
    """One answer each, whatever the cause."""
    handshake, fault = read(handshake_refused()), read(internal_error())
    assert (handshake.status, handshake.body["code"]) == (401, "handshakeRefused")
    assert (fault.status, fault.body["code"]) == (500, "internalError")
