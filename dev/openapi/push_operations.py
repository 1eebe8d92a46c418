"""What HR and IAM systems call: push, its result, explain."""

from __future__ import annotations

from typing import Any

import msgspec

from dev.openapi.responses import SECONDS, answered, responses
from dev.openapi.shapes import ref
from mfa_sync.api.contract.answers import PushAnswer, PushUnderWay
from mfa_sync.api.contract.rows import MOST_IDEMPOTENCY_KEY
from shared.codes import CODES, Code
from shared.errors import Problem
from shared.outcome import Outcome
from shared.row_result import RowResult

Operation = dict[str, Any]

OURS = (Problem.MISCONFIGURED, Problem.INTERNAL_ERROR)
"""What may stop any call."""

BODY = (
    Problem.NOT_JSON,
    Problem.TOO_LARGE,
    Problem.UNSUPPORTED_MEDIA_TYPE,
    Problem.INVALID_REQUEST,
)
"""What may be wrong with a body."""

VAULT = (Problem.VAULT_REFUSED, Problem.VAULT_UNAVAILABLE)
_GRAPH = (
    Problem.SIGN_IN_REFUSED,
    Problem.SIGN_IN_UNAVAILABLE,
    Problem.GRAPH_REFUSED,
    Problem.GRAPH_UNAVAILABLE,
)
_RUN = "20261124T060000Z-push-0a1b2c3d"
_ANNA = RowResult(
    row=0,
    id="0b6c1d4e-8b07-4c39-a5d1-6e9f0b3a7c58",
    user_principal_name="anna@contoso.com",
    reference=None,
    outcome=Outcome.CREATED,
    code=None,
    detail=None,
    retryable=False,
    notes=[],
    phone="+46 *******05",
    source="extensionAttribute15",
    source_synced_at="2026-11-24T01:30:00Z",
)
_NOBODY = msgspec.structs.replace(
    _ANNA,
    row=1,
    id=None,
    user_principal_name="nobody@contoso.com",
    outcome=Outcome.REFUSED,
    code=Code.USER_NOT_FOUND,
    detail=f"{CODES[Code.USER_NOT_FOUND].meaning} {CODES[Code.USER_NOT_FOUND].remedy}",
    phone=None,
    source_synced_at=None,
)
_SETTLED = PushAnswer.of(_RUN, [_ANNA], dry_run=False)
_PART = PushAnswer.of(_RUN, [_ANNA, _NOBODY], dry_run=False)
_WORKING = PushUnderWay(_RUN, "planning", 0, 0, 0)
_REPLAYED = {
    "Idempotency-Replayed": {
        "description": "true: this is the stored answer of a former call with the same Idempotency-Key.",
        "schema": {"const": "true"},
    }
}
_BEGUN = {
    "Location": {
        "description": "Where the result will be.",
        "required": True,
        "schema": {"type": "string", "pattern": "^/api/mfa-sync/"},
    },
    "Retry-After": SECONDS,
}
_LOOKED_UP = {
    "result": {
        "operationId": "getPush",
        "parameters": {"runId": "$response.body#/runId"},
        "description": "Ask how the push stands, or stood.",
    }
}
_PARAMETERS = [
    {
        "name": "dryRun",
        "in": "query",
        "description": "true: tell what would happen, and write nothing.",
        "schema": {"type": "boolean", "default": False},
    },
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key and body within a day is answered with the stored answer.",
        "schema": {
            "type": "string",
            "pattern": '^("[ -~]+"|[!#-~][ -~]*)$',
            "maxLength": MOST_IDEMPOTENCY_KEY,
        },
    },
    {
        "name": "Prefer",
        "in": "header",
        "description": "wait=N: answer within so many seconds. respond-async: become a run.",
        "schema": {"type": "string", "examples": ["wait=20", "respond-async"]},
    },
    *(
        {
            "name": name,
            "in": "header",
            "description": f"{text} Demanded with SIGNED_REQUESTS=require; Standard Webhooks.",
            "schema": {"type": "string"},
        }
        for name, text in (
            ("webhook-id", "A name for this very call, never used before."),
            ("webhook-timestamp", "Seconds since 1970, at most five minutes from now."),
            ("webhook-signature", "v1, and the HMAC-SHA256 of id, time and body in base64."),
        )
    ),
]


