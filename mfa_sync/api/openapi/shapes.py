"""What requests and answers look like, as JSON Schema of OpenAPI 3.1 (draft 2020-12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfa_sync.api.contract import operator as operator_contract
from mfa_sync.api.contract import rows as http_contract
from mfa_sync.runs.run import RunKind, State
from mfa_sync.runs.store import RUN_ID
from shared.codes import CODES, Code
from shared.errors import Problem
from shared.outcome import Note, Outcome
from shared.tenant import OBJECT_ID, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

Schema = dict[str, Any]

_DECISIONS = ("approved", "discarded", "stopped")
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
        "RowByName": _row("UserPrincipalName", "Id"),
        "RowById": _row("Id", "UserPrincipalName"),
        "Row": {"oneOf": [ref("RowByName"), ref("RowById")]},
        "Rows": {"oneOf": [{"type": "array", "items": ref("Row")}, ref("Row")]},
        "OneRow": {
            "oneOf": [{"type": "array", "items": ref("Row"), "minItems": 1, "maxItems": 1}, ref("Row")]
        },
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
        "RunId": {"type": "string", "pattern": _RUN_ID},
        "Line": _line(),
        "PushAnswer": _push_answer(),
        "PushUnderWay": _closed(
            {
                "runId": ref("RunId"),
                "state": {"enum": [state.value for state in State if state.is_moving]},
                "rowsPlanned": _COUNT,
                "pages": _COUNT,
                "pagesApplied": _COUNT,
            },
            description="A push that is a run. Ask again after Retry-After seconds.",
        ),
        "Explanation": _explanation(),
        "Start": _closed(
            {
                "kind": {"enum": [RunKind.FULL.value, RunKind.CHANGED.value]},
                "apply": {"type": "boolean", "description": "Whether it may write without a person."},
            }
        ),
        "Approval": _closed(
            {
                "digest": {"type": "string", "minLength": 1, "description": "Of the plan that was read."},
                "kinds": {"type": "array", "items": ref("Kind"), "minItems": 1, "uniqueItems": True},
                "reason": ref("Reason"),
            },
            optional=("kinds",),
        ),
        "Ending": _closed({"reason": ref("Reason")}),
        "Reason": {
            "type": "string",
            "format": "operator-reason",
            "minLength": 1,
            "maxLength": operator_contract.MOST_REASON,
            "description": "Printable text without a phone number: it is kept with the run and shown.",
        },
        "RunHead": _closed(_head()),
        "DiscardedRun": _closed({**_head(), "remark": {"type": "string"}}),
        "Run": _run(),
        "Runs": _closed(
            {"runs": {"type": "array", "items": ref("RunHead")}, "next": _or_null(ref("RunId"))},
            description="`next` is the `after` of the next page.",
        ),
        "Problem": _problem(),
    }


_COUNT: Schema = {"type": "integer", "minimum": 0}
_TIME: Schema = {"type": "string", "format": "date-time"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_MASKED: Schema = {
    "type": ["string", "null"],
    "description": "A masked number such as +46 *******05.",
    "pattern": r"^\+([0-9]{1,3}|\*\*) \**[0-9]{0,2}$",
}


def _words(kind: type[StrEnum], description: str) -> Schema:
    return {"type": "string", "enum": [one.value for one in kind], "description": description}


def _or_null(schema: Schema) -> Schema:
    return {"oneOf": [schema, {"type": "null"}]}


def _closed(properties: dict[str, Schema], *, optional: Iterable[str] = (), description: str = "") -> Schema:
    """Return an object that holds these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in set(optional)],
        "additionalProperties": False,
        **({"description": description} if description else {}),
    }


def _row(name: str, other: str) -> Schema:
    """Return a row that names its user by one of the two keys; the other may be blank."""
    who: dict[str, Schema] = {
        "UserPrincipalName": {
            "type": "string",
            "format": "user-principal-name",
            "pattern": _UPN,
            "maxLength": http_contract.MOST_UPN,
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
                "maxLength": http_contract.MOST_REFERENCE,
                "description": "The caller's own key, echoed.",
            },
        },
        optional=(other, "Mobile", "OverwriteNull", "Reference"),
        description="Keys are matched without case.",
    )


def _line() -> Schema:
    return _closed(
        {
            "row": {**_COUNT, "description": "Its place in the request, from 0."},
            "id": {"type": ["string", "null"], "description": "The user's object id."},
            "userPrincipalName": _TEXT_OR_NULL,
            "reference": _TEXT_OR_NULL,
            "outcome": ref("Outcome"),
            "code": _or_null(ref("Code")),
            "detail": _TEXT_OR_NULL,
            "retryable": {"type": "boolean", "description": "Whether the same row again later is right."},
            "notes": {"type": "array", "items": ref("Note")},
            "phone": {**_MASKED, "description": "What is registered afterwards, masked, as far as known."},
            "source": {"enum": ["extensionAttribute15", "payload"]},
            "sourceSyncedAt": _TEXT_OR_NULL,
        },
        description="How one row ended.",
    )


