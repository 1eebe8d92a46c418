"""A plan: what should happen to whom, and why. A value that is counted, guarded, shown and applied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from shared.codes import Code
from shared.outcome import Note, Outcome
from shared.phone_number import ObservedNumber, PhoneNumber
from shared.tenant import Change, Kind, PhoneMethods, Unreadable, User


class Expectation(Protocol):
    """A number that a caller believes in, where it may not be kept as such."""

    def meets(self, number: PhoneNumber | None) -> bool:
        """Return whether it is this number."""
        ...


@dataclass(frozen=True, slots=True)
class Intent:
    """What a caller asks for one user, besides "make it agree".

    Attributes:
        keep_when_empty: OverwriteNull=0: an empty attribute leaves the registered number alone.
        mobile: The number that the caller believes in; None if it states none.
        expectation: The same, of a call whose rows were kept in storage.
    """

    keep_when_empty: bool = False
    mobile: str | None = field(default=None, repr=False)
    expectation: Expectation | None = None


@dataclass(frozen=True, slots=True)
class NoChange:
    """Nothing to write: the user is as desired, or is to be left alone; provisionally, if only for now."""

    outcome: Literal[Outcome.UNCHANGED, Outcome.KEPT]
    rule: str
    is_provisional: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing may be written, or nothing can be known: a reason, never a guess."""

    code: Code
    rule: str
    detail: str | None = None


Decision = NoChange | Change | Refusal


@dataclass(frozen=True, slots=True)
class Request:
    """One row's wish: who, and with what intent. `row` is its place in the call."""

    row: int
    key: str
    intent: Intent


@dataclass(frozen=True, slots=True)
class Entry:
    """One person's place in a plan.

    Attributes:
        rows: The rows of the call that asked for this person.
        key: The key by which the person was looked up.
        intent: What those rows ask.
        user: The person; None where nobody was found.
        phones: The phone methods at the time of planning; None where they could not be read.
        decision: What should happen.
        notes: Remarks that come true with the decision.
    """

    rows: tuple[int, ...]
    key: str
    intent: Intent
    user: User | None
    phones: PhoneMethods | None
    decision: Decision
    notes: tuple[Note, ...] = ()

    @property
    def mobile(self) -> ObservedNumber | None:
        """The number registered at the time of planning; None if there was none or it could not be read."""
        return self.phones.mobile if self.phones else None

    def refused(self, code: Code, rule: str, detail: str | None = None) -> Entry:
        """Return the same person's entry with its decision refused."""
        return replace(self, decision=Refusal(code, rule, detail), notes=lasting(self.notes))


@dataclass(frozen=True, slots=True)
class Plan:
    """What should happen to whom: a value that can be counted, guarded, shown and applied."""

    entries: tuple[Entry, ...]

    def changes(self) -> tuple[Change, ...]:
        """Return all writes that it holds."""
        return tuple(entry.decision for entry in self.entries if isinstance(entry.decision, Change))

    def counts(self) -> Counter[Kind]:
        """Return the number of writes of each kind."""
        return Counter(change.kind for change in self.changes())

    def only_changes(self) -> Plan:
        """Return the plan without the people whom nothing would be written for."""
        return Plan(tuple(entry for entry in self.entries if isinstance(entry.decision, Change)))

    def map_changes(self, revise: Callable[[Entry, Change], Entry]) -> Plan:
        """Return the plan with each entry revised for which something would be written."""
        return self.map(lambda one: revise(one, one.decision) if isinstance(one.decision, Change) else one)

    def map(self, revise: Callable[[Entry], Entry]) -> Plan:
        """Return the plan with each entry revised."""
        return Plan(tuple(revise(entry) for entry in self.entries))


def lasting(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Return the notes that are true whether or not the decision is carried out."""
    return tuple(note for note in notes if note is Note.CHANGED_OUTSIDE)


def unreadable_entry(wishes: Sequence[Request], seen: Unreadable) -> Entry:
    """Return the place in the plan of somebody who could not be read."""
    rows, first = tuple(wish.row for wish in wishes), wishes[0]
    refusal = Refusal(seen.code, "the directory", seen.detail)
    return Entry(rows, first.key, first.intent, seen.user, None, refusal)
