"""Runs schemathesis on the local stack."""

from __future__ import annotations

import json
import string
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.engine import events, from_schema
from schemathesis.hooks import unregister

from dev.fuzz.watch import Watch
from dev.openapi.document import document
from dev.stack.local_stack import LocalStack
from dev.tenant import sample

# Nothing here is to be held against a limit: what is made up must be able to write.
SETTINGS = {
    "STATE_TABLE": "fuzzed",
    "STATE_CONTAINER": "fuzzed",
    **{f"MAX_{kind}S": "1000000" for kind in ("CREATE", "UPDATE", "ASSERT", "DELETE")},
    **{f"MAX_{kind}S_PERCENT": "100" for kind in ("CREATE", "UPDATE", "ASSERT", "DELETE")},
}
"""The settings of a stack that is fuzzed."""

PHASES = ("examples", "coverage", "fuzzing", "stateful")
_FUNCTIONS = {
    "push": "mfa_sync",
    "getPush": "mfa_sync",
    "explain": "explain",
    "doctor": "doctor",
    "listRuns": "runs_list",
    "startRun": "runs_start",
    "getRun": "runs_read",
    "approveRun": "runs_approve",
    "discardRun": "runs_discard",
    "stopRun": "runs_stop",
    "openapi": "openapi",
}
# What the headers of signatures hold is not looked at while SIGNED_REQUESTS is off.
_NOT_LOOKED_AT = ("webhook-id", "webhook-timestamp", "webhook-signature")
_UNAUTHORIZED = 401
_PRINTABLE = string.ascii_letters + " .,:-åäö"


@dataclass(slots=True)
class Report:
    """What came of it.

    Attributes:
        calls: Calls by operation and kind of data.
        statuses: Answers by operation and status.
        failures: What was found, each once.
    """

    calls: Counter[tuple[str, str]]
    statuses: Counter[tuple[str, int]]
    failures: list[str] = field(default_factory=list)


def fuzz(
    stack: LocalStack,
    *,
    examples: int,
    seed: int,
    phases: tuple[str, ...] = PHASES,
    operations: tuple[str, ...] = (),
) -> Report:
    """Make requests up, send them, and check what is answered.

    Args:
        stack: A stack with `SETTINGS`.
        examples: Most cases of an operation, and of chains of calls.
        seed: Equal seeds make equal requests.
        phases: What schemathesis does: `examples`, `coverage` (each boundary once), `fuzzing`, `stateful`.
        operations: Their ids; none: all.
    """
    watch = Watch(stack)
    _register_formats()
    _register_check(watch)
    schema: schemathesis.BaseSchema = schemathesis.openapi.from_dict(
        _document_for_fuzzing(), config=_config(stack, examples=examples, seed=seed, phases=phases)
    )

    if operations:
        schema = schema.include(operation_id=list(operations))

    @schema.hook
    def filter_failure(context: Any, failure: Any, case: Any, response: schemathesis.Response) -> bool:
        # Without a key the platform answers, and its 401 has no body; so it stands in the document's words.
        del context, failure, case
        return bool(response.content) or response.status_code != _UNAUTHORIZED

    def before_call(context: Any, case: Any, kwargs: Any) -> None:
        del context, kwargs
        watch.before(case)

    schemathesis.hook(before_call)
    try:
        failures = dict.fromkeys(_failures(schema))
    finally:
        unregister(before_call)
    return Report(watch.calls, watch.statuses, list(failures))


def _failures(schema: Any) -> Iterator[str]:
    """Run, and tell what was found as it is found."""
    for event in from_schema(schema).execute():
        match event:
            case events.ScenarioFinished(recorder=recorder):
                for checks in recorder.checks.values():
                    for check in checks:
                        if check.failure_info:
                            yield _told(recorder.label, check.failure_info)
            case events.NonFatalError(label=label, value=error):
                yield f"{label}: {error!r}"
            case events.FatalError(exception=error):
                yield f"the run itself: {error!r}"


