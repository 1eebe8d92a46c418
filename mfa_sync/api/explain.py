"""Explain one user: what is there, what would happen, and which rule or setting decides. Read-only."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus

from mfa_sync.api.contract.answers import Answer
from mfa_sync.api.contract.explanation import Attribute, Explained, Explanation, LastWrite, MobileMethod
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.api.contract.rows import MOST_OBJECT_BYTES, parse_rows, refuse_query, requests_of
from mfa_sync.api.worker import Call, Worker
from mfa_sync.storage.table import StorageDownError
from shared.codes import CODES
from shared.phone_number import InvalidPhoneNumberError, PhoneNumber, without_numbers
from shared.plan import Entry
from shared.policy import Policy
from shared.reconciler import plan
from shared.results import foresee
from shared.tenant import Absent, Change, PhoneMethods, User

# It has no handshake, and a right guess would be answered otherwise than a wrong one.
_NOT_TAKEN = {
    "Mobile": "Explain takes no Mobile. Send the row to /api/mfa-sync?dryRun=true, which compares it."
}


async def explain(call: Call) -> Answer:
    """Return the answer to `POST /api/explain`, whose body is one row of a push, without Mobile.

    Raises:
        RequestError: The request cannot be taken.
        SyncError: A service stops us.
    """
    refuse_query(call.query)
    rows = parse_rows(call.body, call.content_type, 1, _NOT_TAKEN, MOST_OBJECT_BYTES)
    if not rows:
        raise RequestError.invalid("Name one user.")
    worker, deadline = call.worker, call.deadline()
    policy = worker.settings.policy
    memory = worker.last_written.of_call("explain", policy, deadline)
    planned = await plan(requests_of(rows), worker.tenant(deadline), policy, memory)
    (entry,) = planned.entries
    last_write = await _last_write(worker, entry.user) if entry.user else None
    return Answer(HTTPStatus.OK, _explanation(entry, policy, last_write))


async def _last_write(worker: Worker, user: User) -> LastWrite | None:
    """Return what is remembered of our last write, or that it cannot be read; None if there was none."""
    try:
        last = await worker.last_written.describe(user.id)
    except StorageDownError:
        return LastWrite("unreadable")
    if last is None:
        return None
    at = datetime.fromtimestamp(last["at"], UTC).isoformat(timespec="seconds")
    return LastWrite(**{**last, "at": at})


def _explanation(entry: Entry, policy: Policy, last_write: LastWrite | None) -> Explanation:
    foreseen, decision = foresee(entry), entry.decision
    return Explanation(
        user=_user(entry.user) if entry.user else None,
        attribute=_attribute(entry.user, policy) if entry.user else None,
        mobile_method=_mobile(entry.phones) if entry.phones else None,
        would_be=foreseen.outcome,
        action=decision.kind if isinstance(decision, Change) else None,
        decided_by=decision.rule,
        code=foreseen.code,
        detail=foreseen.detail or (CODES[foreseen.code].meaning if foreseen.code else None),
        notes=list(foreseen.notes),
        last_write=last_write,
    )


def _user(user: User) -> Explained:
    return Explained(
        user.id,
        without_numbers(user.user_principal_name),
        user.account_enabled,
        user.is_guest,
        user.is_synced,
        user.usage_location,
        user.synced_at,
    )


def _attribute(user: User, policy: Policy) -> Attribute:
    if user.attribute is Absent.NOT_RETURNED:
        return Attribute("notReturned", None)
    text = (user.attribute or "").strip(" \t\r\n")
    if not text:
        return Attribute("empty", None)
    try:
        return Attribute("number", PhoneNumber.parse(text, policy.region_of(user)).masked())
    except InvalidPhoneNumberError as error:
        return Attribute("invalid", None, str(error))


def _mobile(phones: PhoneMethods) -> MobileMethod:
    mobile = phones.mobile
    return MobileMethod(
        mobile.masked() if mobile else None,
        mobile.is_masked if mobile else None,
        phones.has_alternate_mobile,
    )
