"""The canary: one account of the organisation's own, on which the doctor tries what only a write shows.

1. What a former call began, and did not put right, is put right first.
2. The account: CANARY_USER, by object id; disabled, in scope, not privileged, phone and attribute the same.
3. Noted before, written, looked at, and written back: also where something in between fails.
4. What is tried without a write: the rate of reads, and the audit log, perhaps at a later call.

No number is kept: the way back is what the attribute says, which is what was there before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mfa_sync.api.worker import Worker
from mfa_sync.doctor import found_out
from mfa_sync.doctor.verdict import Verdict, fault, ok, unknown, warning
from mfa_sync.storage.canary_journal import Begun, CanaryJournal, Written
from mfa_sync.storage.table import StorageDownError
from mfa_sync.telemetry.events import Event, record
from shared.clock import Deadline
from shared.errors import SyncError
from shared.guard import breaches
from shared.phone_number import Comparison, InvalidPhoneNumberError, ObservedNumber, PhoneNumber
from shared.scope import scope_refusal
from shared.tenant import Kind, Observation

_NOT_READY = "Correct the account, or name another in CANARY_USER: docs/doctor.md."
# There and back.
_WRITES = {Kind.UPDATE: 2}
_LONGEST_LATENCY = 7200.0
# For as long as the audit log is kept in every tenant.
_KEPT_SECONDS = 7 * 86400.0
# Whoever began is given so much longer than its call lasts before another takes it for dead.
_GRACE_SECONDS = 10.0
_LONGEST_CALL = 900.0
_BUSY = unknown("another call is trying it just now", "", "Ask again later.")
_CUT_OFF = fault(
    "what was tried could not be put right",
    "its phone may not be what it was",
    "Ask again in five minutes: it is put right then.",
)


@dataclass(frozen=True, slots=True)
class Account:
    """The canary as it is.

    Attributes:
        user_id: Its object id.
        number: What its attribute says.
        is_right: Whether its phone may be the same.
        is_as_left: Whether its phone may be what one of our tries leaves behind.
        faults: Why nothing may be tried on it.
    """

    user_id: str
    number: PhoneNumber
    is_right: bool
    is_as_left: bool
    faults: tuple[str, ...]


class CanaryCall:
    """What one call of the doctor does with the canary, by `by`."""

    def __init__(self, worker: Worker, deadline: Deadline, user_id: str) -> None:
        self._worker = worker
        self._deadline = deadline
        self._user_id = user_id
        self._journal = CanaryJournal(worker.table)

    async def looked_at(self) -> dict[str, Verdict]:
        """Put right what was cut off, look for a former write in the audit log, and judge the account."""
        put_right = await self._put_right()
        if put_right and put_right.state != "ok":
            return {"canary": put_right}
        audit = await self._audit()
        # What was put right just now, reads may not show yet.
        return {"canary": put_right or _judged(await self._account()), **audit}

    async def tried(self, by: str) -> dict[str, Verdict]:
        """Try everything, if the account is what it must be."""
        looked = await self.looked_at()
        if looked["canary"].state != "ok":
            return looked
        account = await self._account()
        verdict = _judged(account)
        if verdict.state != "ok" or isinstance(account, Verdict):
            return {**looked, "canary": verdict}
        if not await self._counted():
            over = "the day's limit of updates is reached, or unknown"
            return {**looked, "canary": unknown(over, "nothing was tried", "Ask again tomorrow.")}
        version = await self._journal.begin(self._begun())
        if version is None:
            return {**looked, "canary": _BUSY}
        record(Event.CANARY_TRIED, by=by, user=self._user_id)
        try:
            found = await self._with_writes(account, version)
        except (SyncError, StorageDownError):
            return {**looked, "canary": _CUT_OFF}
        return {**looked, **found, **await self._rate(account)}

    def _begun(self) -> Begun:
        return Begun(self._user_id, self._worker.now + max(self._deadline.remaining(), 0) + _GRACE_SECONDS)

    async def _with_writes(self, account: Account, version: str) -> dict[str, Verdict]:
        """Write, look, and write back: the last whatever happens before."""
        worker = self._worker
        canary = worker.canary(account.user_id, account.number, self._deadline)
        facts: dict[str, Any] = {}
        verdicts: dict[str, Verdict] = {}
        is_refused = may_come_late = False
        try:
            # A memory of our last write would vouch for what is about to change.
            await worker.last_written.void([account.user_id])
            before = await canary.shown()
            if before.mobile:
                verdicts["canary.mask"] = found_out.judge_mask(before.mobile, account.number)
            written_at = worker.now
            reply = await canary.disturb()
            is_refused = reply.is_refusal
            # It may still arrive, after the way back: a later call looks once more.
            may_come_late = not (is_refused or reply.is_success)
            verdicts["canary.restrictedUnit"] = found_out.judge_reach(reply.status, reply.reference())
            if reply.is_success and before.mobile:
                await self._journal.keep_written(Written(account.user_id, written_at))
                lag, looked = await canary.lag(before.mobile)
                verdicts["canary.readLag"] = found_out.judge_lag(lag, looked)
                facts |= {} if lag is None else {"readLag": round(lag, 1)}
            if reply.is_success and before.alternate is None:
                refused = await canary.refusals()
                verdicts["canary.refusals"], signatures = found_out.judge_refusals(*refused)
                facts |= signatures
        finally:
            if not is_refused:
                await canary.put_back()
            if not may_come_late:
                await self._journal.end(version)
        if facts:
            await worker.facts.learn(facts)
        return {**verdicts, **await self._audit()}

    async def _rate(self, account: Account) -> dict[str, Verdict]:
        rate = await self._worker.canary(account.user_id, account.number, self._deadline).rate()
        if rate.limit is not None:
            await self._worker.facts.learn({"methodsLimit": round(rate.limit)})
        return {"canary.rate": found_out.judge_rate(*rate[:4], says_wait=rate.says_wait)}

    async def _put_right(self) -> Verdict | None:
        """Put right what was begun and cut off, and say so; None: nothing was."""
        held = await self._journal.begun()
        if held is None:
            return None
        begun, version = held
        # A time that no call lasts for was written by a clock that was wrong.
        if self._worker.now < begun.until < self._worker.now + _LONGEST_CALL:
            return _BUSY
        if begun.user != self._user_id:
            remedy = (
                "Give it the number of its attribute by hand, then ask again with CANARY_USER set back once."
            )
            return warning(f"a try on {begun.user} was cut off", "its phone is not what it was", remedy)
        account = await self._account()
        if isinstance(account, Verdict):
            return account
        return await self._ended(account, version)

    async def _ended(self, account: Account, version: str) -> Verdict:
        """Take a try over that was cut off, and put the phone right if it is as that left it."""
        if account.faults:
            seen = f"a try was cut off, and {'; '.join(account.faults)}"
            return fault(seen, "its phone may not be what it was", _NOT_READY)
        mine = await self._journal.begin(self._begun(), version)
        if mine is None:
            return _BUSY
        if not account.is_as_left:
            await self._journal.end(mine)
            seen = "a try was cut off, and somebody has changed its phone since"
            return warning(seen, "nothing is written", "Give it the number of its attribute by hand.")
        await self._worker.canary(account.user_id, account.number, self._deadline).put_back()
        await self._journal.end(mine)
        record(Event.CANARY_TRIED, by="put right", user=self._user_id)
        return ok("a try that was cut off is put right", "its phone is again what its attribute says")

    async def _account(self) -> Account | Verdict:
        """Return the account; a verdict where there is none that could be put right."""
        worker, settings = self._worker, self._worker.settings
        tenant = worker.tenant(self._deadline)
        seen = (await tenant.observe([self._user_id]))[self._user_id]
        if not isinstance(seen, Observation):
            return fault(f"CANARY_USER cannot be read: {seen.code.value}", "nothing is tried", _NOT_READY)
        user = seen.user
        try:
            said = user.attribute if isinstance(user.attribute, str) else ""
            number = PhoneNumber.parse(said, settings.policy.region_of(user))
        except InvalidPhoneNumberError:
            return fault("its attribute holds no number", "nothing is tried", _NOT_READY)
        scope = settings.policy.scope
        refusal = scope_refusal(user, scope, await tenant.scope_sets())
        privileged = await tenant.privileged_principals()
        faults = {
            "it is not disabled": user.account_enabled is not False,
            f"it is not in scope ({refusal[1] if refusal else ''})": refusal is not None,
            "it is privileged": user.id.casefold() in privileged.known,
            "who is privileged cannot be read whole": not (privileged.are_all or scope.allow_privileged),
        }
        mobile = seen.phones.mobile
        is_right = mobile is not None and mobile.compare(number) is not Comparison.DIFFERENT
        is_as_left = mobile is not None and (
            mobile.is_masked or mobile.bare().startswith(ObservedNumber(number.reveal()).bare())
        )
        found = tuple(name for name, holds in faults.items() if holds)
        return Account(user.id, number, is_right, is_as_left, found)

    async def _counted(self) -> bool:
        """Count the writes as everybody's are counted, and return whether they may be made."""
        limits = self._worker.settings.limits

        def within(recent: Any) -> set[Kind]:
            total = {kind: recent.get(kind, 0) + many for kind, many in _WRITES.items()}
            return set(_WRITES) - breaches(total, limits, None).keys()

        granted: set[Kind] = set()

        def grant(recent: Any) -> set[Kind]:
            granted.update(within(recent))
            return granted

        taken = await self._worker.counters.of_call(self._deadline).take(_WRITES, grant)
        return taken is not None and granted == set(_WRITES)

    async def _audit(self) -> dict[str, Verdict]:
        """Look for the last write in the audit log, which shows it minutes later: at this call or another."""
        written = await self._journal.written()
        if written is None or written.user != self._user_id:
            return {}
        age = self._worker.now - written.at
        if age > _KEPT_SECONDS:
            await self._journal.keep_written(None)
            return {}
        looks, at = self._worker.looks(self._deadline), datetime.fromtimestamp(written.at, UTC)
        own = (await looks.token()).principals
        try:
            found = await looks.write_seen(written.user, at, own, by_service=False)
            if found is None:
                return {"canary.auditLog": found_out.judge_own_entry(None, age, filtered=None)}
            filtered = await looks.write_seen(written.user, at, own, by_service=True) is not None
        except SyncError:
            return {"canary.auditLog": unknown("the audit log cannot be read", "", "See auditLog.")}
        # Asked for long after, it tells nothing of how late entries come.
        latency = {"auditLatency": round(age)} if age <= _LONGEST_LATENCY else {}
        await self._worker.facts.learn({"auditFilter": filtered, **latency})
        await self._journal.keep_written(None)
        return {"canary.auditLog": found_out.judge_own_entry(found, age, filtered=filtered)}


def _judged(account: Account | Verdict) -> Verdict:
    """Return the verdict on the account: what it must be before anything is tried on it."""
    if isinstance(account, Verdict):
        return account
    faults = account.faults if account.is_right else (*account.faults, "its phone is not its attribute's")
    if faults:
        return fault("; ".join(faults), "nothing is tried", _NOT_READY)
    return ok("disabled, in scope, and its phone is its attribute's")
