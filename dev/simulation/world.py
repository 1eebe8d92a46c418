"""The tenant of one run, and the hands that change it in the middle."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

from dev.memory.blobs import MemoryBlobs
from dev.memory.faults import Chances
from dev.memory.table import MemoryTable
from dev.simulation.history import Trouble
from dev.simulation.in_process import Line, Network, transports_of
from dev.simulation.journal import OUTSIDER, Journal, at_work
from dev.simulation.mischief import Event
from dev.simulation.schedule import CANARY, Schedule
from dev.simulation.storage import WayToBlobs, WayToTable
from dev.simulation.virtual_time import VirtualClock
from dev.tenant import sample
from dev.tenant.front import Front
from dev.tenant.people import Group, Person, Phone
from dev.tenant.secrets_and_accounts import Account, AppRegistration
from dev.tenant.state import TenantState
from dev.tenant.switches import DEFAULT_GRANTS
from mfa_sync.api.doctor import doctor
from mfa_sync.api.worker import Call, Worker
from mfa_sync.composition import build_worker
from shared.clock import Clock

_SERVICE_ID = "00000000-0000-4000-8000-00000000feed"
_EMERGENCY_ID = "00000000-0000-4000-8000-00000000911a"
_UNUSED = "+46701740699"
_A_DAY = 24 * 3600
_SLOW_SECONDS = 1.5


class World:
    """One run's tenant, its journal and what happens to it.

    Attributes:
        handshake: The word that callers send now.
        killed: Told of a worker's line that was cut.
    """

    def __init__(self, schedule: Schedule, clock: VirtualClock) -> None:
        self.schedule = schedule
        self.loop = clock.loop
        self.state = TenantState(clock.epoch, asyncio.sleep, schedule.seed)
        self.journal = Journal(clock.monotonic)
        self.network = Network(Front(self.state), self.loop)
        self._storage_seconds = 0.0
        self._table = MemoryTable(schedule.seed, self._spend_on_storage)
        self._blobs = MemoryBlobs(schedule.seed, self._spend_on_storage)
        self.stored: list[str] = []
        self.handshake = sample.HANDSHAKE
        self.password = sample.PASSWORD
        self.client_secret = sample.CLIENT_SECRET
        self.secrets = [one for one in sample.SECRET_NAMES.values() if one != sample.SERVICE_ACCOUNT]
        self.troubles: list[Trouble] = []
        self.struck: Counter[str] = Counter()
        self.most_failed_sign_ins = 0
        self.killed: Callable[[Line], None] = lambda _: None
        self._to_come = list(schedule.events)
        self._fill()
        self.network.before_call = self._before_call
        self.network.after_sign_in = self._after_sign_in

    def _fill(self) -> None:
        state, schedule = self.state, self.schedule
        for name, value in schedule.switches.items():
            setattr(state.switches, name, value)
        hidden = set() if schedule.may_read_roles else {"RoleManagement.Read.Directory"}
        state.switches.grants = [grant for grant in DEFAULT_GRANTS if grant not in hidden]
        for member in schedule.cast.members:
            if member.exists:
                state.add_person(member.person)
                self.journal.begin(member.person)
        service = state.find_person(sample.SERVICE_ACCOUNT)
        if service is None:
            service = state.add_person(Person(_SERVICE_ID, sample.SERVICE_ACCOUNT))
        service.roles, service.enabled = [schedule.role], True
        if schedule.finds_out:
            canary = Person(
                CANARY, "canary@contoso.com", attribute=_UNUSED, phones={"mobile": Phone(_UNUSED)}
            )
            canary.enabled = False
            state.add_person(canary)
            if schedule.cast.scope:
                schedule.cast.scope.members.append(CANARY)
        for group in (schedule.cast.scope, schedule.cast.exclude, schedule.cast.assignable):
            if group is not None:
                state.groups[group.id] = group
        # No tenant is without a Global Administrator.
        state.groups[_EMERGENCY_ID] = Group(_EMERGENCY_ID, "Emergency", roles=["Global Administrator"])
        possible = [one for one in schedule.cast.members if one.person.eligible_roles]
        self.struck["roles not readable"] += not schedule.may_read_roles
        self.struck["exclude group hidden"] += schedule.hides_excluded
        self.struck["eligible for a role"] += len(possible)
        self.struck["eligible, no PIM"] += bool(possible) and not schedule.switches["pim_licence"]
        state.add_account(Account(sample.SERVICE_ACCOUNT, self.password))
        state.apps[sample.CLIENT_ID] = AppRegistration(sample.CLIENT_ID, secrets=[self.client_secret])
        for name, value in sample.SECRET_NAMES.items():
            state.put_secret(name, value, vault=sample.VAULT_NAME)
        self.state.faults.extend(fault for _, fault in schedule.faults)

    @property
    def _account(self) -> Account:
        return self.state.accounts[sample.SERVICE_ACCOUNT]

    async def find_out(self, worker: Worker) -> None:
        """Try the canary before anything goes wrong, so that a run goes by what this tenant is like."""
        faults, to_come = list(self.state.faults), self._to_come
        self.state.faults.clear()
        self._to_come = []
        body, headers = b'{"canary": true}', {"message": sample.APPROVER_HANDSHAKE}
        await doctor(Call(worker, headers, {}, body))
        found = await worker.facts.known()
        self.struck.update(f"found out: {one.kind.name}" for one in found.found if not one.unused)
        self.state.faults.extend(faults)
        self._to_come, self.network.calls = to_come, 0

    def before_step(self, step: int) -> None:
        """Let happen what is to happen before a step."""
        for event in [one for one in self._to_come if not one.at_call and one.at_step == step]:
            self._happen(event, None)

    def calm(self) -> None:
        """End all that goes wrong: what is left to come does not come, and what is broken is mended."""
        self._to_come.clear()
        state, switches = self.state, self.state.switches
        state.faults.clear()
        switches.vault = switches.identity = "ok"
        switches.token_error = switches.token_status = None
        switches.methods_limit = switches.directory_limit = None
        switches.graph_latency, switches.graph_latency_spread = 0.05, 0.0
        for group in state.groups.values():
            group.visibility = None
        self._relent()
        self._mend_storage()
        self._publish_password()
        self._put("mfa-sync-client-secret", self.client_secret)
        now = self.loop.time()
        self.troubles = [Trouble(one.kind, one.since, min(one.until, now)) for one in self.troubles]

    async def _spend_on_storage(self) -> None:
        await asyncio.sleep(self._storage_seconds)

    def _mend_storage(self) -> None:
        self._storage_seconds = 0.0
        self._storage_is(Chances(), is_down=False)

    def _storage_is(self, chances: Chances, *, is_down: bool) -> None:
        for one in (self._table, self._blobs):
            one.chances, one.down = chances, is_down

    def worker(self, environ: Mapping[str, str], clock: Clock) -> tuple[Worker, Line]:
        """Return one new worker, and the line that everything of it hangs on."""
        line = Line(self.network)
        table = WayToTable(self._table, line, self.stored)
        blobs = WayToBlobs(self._blobs, line, self.stored)
        return build_worker(environ, clock, transports_of(line), table=table, blobs=blobs), line

    def _relent(self) -> None:
        self._account.mfa_required = False

    def _publish_password(self) -> None:
        self._put("mfa-sync-password", self.password)

    def _put(self, name: str, value: str) -> None:
        """Give a secret this value, by a new version only if it has another one."""
        if self.state.vaults[sample.VAULT_NAME][name][-1].value != value:
            self.state.put_secret(name, value, vault=sample.VAULT_NAME)

    def _after_sign_in(self) -> None:
        failed = len(self._account.failed_sign_ins)
        self.most_failed_sign_ins = max(self.most_failed_sign_ins, failed)

    def _before_call(self, number: int, line: Line) -> float:
        late = 0.0
        for event in [one for one in self._to_come if one.at_call == number]:
            if event.kind == "call arrives late":
                late = float(event.value)
                self._to_come.remove(event)
                self.struck[event.kind] += 1
            else:
                self._happen(event, line)
        return late

    def _happen(self, event: Event, line: Line | None) -> None:
        self._to_come.remove(event)
        doing = at_work.set(OUTSIDER)
        try:
            doers = (self._outage, self._stores, self._credentials, self._personal)
            if any(do(event) for do in doers):
                self.struck[event.kind] += 1
            elif event.kind == "worker killed" and line is not None:
                self.struck[event.kind] += 1
                # On odd seeds the call that is about to arrive still does.
                if self.schedule.seed % 2:
                    self.loop.call_soon(self.killed, line)
                else:
                    self.killed(line)
        finally:
            at_work.reset(doing)

    def _trouble(self, kind: str, seconds: float) -> None:
        now = self.loop.time()
        self.troubles.append(Trouble(kind, now, now + seconds))

    def _outage(self, event: Event) -> bool:
        switches = self.state.switches
        modes: dict[str, tuple[str, object, object]] = {
            "identity 500": ("identity", "500", "ok"),
            "identity 500 empty": ("identity", "500-empty", "ok"),
            "vault throttled": ("vault", "throttled", "ok"),
            "vault unavailable": ("vault", "unavailable", "ok"),
            "vault forbidden": ("vault", "rbac", "ok"),
            "sign-in transient": ("token_error", 90033, None),
            "sign-in throttled": ("token_status", 429, None),
        }
        if event.kind not in modes:
            return False
        name, during, after = modes[event.kind]
        setattr(switches, name, during)
        self.loop.call_later(event.lasting, setattr, switches, name, after)
        if event.kind == "vault forbidden":
            self._trouble(event.kind, event.lasting)
        return True

    def _stores(self, event: Event) -> bool:
        if not event.kind.startswith("storage"):
            return False
        match event.kind:
            case "storage slow":
                self._storage_seconds = _SLOW_SECONDS
            case "storage unsteady":
                self._storage_is(Chances(0.2, 0.2, 0.2), is_down=False)
            case _:
                self._storage_is(Chances(), is_down=True)
        self.loop.call_later(event.lasting, self._mend_storage)
        return True

    def _credentials(self, event: Event) -> bool:
        kind, name = event.kind, f"-{len(self.secrets)}"
        if kind == "tokens revoked":
            self.state.tokens.clear()
        elif kind == "mfa demanded":
            self._account.mfa_required = True
            self.loop.call_later(event.lasting, self._relent)
            self._trouble(kind, event.lasting)
        elif kind.startswith("password rotated"):
            self.password = self._account.password = f"{sample.PASSWORD}{name}"
            self.secrets.append(self.password)
            self.state.refresh_tokens.clear()
            self._trouble(kind, event.lasting)
            if event.lasting:
                self.loop.call_later(event.lasting, self._publish_password)
            else:
                self._publish_password()
        elif kind == "client secret rotated":
            self.client_secret = f"{sample.CLIENT_SECRET}{name}"
            self.secrets.append(self.client_secret)
            self.state.apps[sample.CLIENT_ID].secrets = [self.client_secret]
            self._put("mfa-sync-client-secret", self.client_secret)
            self._trouble(kind, 0.0)
        elif kind == "handshake rotated":
            ahead = int(self.state.clock()) + _A_DAY
            self.state.put_secret(
                "mfa-sync-handshake-previous", self.handshake, vault=sample.VAULT_NAME, exp=ahead
            )
            self.handshake = f"{sample.HANDSHAKE}{name}"
            self.secrets.append(self.handshake)
            self._put("mfa-sync-handshake", self.handshake)
        else:
            return False
        return True

    def _personal(self, event: Event) -> bool:
        person = self.state.people.get(event.who)
        if person is None:
            return False
        kind = event.kind
        if kind in {"outsider writes", "outsider writes alike", "outsider deletes"}:
            self._write(person, event)
        elif kind.startswith("attribute changes"):
            person.attribute = event.value
        elif kind == "attribute emptied":
            person.attribute = None
        elif kind == "user deleted":
            self.state.remove_person(person)
        elif kind == "moved out of reach":
            person.refuse_access = True
        elif kind == "becomes privileged":
            person.roles = ["Global Administrator"]
        else:
            return False
        self.journal.note(person, exists=kind != "user deleted")
        return True

    def _write(self, person: Person, event: Event) -> None:
        """Let somebody outside change the phone, as the Entra admin centre would."""
        phones = {name: phone for name, phone in person.phones.items() if name != "mobile"}
        number = str(event.value)
        if event.kind == "outsider writes alike" and "mobile" in person.phones:
            number = self.schedule.numbers.alike(person.phones["mobile"].number.partition("x")[0]) or number
        if event.kind == "outsider deletes":
            if "alternateMobile" in phones:
                return
        else:
            phones = {"mobile": Phone(number), **phones}
        now = self.state.clock()
        person.write_phones(phones, now + self.state.switches.write_lag, now)
