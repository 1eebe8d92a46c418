"""The document: every route that `function_app.py` has over HTTP, and nothing else."""

from __future__ import annotations

from typing import Any

from dev.openapi import operator_operations as operators
from dev.openapi import push_operations as callers
from dev.openapi.responses import problem_examples, responses
from dev.openapi.shapes import components

VERSION = "1.0.0"
"""The contract's own: names are added, never renamed, so its first number stays."""

_ABOUT = """\
Keeps every Entra ID user's MFA mobile phone equal to `extensionAttribute15`.

Codes are stable: they are added to, never renamed. Unknown keys and query names are refused. Each function
has a key of its own, which opens no other; the approvers' handshake and the push's differ. docs/http.md is
this in words."""


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document. It is the same whatever the settings are, and holds no secret."""
    run = [operators.run_id()]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "MFA phone sync",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "Where this document was read."}],
        "paths": {
            "/api/mfa-sync": {"post": callers.push()},
            "/api/mfa-sync/{runId}": {"parameters": run, "get": callers.result()},
            "/api/explain": {"post": callers.explain()},
            "/api/doctor": {"post": operators.doctor()},
            "/api/runs": {"get": operators.list_runs(), "post": operators.start_run()},
            "/api/runs/{runId}": {"parameters": run, "get": operators.read_run()},
            "/api/runs/{runId}/approve": {"parameters": run, "post": operators.approve_run()},
            "/api/runs/{runId}/discard": {"parameters": run, "post": operators.discard_run()},
            "/api/runs/{runId}/stop": {"parameters": run, "post": operators.stop_run()},
            "/api/health": {"get": _health()},
            "/api/openapi.json": {"get": _document()},
        },
        "components": {
            "schemas": components(),
            "examples": problem_examples(),
            "securitySchemes": _security_schemes(),
        },
    }


def _health() -> dict[str, Any]:
    alive = {
        "description": "The functions are loaded.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"status": {"const": "ok"}},
                    "required": ["status"],
                    "additionalProperties": False,
                }
            }
        },
    }
    return {
        "operationId": "health",
        "summary": "The process is alive. Nothing is called.",
        "responses": responses({200: alive}, (), of_host=False),
        "security": [],
    }


def _document() -> dict[str, Any]:
    found = {
        "description": "OpenAPI 3.1.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["openapi", "info", "paths"]},
            }
        },
    }
    return {
        "operationId": "openapi",
        "summary": "This document.",
        "responses": responses({200: found}, ()),
        "security": [{"functionKey": []}],
    }


def _security_schemes() -> dict[str, Any]:
    return {
        "functionKey": {
            "type": "apiKey",
            "in": "header",
            "name": "x-functions-key",
            "description": "The function's own key. The query name `code` holds it too.",
        },
        "handshake": {
            "type": "apiKey",
            "in": "header",
            "name": "Message",
            "description": "The word between the caller and the push.",
        },
        "approverHandshake": {
            "type": "apiKey",
            "in": "header",
            "name": "Message",
            "description": "The approvers' word. With EASY_AUTH=true a principal of Entra with the app role "
            "Sync.Approve in its place.",
        },
    }
