"""What the doctor reads, each thing apart: what goes wrong with one is told in its place.

1. Settings, secrets and storage, which need nobody.
2. Signing in; without a token nothing is asked of Graph.
3. Graph: the clock, people, groups, rights, logs.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from mfa_sync.api.canary_call import CanaryCall
from mfa_sync.api.secrets_found import secrets_found
from mfa_sync.api.worker import Worker
from mfa_sync.doctor import configuration, found_out, rights, tenant
from mfa_sync.doctor.rights import Features
from mfa_sync.doctor.verdict import State, Verdict, fault, ok, unknown
from mfa_sync.settings.settings import Settings
from mfa_sync.storage.table import StorageDownError, Write
from mfa_sync.telemetry.events import Event, record
from shared.clock import Deadline
from shared.errors import PermanentError, SyncError
from shared.phone_delivery import PhoneDelivery
from shared.policy import LastFactorGuard
from shared.scope import scope_refusal
from shared.tenant import Absent, ScopeSets, User

type Found = Mapping[str, Verdict]

_PARTITION, _BLOB = "doctor", "doctor/probe"
# Sign-in may be waited out, and leaves time for the rest.
_SIGN_IN_SHARE = 0.4
# The watchdog looks every few minutes; a run that has not moved since is one that nobody nudges.
_STUCK_SECONDS = 900.0
_RUNS_LOOKED_AT = 20
_OF_GRAPH = ("clock", "privileged", "auditLog", "delta", "smsAndVoice", "people", "attribute", "numbers")
_NO_TOKEN = unknown("not looked at", "nothing can be asked of Graph while signing in fails")


class Examination:
    """One look at everything, within one call's deadline."""

    def __init__(self, worker: Worker, deadline: Deadline, canary_by: str | None = None) -> None:
        """Take the worker and the time; `canary_by`: who wants the canary to be tried."""
        self._canary_by = canary_by
        self._worker = worker
        self._settings = worker.settings
        self._deadline = deadline
        self._looks = worker.looks(deadline)
        self._found: dict[str, Verdict] = {}

    async def _canary(self) -> Found:
        user_id = self._settings.canary_user
        if user_id is None:
            return {}
        call = CanaryCall(self._worker, self._deadline, user_id)
        return await (call.tried(self._canary_by) if self._canary_by else call.looked_at())

    async def everything(self) -> Found:
        """Return each check's verdict by its name; what is not used has none."""
        self._found["settings"] = configuration.judge_settings(*_of_settings(self._settings))
        await asyncio.gather(
            self._look(("vault",), self._secrets),
            self._look(("table",), self._table),
            self._look(("blobs",), self._blobs),
            self._look(("queue",), self._queue),
            self._look(("watchdog",), self._watchdog),
            self._graph(),
        )
        if self._found["signIn"].state is State.OK and self._settings.canary_user:
            # After the rest, which a burst of reads would slow down.
            await self._look(("canary",), self._canary)
        await self._look(("facts",), self._facts)
        return self._found

    async def _look(self, names: tuple[str, ...], look: Callable[[], Awaitable[Found]]) -> None:
        """Take what a look finds. What stops it is the verdict on what it was to find."""

        async def within() -> Found:
            return await look()

        try:
            self._found |= await self._deadline.within(within())
        except SyncError as error:
            state = State.FAULT if isinstance(error, PermanentError) else State.UNKNOWN
            self._fill(names, Verdict(state, error.detail, "", error.remedy))
        except StorageDownError:
            self._fill(names, configuration.storage_down(names[0]))
        except TimeoutError:
            self._fill(names, unknown("not looked at", "the call's time was over", "Call again."))
        except Exception as error:  # noqa: BLE001  one check's fault is told in its place, without its text
            record(Event.CHECK_FAILED, part=", ".join(names), cause=type(error).__name__)
            self._fill(names, unknown(f"a fault of this program: {type(error).__name__}", "", "Report it."))

    def _fill(self, names: tuple[str, ...], verdict: Verdict) -> None:
        self._found |= {name: verdict for name in names if name not in self._found}

    async def _secrets(self) -> Found:
        now, verdicts, answered = self._worker.clock.now(), dict[str, Verdict](), 0
        asked = 0
        async for use, found in secrets_found(self._worker):
            asked += 1
            if isinstance(found, SyncError):
                verdicts[f"secret.{use.name}"] = fault(
                    found.detail, "what needs it cannot work", found.remedy
                )
                continue
            answered += 1
            judge = configuration.judge_previous if use.is_previous else configuration.judge_secret
            verdicts[f"secret.{use.name}"] = judge(found, now)
        return {**verdicts, "vault": configuration.judge_vault(answered, asked)}

    async def _table(self) -> Found:
        table, clock = self._worker.table, self._worker.clock
        before, mark = clock.monotonic(), uuid.uuid4().hex  # another call's is another's
        await table.put(_PARTITION, Write(mark, {"mark": mark}))
        row = await table.get(_PARTITION, mark)
        await table.delete(_PARTITION, mark)
        came_back = row is not None and row.values.get("mark") == mark
        took = clock.monotonic() - before
        return {"table": configuration.judge_storage("the table", took, came_back=came_back)}

    async def _blobs(self) -> Found:
        blobs, clock = self._worker.blobs, self._worker.clock
        before, mark = clock.monotonic(), uuid.uuid4().hex
        name = f"{_BLOB}/{mark}"
        await blobs.put(name, mark.encode())
        came_back = await blobs.get(name) == mark.encode()
        await blobs.delete(name)
        took = clock.monotonic() - before
        return {"blobs": configuration.judge_storage("the container", took, came_back=came_back)}

    async def _queue(self) -> Found:
        runs, now = self._worker.runs, self._worker.now
        stored = [await runs.get(run_id) for run_id in (await runs.open())[:_RUNS_LOOKED_AT]]
        moving = [one.run for one in stored if one and one.run.state.is_moving]
        stuck = [
            run.id for run in moving if now - max(run.moved, run.owned_until, run.resume_at) > _STUCK_SECONDS
        ]
        stepped = [run.moved for run in await runs.newest(None, _RUNS_LOOKED_AT) if run.step > 0]
        moved = datetime.fromtimestamp(max(stepped), UTC) if stepped else None
        return {"queue": configuration.judge_queue(stuck, moved)}

    async def _watchdog(self) -> Found:
        came = await self._worker.runs.watched()
        return {"watchdog": configuration.judge_watchdog(None if came is None else self._worker.now - came)}

    async def _facts(self) -> Found:
        if self._settings.canary_user is None:
            return {}
        return {"facts": found_out.judge_facts(await self._worker.facts.known())}

    async def _graph(self) -> None:
        """Sign in, and look at what only Graph tells."""
        names = (*_OF_GRAPH, "forecast", "roles", *self._groups())
        await self._look(("signIn",), self._sign_in)
        if self._found["signIn"].state is not State.OK:
            self._fill(names, _NO_TOKEN)
            return
        await asyncio.gather(
            self._look(("clock",), self._clock),
            self._look(("people", "attribute", "numbers", "forecast"), self._people),
            self._look(("privileged",), self._privileged),
            self._look(("auditLog",), self._audit),
            self._look(("delta",), self._delta),
            self._look(("smsAndVoice",), self._delivery),
            *(self._look((name,), self._group(name, *of)) for name, of in self._groups().items()),
        )

    def _groups(self) -> dict[str, tuple[str, str]]:
        named = {
            "scopeGroup": ("SYNC_SCOPE_GROUP_ID", self._settings.scope_group_id),
            "excludeGroup": ("EXCLUDE_GROUP_ID", self._settings.exclude_group_id),
        }
        return {name: (setting, group) for name, (setting, group) in named.items() if group}

    async def _sign_in(self) -> Found:
        time = Deadline.after(self._worker.clock, self._deadline.remaining() * _SIGN_IN_SHARE)
        token = await self._worker.looks(time).token()
        app_only = self._settings.graph_auth.is_app_only
        who = "the app alone" if app_only else "the service account"
        return {
            "signIn": ok(f"signed in as {who} (GRAPH_AUTH={self._settings.graph_auth.value})"),
            "roles": rights.judge_roles(token.roles, app_only=app_only),
            **rights.judge_rights(token.rights, _features(self._settings)),
        }

    async def _clock(self) -> Found:
        return {"clock": configuration.judge_clock(await self._looks.clock_offset())}

    async def _people(self) -> Found:
        """Look at the first users; who is out of scope by a group shows only where that can be read."""
        users, more = await self._looks.first_users()
        sets = await self._sets()
        policy = self._settings.sweep_policy().scope
        ours = [user for user in users if scope_refusal(user, policy, sets) is None]
        returned = [user for user in ours if user.attribute is not Absent.NOT_RETURNED]
        holding = [user for user in returned if isinstance(user.attribute, str) and user.attribute.strip()]
        self._found |= {
            "people": tenant.judge_people(len(users), len(ours), sum(user.is_synced for user in ours)),
            "attribute": tenant.judge_attribute(len(ours), len(returned), len(holding)),
        }
        shown = await self._looks.phones_of([*holding, *(user for user in ours if user not in holding)])
        population = await self._population(users) if more else len(ours)
        forecast = tenant.judge_forecast(
            population,
            at_least=more,
            seconds_a_batch=shown.seconds if shown else None,
            limit=(await self._worker.facts.known()).methods_limit,
        )
        if shown is None:
            return {"numbers": unknown("nobody in scope was looked at"), "forecast": forecast}
        counts = shown.read, shown.refused, shown.whole, shown.masked
        return {"numbers": tenant.judge_numbers(*counts), "forecast": forecast}

    async def _sets(self) -> ScopeSets:
        try:
            return await self._worker.tenant(self._deadline).scope_sets()
        except SyncError:
            return ScopeSets()

    async def _population(self, users: list[User]) -> int:
        """Return how many users the last full sweep looked at, or those of the first page."""
        try:
            sweeps, _ = await self._worker.runs.sweeps()
            stored = await self._worker.runs.get(sweeps.last_full) if sweeps.last_full else None
        except StorageDownError:
            stored = None
        return max(stored.run.tally.users if stored else 0, len(users))

    async def _privileged(self) -> Found:
        token, found = await self._looks.token(), await self._looks.privileged()
        verdict = tenant.judge_privileged(
            len(found.known),
            whole=found.are_all,
            entra_limits=token.stops_at_administrators,
            refused=not self._settings.policy.scope.allow_privileged,
        )
        return {"privileged": verdict}

    async def _audit(self) -> Found:
        allowed, newest = await self._looks.newest_entry()
        now, facts = self._worker.clock.now(), await self._worker.facts.known()
        return {"auditLog": tenant.judge_audit(newest, now, allowed=allowed, filtered=facts.audit_filter)}

    async def _delta(self) -> Found:
        await self._looks.changes()
        return {"delta": ok("Graph tells who changes from now on")}

    async def _delivery(self) -> Found:
        allowed = await self._looks.methods_policy()
        has_provider = self._settings.policy.phone_delivery is PhoneDelivery.PROVIDER
        now = self._worker.clock.now()
        return {"smsAndVoice": tenant.judge_delivery(allowed, now, has_provider=has_provider)}

    def _group(self, name: str, setting: str, group_id: str) -> Callable[[], Awaitable[Found]]:
        async def look() -> Found:
            members = len(await self._looks.group(setting, group_id))
            return {name: tenant.judge_group(setting, members, narrows=name == "scopeGroup")}

        return look


