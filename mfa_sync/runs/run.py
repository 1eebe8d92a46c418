"""A run and what moves it. Pure: no clock, no storage (docs/runs.md).

    planning -> (held | applying) -> finished | failed | discarded | stopped | superseded

Each step belongs to one worker at a time: it claims the run, works, and stores the next step's number in one
write. So a step that is repeated, late or done twice at once changes nothing twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from copy import replace
from enum import StrEnum

import msgspec

from mfa_sync.runs.kept import Kept, dump
from shared.codes import Code
from shared.tenant import Kind

MOST_ATTEMPTS = 5
"""How often one step is begun, and its end never seen, before the run has failed."""

LONGEST_DELAY_SECONDS = 6 * 3600.0
"""How long a run may stand still while a service is out of reach: longer than most outages."""

HELD_SECONDS = 72 * 3600.0
"""How long a held plan waits for a decision. Older, the tenant has moved on."""

DIGEST_LENGTH = 16
"""How much of a page's digest is kept to know it by: nobody finds another page that begins so."""

MOST_PAGES = 1500
"""How many pages' digests fit into a head."""


class RunKind(StrEnum):
    """What a run covers."""

    FULL = "full"  # everybody in scope
    CHANGED = "changed"  # who changed since the last finished sweep
    PUSH = "push"  # the rows of one call
    READINESS = "readiness"  # what everybody in scope has registered; it writes nothing

    @property
    def is_sweep(self) -> bool:
        """Whether it looks after phones whose users nobody named."""
        return self in {RunKind.FULL, RunKind.CHANGED}


class State(StrEnum):
    """Where a run stands."""

    PLANNING = "planning"
    HELD = "held"
    APPLYING = "applying"
    FINISHED = "finished"
    FAILED = "failed"
    DISCARDED = "discarded"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"

    @property
    def is_moving(self) -> bool:
        """Whether nudges move it."""
        return self in {State.PLANNING, State.APPLYING}

    @property
    def is_final(self) -> bool:
        """Whether nothing moves it any more."""
        return not self.is_moving and self is not State.HELD


class UnknownRunError(Exception):
    """There is no run of this id, or no longer."""


class WrongStateError(Exception):
    """What is asked of a run does not fit its state. The text is fit for the operator who asked."""


class Verdict(msgspec.Struct, frozen=True):
    """Who let a held plan go on, or ended a run, and why.

    Attributes:
        what: approved, discarded or stopped.
        by: The principal's object id and name, or "key" where only a key and a handshake told.
        at: Seconds since 1970.
        reason: The operator's words.
        kinds: The kinds of change that were approved; empty for all.
    """

    what: str
    by: str
    at: float
    reason: str
    kinds: tuple[Kind, ...] = ()


class Tally(msgspec.Struct, frozen=True):
    """How many users a run has met, by what was found and what became of it.

    Attributes:
        users: Everybody looked at.
        unchanged: As desired, or to be left alone.
        holders: In scope and with a number registered: the managed population.
        planned: Changes by kind.
        refused: Users for whom nothing can be planned, by code.
        outcomes: What became of the planned changes, by outcome.
        codes: And by code, where they were refused or failed.
        readiness: Of a readiness run, those in scope by what they have registered; not there in others.

    Codes and outcomes are kept as words: a version that knows fewer of them must still read the run.
    """

    users: int = 0
    unchanged: int = 0
    holders: int = 0
    planned: dict[Kind, int] = {}
    refused: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    codes: dict[str, int] = {}
    readiness: dict[str, int] | msgspec.UnsetType = msgspec.UNSET

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(
            self.users + other.users,
            self.unchanged + other.unchanged,
            self.holders + other.holders,
            _sum(self.planned, other.planned),
            _sum(self.refused, other.refused),
            _sum(self.outcomes, other.outcomes),
            _sum(self.codes, other.codes),
            _sum(self.readiness or {}, other.readiness or {}) or msgspec.UNSET,
        )