def _told(label: str, info: Any) -> str:
    failure = info.failure
    return f"{label}: {failure.title}: {failure.message}\n    {info.code_sample}"


def _config(stack: LocalStack, *, examples: int, seed: int, phases: tuple[str, ...]) -> schemathesis.Config:
    keys: dict[str, dict[str, str]] = {
        _scheme(function): {"api_key": stack.host.key(function)} for function in set(_FUNCTIONS.values())
    }
    refused = [400, 401, 403, 404, 405, 409, 413, 415, 422]
    return schemathesis.Config.from_dict(
        {
            "seed": seed,
            "suppress-health-check": ["all"],
            "base-url": stack.host.url,
            "workers": 1,
            "continue-on-failure": True,
            "generation": {"max-examples": examples, "deterministic": True},
            "auth": {
                "openapi": {
                    **keys,
                    "handshake": {"api_key": sample.HANDSHAKE},
                    "approverHandshake": {"api_key": sample.APPROVER_HANDSHAKE},
                }
            },
            "checks": {
                "not_a_server_error": {"expected-statuses": ["2xx", "4xx", 502, 503]},
                # Whether data that are valid are taken, `Watch` tells by the code: 422 may be a row's.
                "positive_data_acceptance": {"expected-statuses": ["2xx", 401, 404, 409, 422, 503]},
                "negative_data_rejection": {"expected-statuses": refused},
                # The platform answers 404 where RFC 9110 wants 405 (seen on host 4.1037).
                "unsupported_method": {"enabled": False},
                # One function answers two addresses, each with a method of its own; the platform names both.
                "allow_header_conformance": {"enabled": False},
                # A run outlives what ended it: it is kept for RUN_RETENTION_DAYS.
                "use_after_free": {"enabled": False},
            },
            "phases": {
                name: {"enabled": name in phases} for name in ("examples", "coverage", "fuzzing", "stateful")
            },
        }
    )


def _scheme(function: str) -> str:
    return f"functionKey_{function}"


def _document_for_fuzzing() -> dict[str, Any]:
    """Return the document with a key for each function, as they have them."""
    made: dict[str, Any] = json.loads(json.dumps(document()))
    schemes = made["components"]["securitySchemes"]
    for item in made["paths"].values():
        for method, operation in item.items():
            if method == "parameters" or not operation["security"]:
                continue
            scheme = _scheme(_FUNCTIONS[operation["operationId"]])
            schemes[scheme] = schemes["functionKey"]
            last = operation["security"][-1]  # where there is a choice, the one that opens everything
            operation["security"] = [{scheme if name == "functionKey" else name: [] for name in last}]
            if "parameters" in operation:
                operation["parameters"] = [
                    one for one in operation["parameters"] if one["name"] not in _NOT_LOOKED_AT
                ]
    return made


def _register_formats() -> None:
    """Name people who are there, and some who are not: who is nobody changes nothing."""
    people = sorted(person.upn for person in sample.everybody())
    nobody = st.from_regex(r"\A[a-z0-9.'#$ö]{1,20}@[a-z0-9.-]{1,20}\Z")
    schemathesis.openapi.format("user-principal-name", st.sampled_from(people) | nobody)
    reasons = st.text(_PRINTABLE, min_size=1, max_size=500).filter(lambda text: bool(text.strip()))
    schemathesis.openapi.format("operator-reason", reasons)
    # Nor one that may be a phone number.
    references = st.text(_PRINTABLE, max_size=128)
    schemathesis.openapi.format("caller-reference", references)


def _register_check(watch: Watch) -> None:
    """Let schemathesis ask `watch` too, in place of the watch of a former run."""

    def as_promised(_context: Any, response: schemathesis.Response, case: schemathesis.Case[Any]) -> None:
        watch.check(response, case)

    schemathesis.check(as_promised)
