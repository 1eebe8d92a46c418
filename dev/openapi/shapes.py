"""What requests and answers look like, as JSON Schema of OpenAPI 3.1 (draft 2020-12).

What is answered is described by the types that it is made from; what is sent, here.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from mfa_sync.api.contract.answers import PushAnswer, PushUnderWay
from mfa_sync.api.contract.diagnosis import Diagnosis
from mfa_sync.api.contract.explanation import Explanation
from mfa_sync.api.contract.operator import MOST_REASON, SWEEPS
from mfa_sync.api.contract.problems import ProblemDocument
from mfa_sync.api.contract.rows import MOST_REFERENCE, MOST_UPN
from mfa_sync.api.contract.run_view import DiscardedRun, RunList, WholeRun
from mfa_sync.runs.run import RunKind, State, Tally
from mfa_sync.runs.store import RUN_ID
from shared.codes import CODES, Code
from shared.outcome import Note, Outcome
from shared.readiness import Readiness
from shared.tenant import OBJECT_ID, Kind

Schema = dict[str, Any]

# Blanks around what names a person are no part of it.
_OBJECT_ID = rf"^\s*{OBJECT_ID.pattern}\s*$"
_UPN = r"^\s*[^\s/\\\x00-\x1f\x7f]+@[^\s/\\@\x00-\x1f\x7f]+\s*$"
_RUN_ID = f"^{RUN_ID.pattern}$"


def ref(name: str) -> Schema:
    """Return a reference to one of `components()`."""
    return {"$ref": f"#/components/schemas/{name}"}


def components() -> dict[str, Schema]:
    """Return every schema by its name."""
    return {
        **_answered(
            PushAnswer, PushUnderWay, Explanation, Diagnosis, ProblemDocument, WholeRun, DiscardedRun, RunList
        ),
        "RowByName": _row("UserPrincipalName", "Id"),
        "RowById": _row("Id", "UserPrincipalName"),
        "Row": {"oneOf": [ref("RowByName"), ref("RowById")]},
        "Rows": {"oneOf": [{"type": "array", "items": ref("Row")}, ref("Row")]},
        "OneRow": {
            "oneOf": [{"type": "array", "items": ref("Who"), "minItems": 1, "maxItems": 1}, ref("Who")]
        },
        "Who": {"oneOf": [_explained("UserPrincipalName", "Id"), _explained("Id", "UserPrincipalName")]},
        "Outcome": _words(Outcome, "The first five are settled."),
        "Code": {
            "type": "string",
            "enum": [code.value for code in Code],
            "description": "Why a row is not settled.\n"
            + "\n".join(
                f"- `{code}` ({meaning.outcome}; acts: {meaning.who}): {meaning.meaning} {meaning.remedy}"
                for code, meaning in CODES.items()
            ),
        },
        "Note": _words(Note, "Remarks on a row; docs/codes.md says what each means."),
        "Kind": _words(Kind, "The kinds of change. assert: a masked number was written to be sure."),
        "RunKind": _words(RunKind, "A sweep of everybody, of who changed since, a push, or who is ready."),
        "Readiness": _words(Readiness, "What somebody has registered; docs/runs.md says what each means."),
        "State": _words(State, "docs/architecture.md shows which leads to which."),
        "RunId": {"type": "string", "pattern": _RUN_ID},
        "Start": {"oneOf": [ref("StartSweep"), ref("StartReadiness")]},
        "StartSweep": _closed(
            {
                "kind": {"enum": [kind.value for kind in SWEEPS]},
                "apply": {"type": "boolean", "description": "Whether it may write without a person."},
            }
        ),
        "StartReadiness": _closed(
            {
                "kind": {"enum": [RunKind.READINESS.value]},
                "apply": {"enum": [False], "description": "It writes nothing."},
            },
            optional=("apply",),
        ),
        "Approval": _closed(
            {
                "digest": {"type": "string", "minLength": 1, "description": "Of the plan that was read."},
                "kinds": {"type": "array", "items": ref("Kind"), "minItems": 1, "uniqueItems": True},
                "reason": ref("Reason"),
            },
            optional=("kinds",),
        ),
        "DoctorsWish": _closed(
            {
                "canary": {
                    "type": "boolean",
                    "default": False,
                    "description": "Whether CANARY_USER is written, to find out what only that shows.",
                }
            },
            optional=("canary",),
        ),
        "Ending": _closed({"reason": ref("Reason")}),
        "Reason": {
            "type": "string",
            "format": "operator-reason",
            "minLength": 1,
            "maxLength": MOST_REASON,
            "description": "Printable text without a phone number: it is kept with the run and shown.",
        },
    }


def _answered(*types: type[msgspec.Struct]) -> dict[str, Schema]:
    """Return the schemas of types and of all that they hold. Each member is there, and no other is."""
    _, schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        if properties := schema.get("properties"):
            always = [
                name for name, one in properties.items() if "default" in one or name in schema["required"]
            ]
            schema |= {"required": always, "additionalProperties": False}
    words = {"planned": ref("Kind"), "refused": ref("Code"), "outcomes": ref("Outcome"), "codes": ref("Code")}
    words["readiness"] = ref("Readiness")
    count = {"type": "integer", "minimum": 0}
    schemas[Tally.__name__]["properties"] |= {"users": count, "unchanged": count, "holders": count} | {
        name: {"type": "object", "propertyNames": one, "additionalProperties": count}
        for name, one in words.items()
    }
    return schemas


def _words(kind: type[StrEnum], description: str) -> Schema:
    return {"type": "string", "enum": [one.value for one in kind], "description": description}


def _closed(properties: dict[str, Schema], *, optional: Iterable[str] = (), description: str = "") -> Schema:
    """Return an object that holds these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in set(optional)],
        "additionalProperties": False,
        **({"description": description} if description else {}),
    }


def _explained(name: str, other: str) -> Schema:
    """Return a row that is to be explained: it states no Mobile."""
    row = _row(name, other)
    del row["properties"]["Mobile"]
    return row


def _row(name: str, other: str) -> Schema:
    """Return a row that names its user by one of the two keys; the other may be blank."""
    who: dict[str, Schema] = {
        "UserPrincipalName": {
            "type": "string",
            "format": "user-principal-name",
            "pattern": _UPN,
            "maxLength": MOST_UPN,
        },
        "Id": {"type": "string", "pattern": _OBJECT_ID, "description": "The user's object id."},
    }
    return _closed(
        {
            name: who[name],
            other: {"type": ["string", "null"], "maxLength": 0},
            "Mobile": {
                "type": ["string", "null"],
                "description": "The number that the caller expects the attribute to hold; with "
                "ALLOW_PAYLOAD_NUMBER=true the source itself. Blank or null: none.",
            },
            "OverwriteNull": {
                "enum": [1, "1", True, 0, "0", False],
                "default": 1,
                "description": "1: an empty attribute deletes the phone. 0: it is kept.",
            },
            "Reference": {
                "type": ["string", "null"],
                "format": "caller-reference",
                "maxLength": MOST_REFERENCE,
                "description": "The caller's own key, echoed. One that may be a phone number is refused.",
            },
        },
        optional=(other, "Mobile", "OverwriteNull", "Reference"),
        description="Keys are matched without case.",
    )