class Run(Kept, frozen=True):
    """The head of a run: all that steps, operators and callers need to know, and never a number.

    Attributes:
        id: Its name: time, kind, and for others than scheduled sweeps a nonce.
        kind: What it covers.
        created: When it was begun, in seconds since 1970.
        moved: When its state or step last changed.
        apply: Whether it may go on without a person where the limits allow.
        state: Where it stands.
        step: The number of the next step.
        cursor: Where planning goes on, in words of the planner; None when all is planned.
        applying: Whether it has begun to be applied.
        pages: How many pages the plan has.
        applied: How many of them were applied.
        tally: What was found and done.
        digest: Of all that is shown, chained: of its pages, and of why it is held. What an approval names.
        digests: Of each page, as far as it takes to know one from another.
        over: The kinds of change that are over a limit.
        held_for: Why it is held.
        limits: The limits that were in force, by kind, in words.
        decision: What a person decided.
        started_by: Who began it by hand, in words as of a decision; empty: the schedule, or a push.
        owner: Who works on the step now; empty: nobody.
        owned_until: When that claim ends.
        attempts: How often the present step was begun, and its end was not seen.
        resume_at: When the step may be tried again; 0: at once.
        trace: The span that it was begun in, as W3C's traceparent; empty where nothing is traced.
        detail: Why it failed, or what it could not do.
        seals: Of notes that are shown or decide, by name; not there on runs that former versions began.
        made: What it wrote, or may have, by kind; not there unless all its pages were looked back at.
    """

    id: str
    kind: RunKind
    created: float
    moved: float
    apply: bool
    state: State = State.PLANNING
    step: int = 0
    cursor: str | None = ""
    applying: bool = False
    pages: int = 0
    applied: int = 0
    tally: Tally = msgspec.field(default_factory=Tally)
    digest: str = ""
    digests: tuple[str, ...] = ()
    over: tuple[Kind, ...] = ()
    held_for: tuple[str, ...] = ()
    limits: dict[str, str] = msgspec.field(default_factory=dict)
    decision: Verdict | None = None
    started_by: str = ""
    owner: str = ""
    owned_until: float = 0.0
    attempts: int = 0
    resume_at: float = 0.0
    detail: str = ""
    trace: str = ""
    seals: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    made: dict[Kind, int] | msgspec.UnsetType = msgspec.UNSET

    def seal(self, name: str) -> str:
        """Return the seal of the note of that name; empty for none."""
        return (self.seals or {}).get(name, "")

    def sealed(self, seals: Mapping[str, str]) -> Run:
        """Return the run with seals of notes more."""
        return replace(self, seals={**(self.seals or {}), **seals})

    @property
    def was_applying(self) -> bool:
        """Whether it stands, or ended, amid being applied: its present page may be half written."""
        return self.applied < self.pages and self.applying

    def is_claimed(self, now: float) -> bool:
        """Return whether somebody works on it, as far as can be known."""
        return bool(self.owner) and self.owned_until > now

    def claimed(self, owner: str, now: float, seconds: float) -> Run:
        """Return the run in the hands of `owner` for so long; failed, if its step was begun too often."""
        vain = ""
        if now - self.moved > LONGEST_DELAY_SECONDS:
            vain = f"Nothing could be done for {LONGEST_DELAY_SECONDS / 3600:g} hours."
        elif self.attempts >= MOST_ATTEMPTS:
            vain = f"Step {self.step} was begun {self.attempts} times and never ended."
        if vain:
            return self.failed(f"{vain} {self.detail}".strip(), now)
        return replace(self, owner=owner, owned_until=now + seconds, attempts=self.attempts + 1)

    def planned(self, page_digests: tuple[str, ...], tally: Tally, cursor: str | None, now: float) -> Run:
        """Return the run with more pages in its plan. A cursor of None says that the plan is whole."""
        if self.pages + len(page_digests) > MOST_PAGES:
            return self.failed(
                f"Its plan has over {MOST_PAGES} pages of changes. Sync in parts, by scope.", now
            )
        digest = self.digest
        for one in page_digests:
            digest = _chained(digest, one)
        return replace(
            self._next(now),
            pages=self.pages + len(page_digests),
            tally=self.tally + tally,
            cursor=cursor,
            digest=digest,
            digests=(*self.digests, *(one[:DIGEST_LENGTH] for one in page_digests)),
        )

    def replanned(self, page: int, digest: str, refused: Counter[Kind]) -> Run:
        """Return the run with one page replaced by that of the digest, which refuses so many changes."""
        code = {Code.SHARED_NUMBER.value: refused.total()}
        return replace(
            self,
            tally=replace(
                self.tally,
                planned=dict(Counter(self.tally.planned) - refused),
                refused=_sum(self.tally.refused, code),
            ),
            digest=_chained(self.digest, digest),
            digests=(*self.digests[:page], digest[:DIGEST_LENGTH], *self.digests[page + 1 :]),
        )

    def guarded(
        self, held_for: tuple[str, ...], over: tuple[Kind, ...], limits: dict[str, str], now: float
    ) -> Run:
        """Return the run as the guard leaves it: held, or going on to be applied.

        A held one's digest covers what is shown beside its pages too: why it waits, the limits, the counts.
        """
        state = State.HELD if held_for else State.APPLYING
        beside = dump([held_for, over, limits, self.tally])
        return replace(
            self._next(now),
            digest=_chained(self.digest, beside) if held_for else self.digest,
            state=state,
            applying=state is State.APPLYING,
            held_for=held_for,
            over=over,
            limits=limits,
        )

    def approved(self, digest: str, verdict: Verdict) -> Run:
        """Return the held run on its way; the same run where it was approved so before.

        Raises:
            WrongStateError: It is not held, or the plan shown was another.
        """
        if digest == self.digest and self.decision and self.decision == replace(verdict, at=self.decision.at):
            return self
        if self.state is not State.HELD:
            raise WrongStateError(f"The run is {self.state}, not held.")
        if digest != self.digest:
            raise WrongStateError("The digest is not that of the run's plan: read the run again.")
        return replace(self._next(verdict.at), state=State.APPLYING, applying=True, decision=verdict)

    def ended_by(self, verdict: Verdict) -> Run:
        """Return the run discarded (only a held one) or stopped (any that is not final).

        Raises:
            WrongStateError: It cannot be.
        """
        state = State(verdict.what)
        if self.state is state:
            return self
        if self.state.is_final or (state is State.DISCARDED and self.state is not State.HELD):
            raise WrongStateError(f"The run is {self.state}.")
        return replace(self._next(verdict.at), state=state, decision=verdict)

    def superseded(self, by: str, now: float) -> Run:
        """Return the held run given up for a newer one."""
        return replace(self._next(now), state=State.SUPERSEDED, detail=f"Superseded by {by}.")

    def expired(self, now: float) -> Run:
        """Return the run discarded for want of a decision."""
        hours = HELD_SECONDS / 3600
        return replace(self._next(now), state=State.DISCARDED, detail=f"Held for {hours:g} hours undecided.")

    def applied_page(self, tally: Tally, now: float) -> Run:
        """Return the run with one page more applied."""
        return replace(self._next(now), applied=self.applied + 1, tally=self.tally + tally)

    def finished(self, now: float, over: tuple[Kind, ...] = ()) -> Run:
        """Return the run at its end; a dry run with the kinds that would have been over a limit."""
        return replace(self._next(now), state=State.FINISHED, over=over or self.over)

    def failed(self, detail: str, now: float) -> Run:
        """Return the run given up."""
        return replace(self._next(now), state=State.FAILED, detail=detail)

    def delayed(self, detail: str, until: float) -> Run:
        """Return the run free for another attempt at the same step, not before a moment.

        It ended, if in vain: so it does not count as one of the attempts that kill their worker.
        """
        return replace(
            self, owner="", owned_until=0.0, attempts=self.attempts - 1, resume_at=until, detail=detail
        )

    def approves(self, kind: Kind) -> bool:
        """Return whether changes of this kind may be made."""
        return not (self.decision and self.decision.kinds) or kind in self.decision.kinds

    def _next(self, now: float) -> Run:
        return replace(
            self, step=self.step + 1, owner="", owned_until=0.0, attempts=0, resume_at=0.0, moved=now
        )


def _chained(digest: str, following: str) -> str:
    return hashlib.sha256(f"{digest}\n{following}".encode()).hexdigest()


def _sum[Word: str](one: Mapping[Word, int], other: Mapping[Word, int]) -> dict[Word, int]:
    return dict(Counter(one) + Counter(other))
