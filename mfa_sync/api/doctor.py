"""The doctor: what can be found out about app and tenant, in one call. Only the canary is ever written."""

from __future__ import annotations

from http import HTTPStatus

from mfa_sync.api.approver import approver_of
from mfa_sync.api.contract.answers import Answer
from mfa_sync.api.contract.diagnosis import CheckResult, Diagnosis, parse_wish
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.api.contract.rows import refuse_query
from mfa_sync.api.examination import Examination
from mfa_sync.api.worker import Call
from mfa_sync.doctor.checks import CHECKS
from mfa_sync.doctor.verdict import worst


async def doctor(call: Call) -> Answer:
    """Return the answer to `POST /api/doctor`. A fault of one check stops no other.

    Raises:
        RequestError: The request, or the caller, cannot be taken.
        SyncError: The vault, which knows the approvers' handshake, is out of reach.
    """
    refuse_query(call.query)
    by = await approver_of(call) if parse_wish(call.body, call.content_type) else None
    if by and call.worker.settings.canary_user is None:
        raise RequestError.invalid("CANARY_USER names no account on which anything may be tried.")
    clock, deadline = call.worker.clock, call.deadline()
    began = clock.monotonic()
    found = await Examination(call.worker, deadline, by).everything()
    shown = [(check, found[check.name]) for check in CHECKS if check.name in found]
    diagnosis = Diagnosis(
        worst([verdict for _, verdict in shown]),
        round(clock.monotonic() - began, 3),
        [
            CheckResult(check.name, one.state, one.found, one.means, one.remedy, check.source)
            for check, one in shown
        ],
    )
    return Answer(HTTPStatus.OK, diagnosis)
