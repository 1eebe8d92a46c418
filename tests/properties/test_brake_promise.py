"""No sequence of calls, rotations and crashes locks the account, and a repair heals by itself.

The same holds for an app alone, though nobody can lock it: what was told wrong is not sent again.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mfa_sync.sign_in.aadsts import THROTTLED, Refusal, refusal_of
from mfa_sync.sign_in.brake import Brake
from mfa_sync.sign_in.brake_rules import Hold, Versions
from mfa_sync.sign_in.entra import Granted, NotSent, Refused, Unanswered
from tests.clocks import FakeClock
from tests.shared_table import SharedTable

# US Government locks at the third failure; told of anything that waits for a person, all workers stop at six.
LOCKS_AT, TOLD_AT_MOST, COUNTED_FOR = 3, 6, 1800.0
CACHED_FOR = 300.0
KINDS = ("username", "password", "client_secret")
WRONG = {"username": 50034, "password": 50126, "client_secret": 7000215}


def at_once[T](work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns; with this clock and this table it never waits for anybody."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("It waits.")


def wrongs_of(versions: Versions) -> dict[int, str]:
    """Return what each verdict about a secret would prove wrong for good."""
    return {
        WRONG["password"]: f"{versions.username} {versions.password}",
        WRONG["client_secret"]: versions.client_secret,
    }


class SkewedClock(FakeClock):
    """Another machine's wall clock."""

    def __init__(self, common: FakeClock, skew: float) -> None:
        super().__init__()
        self._common = common
        self._skew = timedelta(seconds=skew)

    def now(self) -> datetime:
        """Return what this machine takes for the time."""
        return self._common.now() + self._skew

    def monotonic(self) -> float:
        """Return the seconds that have passed for everybody."""
        return self._common.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let them pass for everybody."""
        await self._common.sleep(seconds)


@dataclass
class Entra:
    """Counts wrong passwords in a row, in the half hour that the severest common policy looks back."""

    clock: FakeClock
    right: dict[str, set[str]]
    failures: list[float] = field(default_factory=list)
    policy: bool = False
    fault: bool = False
    locked_by_others_until: float = 0.0

    def verdict(self, versions: Versions) -> Refusal | None:
        """Return what it says to a password; None: a token."""
        now = self.clock.monotonic()
        if self.fault:
            return THROTTLED
        for kind in ("client_secret", "username"):
            if getattr(versions, kind) not in self.right[kind]:
                return refusal_of({"error_codes": [WRONG[kind]]})
        if now < self.locked_by_others_until:
            return refusal_of({"error_codes": [50053]})
        if versions.password not in self.right["password"]:
            self.failures = [when for when in self.failures if when > now - COUNTED_FOR] + [now]
            return refusal_of({"error_codes": [50126]})
        self.failures.clear()
        return refusal_of({"error_codes": [53003]}) if self.policy else None


@dataclass
class Worker:
    """One process: its brake, what it read of the vault, and the trial that it is in."""

    brake: Brake
    read: Versions
    read_at: float
    trial: Versions | None = None
    verdict: Refusal | None = None
    was_sent: bool = False


class ManyWorkers(RuleBasedStateMachine):
    """Workers that come and go, around one account."""

    kinds: tuple[str, ...] = KINDS
    secret = "password"

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.table = SharedTable()
        self.vault = dict.fromkeys(self.kinds, 0)
        # What a sign-in does without is empty, and right.
        self.entra = Entra(self.clock, {kind: {"0" if kind in self.kinds else ""} for kind in KINDS})
        self.workers: list[Worker] = []
        self.had_outage = False
        self.told_wrong: set[tuple[int, str]] = set()
        self.told_at: list[float] = []

    # The world
    # ---------

    @rule(seconds=st.sampled_from([1.0, 11.0, 61.0, 91.0, 301.0, 601.0, 1801.0]))
    def time_passes(self, seconds: float) -> None:
        """For everybody."""
        self.clock.advance(seconds)

    @rule(kind=st.sampled_from(KINDS), is_right=st.booleans())
    def rotate(self, kind: str, *, is_right: bool) -> None:
        """Somebody stores a new version, which may be wrong; and Entra no longer takes the former ones."""
        if kind not in self.kinds:
            return
        self.vault[kind] += 1
        self.entra.right[kind] = {str(self.vault[kind])} if is_right else set()

    @rule(kind=st.sampled_from(KINDS))
    def change_in_entra_alone(self, kind: str) -> None:
        """What the vault holds is wrong from now on."""
        if kind in self.kinds:
            self.entra.right[kind] = set()

    @rule(policy=st.booleans(), fault=st.booleans(), lock=st.booleans())
    def entra_changes(self, *, policy: bool, fault: bool, lock: bool) -> None:
        """A policy, a fault of the service, or a lock that somebody else causes."""
        self.entra.policy, self.entra.fault = policy, fault
        self.entra.locked_by_others_until = self.clock.monotonic() + 900 if lock else 0.0

    @rule()
    def storage_goes_or_comes(self) -> None:
        """An outage begins or ends."""
        self.table.down = not self.table.down
        self.had_outage = True

    @rule()
    @precondition(lambda self: not self.table.down)
    def an_answer_of_the_storage_is_lost(self) -> None:
        """The next write is done and looks as if it were not."""
        self.table.answers_lost = 1

    # The workers
    # -----------

    @rule(skew=st.sampled_from([0.0, -170.0, 170.0]))
    @precondition(lambda self: not self.table.down and len(self.workers) < 4)
    def cold_start(self, skew: float) -> None:
        """The host starts no worker without its storage; the worker pushes at once."""
        brake = Brake(self.table, "contoso_app", SkewedClock(self.clock, skew))
        self.workers.append(Worker(brake, self._latest(), self.clock.monotonic()))
        self._push(self.workers[-1])

    @rule(choice=st.integers(0, 3))
    @precondition(lambda self: self.workers)
    def push(self, choice: int) -> None:
        """A call needs a token: the worker enters its trial, or stops."""
        worker = self.workers[choice % len(self.workers)]
        if worker.trial is None:
            self._push(worker)

    @rule(choice=st.integers(0, 3))
    @precondition(lambda self: self.workers)
    def send(self, choice: int) -> None:
        """The password reaches Entra."""
        worker = self.workers[choice % len(self.workers)]
        if worker.trial and not worker.was_sent:
            worker.verdict, worker.was_sent = self.entra.verdict(worker.trial), True

    @rule(choice=st.integers(0, 3), is_lost=st.booleans())
    @precondition(lambda self: self.workers)
    def end(self, choice: int, *, is_lost: bool) -> None:
        """The answer comes, or is lost; or nothing was ever sent."""
        worker = self.workers[choice % len(self.workers)]
        if worker.trial:
            self._end(worker, is_lost=is_lost)

    @rule(
        rotates=st.booleans(),
        fate=st.sampled_from(["told", "lost", "killed"]),
        times=st.sampled_from([1, 3, 12]),
    )
    @precondition(lambda self: not self.table.down)
    def bad_luck(self, *, rotates: bool, fate: str, times: int) -> None:
        """Cold workers, one after another, send what is wrong; nobody may hear how it ended."""
        for _ in range(times):
            if rotates:
                self.rotate(self.secret, is_right=False)
            self.workers = self.workers[-3:]
            self.cold_start(0.0)
            self.send(len(self.workers) - 1)
            if fate == "killed":
                self.crash(len(self.workers) - 1)
                self.clock.advance(91)
            elif self.workers[-1].trial:
                self._end(self.workers[-1], is_lost=fate == "lost")
                self.clock.advance(11)

    @rule(choice=st.integers(0, 3))
    @precondition(lambda self: self.workers)
    def crash(self, choice: int) -> None:
        """Killed, whatever it was doing."""
        del self.workers[choice % len(self.workers)]

    # The promise
    # -----------

    @invariant()
    def we_lock_nobody(self) -> None:
        """Whatever happens to the storage."""
        assert len(self.entra.failures) < LOCKS_AT
        told = [when for when in self.told_at if when > self.clock.monotonic() - COUNTED_FOR]
        assert self.had_outage or len(told) <= TOLD_AT_MOST

    @rule()
    def a_repair_heals_by_itself(self) -> None:
        """The right secrets are stored, time passes: a warm worker and a cold one get their token."""
        self.table.down, self.table.answers_lost = False, 0
        self.entra_changes(policy=False, fault=False, lock=False)
        for kind in self.kinds:
            self.rotate(kind, is_right=True)
        for worker in self.workers:
            if worker.trial:
                self._end(worker, is_lost=False)
        self.clock.advance(2 * 1801)
        cold = Worker(Brake(self.table, "contoso_app", self.clock), self._latest(), self.clock.monotonic())
        for worker in (*self.workers, cold):
            self._push(worker)
            assert worker.trial
            worker.verdict, worker.was_sent = self.entra.verdict(worker.trial), True
            assert worker.verdict is None
            self._end(worker, is_lost=False)

    def _push(self, worker: Worker) -> None:
        """As the sign-in does it: what is cached, then what the vault has, looked up once a minute."""
        if self.clock.monotonic() - worker.read_at > CACHED_FOR:
            worker.read, worker.read_at = self._latest(), self.clock.monotonic()
        hold: Hold | None = at_once(worker.brake.enter(worker.read))
        while hold and hold.heals_by_version and worker.brake.may_look_up() and worker.read != self._latest():
            worker.read, worker.read_at = self._latest(), self.clock.monotonic()
            hold = at_once(worker.brake.enter(worker.read))
        if hold is None:
            assert self.told_wrong.isdisjoint(wrongs_of(worker.read).items())
            worker.trial, worker.verdict, worker.was_sent = worker.read, None, False

    def _end(self, worker: Worker, *, is_lost: bool) -> None:
        trial, worker.trial = worker.trial, None
        assert trial
        if not worker.was_sent:
            at_once(worker.brake.ended(NotSent("nobody"), trial))
        elif is_lost:
            at_once(self._lost(worker.brake, trial))
        elif worker.verdict:
            number = worker.verdict.number
            if number in wrongs_of(trial) and not self.had_outage:
                self.told_wrong.add((number, wrongs_of(trial)[number]))
            if not worker.verdict.healing.needs_nobody:
                self.told_at.append(self.clock.monotonic())
            at_once(worker.brake.ended(Refused(worker.verdict), trial))
        else:
            at_once(worker.brake.ended(Granted("token", 3600), trial))

    def _lost(self, brake: Brake, trial: Versions) -> Coroutine[Any, Any, None]:
        return brake.ended(Unanswered("lost"), trial)

    def _latest(self) -> Versions:
        return Versions(**{kind: str(version) for kind, version in self.vault.items()})


class AppAlone(ManyWorkers):
    """Workers of an app that signs in with its client secret alone."""

    kinds = ("client_secret",)
    secret = "client_secret"

    def _lost(self, brake: Brake, trial: Versions) -> Coroutine[Any, Any, None]:
        """Nobody can lock an app: a lost verdict is a fault of the service."""
        return brake.ended(Refused(THROTTLED), trial)


_SEARCH = settings(max_examples=150, stateful_step_count=60, deadline=None, derandomize=True, database=None)
TestTheBrakesPromise = ManyWorkers.TestCase
TestTheBrakesPromise.settings = _SEARCH
TestTheBrakesPromiseForAnAppAlone = AppAlone.TestCase
TestTheBrakesPromiseForAnAppAlone.settings = settings(_SEARCH, max_examples=80)