def _push_answer() -> Schema:
    return _closed(
        {
            "runId": ref("RunId"),
            "ok": {"type": "boolean", "description": "True only if every row is settled."},
            "dryRun": {"type": "boolean"},
            "summary": _closed({outcome.value: _COUNT for outcome in Outcome}),
            "results": {
                "type": "array",
                "items": ref("Line"),
                "description": "One for each row, in the request's order.",
            },
        }
    )


def _explanation() -> Schema:
    user = _closed(
        {
            "id": {"type": "string"},
            "userPrincipalName": {"type": "string"},
            "accountEnabled": {"type": "boolean"},
            "guest": {"type": "boolean"},
            "syncedFromActiveDirectory": {"type": "boolean"},
            "usageLocation": _TEXT_OR_NULL,
            "sourceSyncedAt": _TEXT_OR_NULL,
        }
    )
    attribute = _closed(
        {
            "state": {"enum": ["notReturned", "empty", "invalid", "number"]},
            "readAs": _MASKED,
            "reason": {"type": "string"},
        },
        optional=("reason",),
    )
    method = _closed(
        {
            "phone": _MASKED,
            "maskedByGraph": {"type": ["boolean", "null"]},
            "alternateMobile": {"type": "boolean"},
        }
    )
    last_write = _closed(
        {
            "state": {"enum": ["confirmed", "pending", "unreadable"]},
            "at": _TIME,
            "kind": _or_null(ref("Kind")),
            "run": _TEXT_OR_NULL,
            "source": _TEXT_OR_NULL,
        },
        optional=("at", "kind", "run", "source"),
    )
    return _closed(
        {
            "user": _or_null(user),
            "attribute": _or_null(attribute),
            "mobileMethod": _or_null(method),
            "wouldBe": ref("Outcome"),
            "action": _or_null(ref("Kind")),
            "decidedBy": {"type": "string", "description": "The rule or setting."},
            "code": _or_null(ref("Code")),
            "detail": _TEXT_OR_NULL,
            "notes": {"type": "array", "items": ref("Note")},
            "lastWrite": _or_null(last_write),
        }
    )


def _counted(names: type[StrEnum]) -> Schema:
    return {
        "type": "object",
        "propertyNames": {"enum": [one.value for one in names]},
        "additionalProperties": _COUNT,
    }


def _head() -> dict[str, Schema]:
    counts = _closed(
        {
            "users": _COUNT,
            "unchanged": _COUNT,
            "holders": {**_COUNT, "description": "In scope with a number, as read."},
            "planned": _counted(Kind),
            "refused": _counted(Code),
            "outcomes": _counted(Outcome),
            "codes": _counted(Code),
        }
    )
    decision = _closed(
        {
            "what": {"enum": list(_DECISIONS)},
            "by": {"type": "string"},
            "at": _TIME,
            "reason": {"type": "string"},
            "kinds": _or_null({"type": "array", "items": ref("Kind")}),
        }
    )
    return {
        "id": ref("RunId"),
        "kind": {"enum": [kind.value for kind in RunKind]},
        "state": {"enum": [state.value for state in State]},
        "created": _TIME,
        "moved": _TIME,
        "apply": {"type": "boolean"},
        "startedBy": _TEXT_OR_NULL,
        "counts": counts,
        "heldFor": {"type": "array", "items": {"type": "string"}},
        "digest": {"type": ["string", "null"], "description": "Of the plan: what an approval names."},
        "decision": _or_null(decision),
        "detail": _TEXT_OR_NULL,
    }


def _run() -> Schema:
    change = _closed(
        {
            "id": {"type": "string"},
            "userPrincipalName": {"type": "string"},
            "kind": ref("Kind"),
            "before": _MASKED,
            "after": _MASKED,
            "decidedBy": {"type": "string"},
            "notes": {"type": "array", "items": ref("Note")},
            "outcome": _or_null(ref("Outcome")),
            "code": _or_null(ref("Code")),
        }
    )
    refusal = _closed(
        {
            "id": _TEXT_OR_NULL,
            "userPrincipalName": _TEXT_OR_NULL,
            "code": ref("Code"),
            "detail": _TEXT_OR_NULL,
        }
    )
    return _closed(
        {
            **_head(),
            "step": _COUNT,
            "attempts": _COUNT,
            "limits": {"type": "object", "additionalProperties": {"type": "string"}},
            "pages": _COUNT,
            "pagesApplied": _COUNT,
            "page": _COUNT,
            "changes": {"type": "array", "items": change},
            "refusals": {"type": "array", "items": refusal},
        }
    )


def _problem() -> Schema:
    fault = _closed({"pointer": {"type": "string", "format": "json-pointer"}, "detail": {"type": "string"}})
    return _closed(
        {
            "type": {"const": "about:blank"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": [code.value for code in Problem]},
            "detail": {"type": "string"},
            "retryable": {"type": "boolean"},
            "errors": {"type": "array", "items": fault, "maxItems": http_contract.MOST_FAULTS},
            "remedy": {"type": "string"},
            "aadsts": {"type": "integer", "description": "Entra's error number."},
        },
        optional=("errors", "remedy", "aadsts"),
        description="RFC 9457. docs/codes.md says what each code means.",
    )
