"""Explain one user: what is there, what would happen, and which rule or setting decides. Read-only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mfa_sync.api.contract import rows as http_contract
from mfa_sync.api.contract.answers import Answer
from mfa_sync.api.contract.rows import RequestError
from mfa_sync.storage.table import StorageDownError
from shared.clock import Deadline
from shared.codes import CODES
from shared.errors import Problem
from shared.phone_number import InvalidPhoneNumberError, PhoneNumber
from shared.plan import Entry, NoChange, Refusal
from shared.reconciler import plan
from shared.results import foresee
from shared.tenant import Absent, Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mfa_sync.api.worker import Worker
    from shared.policy import Policy


async def explain(
    worker: Worker, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
) -> Answer:
    """Return the answer to `POST /api/explain`, whose body is one row of a push.

    Raises:
        RequestError: The request cannot be taken.
        SyncError: A service stops us.
    """
    http_contract.refuse_query(query)
    rows = http_contract.parse_rows(body, headers.get("content-type"), 1)
    if not rows:
        raise RequestError(422, Problem.INVALID_REQUEST, "Name one user.")
    deadline = Deadline.after(worker.clock, worker.settings.deadline_seconds)
    policy = worker.settings.policy
    memory = worker.last_written.of_call("explain", policy, deadline)
    planned = await plan(http_contract.requests_of(rows), worker.tenant(deadline), policy, memory)
    entry = planned.entries[0]
    return Answer(200, {**_explanation(entry, policy), "lastWrite": await _last_write(worker, entry)})


async def _last_write(worker: Worker, entry: Entry) -> dict[str, Any] | None:
    """Return what is remembered of our last write, or why it is not."""
    if entry.user is None:
        return None
    try:
        last = await worker.last_written.describe(entry.user.id)
    except StorageDownError:
        return {"state": "unreadable"}
    if last and isinstance(last["at"], float):
        last["at"] = datetime.fromtimestamp(last["at"], UTC).isoformat(timespec="seconds")
    return last


def _explanation(entry: Entry, policy: Policy) -> dict[str, Any]:
    user, foreseen = entry.user, foresee(entry)
    return {
        "user": {
            "id": user.id,
            "userPrincipalName": user.user_principal_name,
            "accountEnabled": user.account_enabled,
            "guest": user.is_guest,
            "syncedFromActiveDirectory": user.is_synced,
            "usageLocation": user.usage_location,
            "sourceSyncedAt": user.synced_at,
        }
        if user
        else None,
        "attribute": _attribute(entry, policy),
        "mobileMethod": _mobile(entry),
        "wouldBe": foreseen.outcome.value,
        "action": entry.decision.kind.value if isinstance(entry.decision, Change) else None,
        "decidedBy": _rule(entry),
        "code": foreseen.code.value if foreseen.code else None,
        "detail": foreseen.detail or (CODES[foreseen.code].meaning if foreseen.code else None),
        "notes": [note.value for note in foreseen.notes],
    }


def _attribute(entry: Entry, policy: Policy) -> dict[str, Any] | None:
    if entry.user is None:
        return None
    text = entry.user.attribute
    if text is Absent.NOT_RETURNED:
        return {"state": "notReturned", "readAs": None}
    if not (text or "").strip(" \t\r\n"):
        return {"state": "empty", "readAs": None}
    try:
        number = PhoneNumber.parse(text or "", policy.region_of(entry.user))
    except InvalidPhoneNumberError as error:
        return {"state": "invalid", "readAs": None, "reason": str(error)}
    return {"state": "number", "readAs": number.masked()}


def _mobile(entry: Entry) -> dict[str, Any] | None:
    if entry.phones is None:
        return None
    mobile = entry.phones.mobile
    return {
        "phone": mobile.masked() if mobile else None,
        "maskedByGraph": mobile.is_masked if mobile else None,
        "alternateMobile": entry.phones.has_alternate_mobile,
    }


def _rule(entry: Entry) -> str:
    match entry.decision:
        case NoChange(rule=rule) | Refusal(rule=rule):
            return rule
        case Change() as change:
            return change.rule