def _features(settings: Settings) -> Features:
    return Features(
        last_factor=settings.policy.last_factor is not LastFactorGuard.OFF,
        groups=bool(settings.scope_group_id or settings.exclude_group_id),
        protects=not settings.policy.scope.allow_privileged,
        sweeps=settings.sweeps.mode != "off",
        app_only=settings.graph_auth.is_app_only,
    )


def _of_settings(settings: Settings) -> tuple[str, dict[str, str]]:
    """Return the modes in words, and what somebody should know of."""
    words = (
        f"GRAPH_AUTH={settings.graph_auth.value}, SWEEP_MODE={settings.sweeps.mode}, "
        f"PUSH_MODE={'plan' if settings.plan_only else 'apply'}"
    )
    payload, scope = settings.policy.payload_number_wins, settings.policy.scope
    notes = {
        "ALLOW_PAYLOAD_NUMBER=true": (payload, "whoever may push chooses the number"),
        "CLOUD_ONLY_USERS=allow": (scope.allow_cloud_only, "whoever edits such a user may choose the number"),
        "PRIVILEGED_TARGETS=allow": (scope.allow_privileged, "administrators' phones are written"),
        "SWEEP_MODE=off": (settings.sweeps.mode == "off", "what drifts is not found"),
        "PUSH_MODE=plan": (settings.plan_only, "pushes write nothing"),
    }
    return words, {name: what for name, (is_set, what) in notes.items() if is_set}
