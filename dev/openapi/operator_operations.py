"""What operators call: runs are listed, read, started, approved, discarded and stopped."""

from __future__ import annotations

from typing import Any

from dev.openapi.push_operations import BODY, OURS, VAULT, Operation, body
from dev.openapi.responses import answered, responses
from dev.openapi.shapes import ref
from mfa_sync.api.contract.operator import MOST_RUNS
from shared.errors import Problem

_STORAGE = Problem.STORAGE_UNAVAILABLE
_DECISION = (Problem.APPROVER_REFUSED, *BODY, Problem.WRONG_STATE, *VAULT, _STORAGE, *OURS)
_LOCATION = {
    "Location": {
        "description": "Where the run is read.",
        "required": True,
        "schema": {"type": "string", "pattern": "^/api/runs/"},
    }
}
_SECURITY: list[dict[str, list[str]]] = [{"functionKey": [], "approverHandshake": []}]
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_OF_ID = {"runId": "$response.body#/id"}
_READ = {"read": {"operationId": "getRun", "parameters": _OF_ID, "description": "See it move."}}
_STOP = {"stop": {"operationId": "stopRun", "parameters": _OF_ID, "description": "End it where it stands."}}
_DECIDE = {
    "approve": {
        "operationId": "approveRun",
        "parameters": _OF_ID,
        "requestBody": {"digest": "$response.body#/digest", "reason": "Seen, and as it should be"},
        "description": "Let a held plan go on.",
    },
    "discard": {"operationId": "discardRun", "parameters": _OF_ID, "description": "Give a held plan up."},
    **_STOP,
}


def doctor() -> Operation:
    """Return `POST /api/doctor`."""
    return {
        "operationId": "doctor",
        "summary": "Find out about app and tenant, and what is missing.",
        "description": "The approvers' handshake is demanded with `canary: true` alone; no body is false.",
        "requestBody": {**body("DoctorsWish", {"nothing is written": {"canary": False}}), "required": False},
        "responses": responses(
            {200: answered("What was found.", "Diagnosis")},
            (Problem.APPROVER_REFUSED, *BODY, *VAULT, *OURS),
        ),
        "security": [{"functionKey": []}, *_SECURITY],
    }


def list_runs() -> Operation:
    """Return `GET /api/runs`."""
    return {
        "operationId": "listRuns",
        "summary": "List runs, the newest first.",
        "parameters": [
            {
                "name": "limit",
                "in": "query",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST_RUNS, "default": 20},
            },
            {
                "name": "after",
                "in": "query",
                "description": "The id of the last run of the page before, as in `next`.",
                "schema": ref("RunId"),
            },
        ],
        "responses": responses(
            {200: answered("A page of runs.", "RunList")}, (Problem.INVALID_REQUEST, _STORAGE, *OURS)
        ),
        "security": [{"functionKey": []}],
    }


def read_run() -> Operation:
    """Return `GET /api/runs/{runId}`."""
    return {
        "operationId": "getRun",
        "summary": "Show one run, with one page of its plan.",
        "parameters": [
            {
                "name": "page",
                "in": "query",
                "description": "From 0 to below the run's `pages`.",
                "schema": {"type": "integer", "minimum": 0, "maximum": 999_999, "default": 0},
            }
        ],
        "responses": responses(
            {200: answered("The run.", "WholeRun", links=_DECIDE)},
            (Problem.INVALID_REQUEST, Problem.RUN_NOT_FOUND, _STORAGE, *OURS),
        ),
        "security": [{"functionKey": []}],
    }


def start_run() -> Operation:
    """Return `POST /api/runs`."""
    return {
        "operationId": "startRun",
        "summary": "Begin a sweep, or a readiness run, now.",
        "description": "The approvers' handshake is demanded with `apply: true` alone.",
        "requestBody": body(
            "Start", {"a plan": {"kind": "full", "apply": False}, "who is ready": {"kind": "readiness"}}
        ),
        "responses": responses(
            {202: answered("The run is begun.", "RunHead", _LOCATION, links={**_READ, **_STOP})}, _DECISION
        ),
        "security": [{"functionKey": []}, *_SECURITY],
    }


def approve_run() -> Operation:
    """Return `POST /api/runs/{runId}/approve`."""
    said = {"digest": _DIGEST, "kinds": ["create"], "reason": "The first sweep, seen"}
    return {
        "operationId": "approveRun",
        "summary": "Let a held plan go on.",
        "requestBody": body("Approval", {"creates alone": said}),
        "responses": responses(
            {
                200: answered("The same decision was taken before.", "RunHead", _LOCATION),
                202: answered("The plan goes on.", "RunHead", _LOCATION, links=_READ),
            },
            (*_DECISION, Problem.RUN_NOT_FOUND),
        ),
        "security": _SECURITY,
    }


def discard_run() -> Operation:
    """Return `POST /api/runs/{runId}/discard`."""
    return _ending("discardRun", "Give a held plan up.", "The plan is given up.", "DiscardedRun")


def stop_run() -> Operation:
    """Return `POST /api/runs/{runId}/stop`."""
    return _ending("stopRun", "End a run where it stands.", "The run is stopped.", "RunHead")


def _ending(name: str, summary: str, done: str, schema: str) -> Operation:
    return {
        "operationId": name,
        "summary": summary,
        "requestBody": body("Ending", {"a reason": {"reason": "The feed was wrong"}}),
        "responses": responses({200: answered(done, schema)}, (*_DECISION, Problem.RUN_NOT_FOUND)),
        "security": _SECURITY,
    }


def run_id() -> dict[str, Any]:
    """Return the parameter that names a run in a path."""
    return {"name": "runId", "in": "path", "required": True, "schema": ref("RunId")}