def push() -> Operation:
    """Return `POST /api/mfa-sync`."""
    return {
        "operationId": "push",
        "summary": "Make the MFA phones of the users named agree with their source.",
        "description": "Form and text content types, and none at all, are read as JSON too.",
        "parameters": _PARAMETERS,
        "requestBody": body(
            "Rows", {"two users": [{"UserPrincipalName": "anna@contoso.com"}, {"Id": _ANNA.id}]}
        ),
        "responses": responses(
            {
                200: answered(
                    "Every row is settled.", "PushAnswer", _REPLAYED, {"settled": _SETTLED}, _LOOKED_UP
                ),
                202: answered(
                    "A run was begun.", "PushUnderWay", _BEGUN | _REPLAYED, {"begun": _WORKING}, _LOOKED_UP
                ),
                207: answered("Some rows are settled.", "PushAnswer", _REPLAYED, {"part": _PART}, _LOOKED_UP),
                422: answered("No row is settled, all are refused.", "PushAnswer", _REPLAYED),
                503: answered(
                    "No row is settled, at least one failed.", "PushAnswer", {"Retry-After": SECONDS}
                ),
            },
            (
                Problem.HANDSHAKE_REFUSED,
                Problem.SIGNATURE_REFUSED,
                Problem.REQUEST_REPLAYED,
                *BODY,
                Problem.TOO_MANY_ROWS,
                Problem.TOO_MANY_RUNS,
                Problem.IDEMPOTENCY_KEY_IN_FLIGHT,
                Problem.IDEMPOTENCY_KEY_REUSED,
                *VAULT,
                *_GRAPH,
                Problem.STORAGE_UNAVAILABLE,
                *OURS,
            ),
        ),
        "security": [{"functionKey": [], "handshake": []}],
    }


def result() -> Operation:
    """Return `GET /api/mfa-sync/{runId}`."""
    return {
        "operationId": "getPush",
        "summary": "Say how a push stands.",
        "responses": responses(
            {
                200: answered("Every row is settled.", "PushAnswer", None, {"settled": _SETTLED}),
                202: answered("It works.", "PushUnderWay", _BEGUN, {"working": _WORKING}),
                207: answered("Some rows are settled, or failed.", "PushAnswer", None, {"part": _PART}),
                422: answered("No row is settled, all are refused.", "PushAnswer"),
            },
            (
                Problem.HANDSHAKE_REFUSED,
                Problem.INVALID_REQUEST,
                Problem.RUN_NOT_FOUND,
                *VAULT,
                Problem.STORAGE_UNAVAILABLE,
                *OURS,
            ),
        ),
        "security": [{"functionKey": [], "handshake": []}],
    }


def explain() -> Operation:
    """Return `POST /api/explain`."""
    return {
        "operationId": "explain",
        "summary": "Explain one user: what is there, what would happen, and why. Nothing is written.",
        "requestBody": body("OneRow", {"somebody": {"UserPrincipalName": "anna@contoso.com"}}),
        "responses": responses(
            {200: answered("What was found.", "Explanation")},
            (*BODY, Problem.TOO_MANY_ROWS, *VAULT, *_GRAPH, *OURS),
        ),
        "security": [{"functionKey": []}],
    }


def body(schema: str, examples: dict[str, Any]) -> dict[str, Any]:
    """Return a request's body in JSON."""
    shown = {name: {"value": value} for name, value in examples.items()}
    return {
        "required": True,
        "content": {"application/json": {"schema": ref(schema), "examples": shown}},
    }
