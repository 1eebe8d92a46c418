"""The decision: from what is desired and what is observed to what should happen. Pure and total."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

from shared.outcome import Code, Note, Outcome
from shared.phone_number import Comparison, InvalidPhoneNumberError, ObservedNumber, PhoneNumber
from shared.scope import ScopePolicy, scope_refusal
from shared.tenant import Absent, Change, Kind, Observation, PhoneMethods, ScopeSets, Unreadable, User

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class MaskedPolicy(StrEnum):
    """What to do where a masked number may or may not be the desired one."""

    ASSERT = "assert"
    TRUST = "trust"


class LastFactorGuard(StrEnum):
    """Whose deletes are refused when they would remove the last usable factor."""

    OFF = "off"
    SWEEPS = "sweeps"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the organisation decides that decides about a user.

    Attributes:
        scope: Which kinds of users are ours.
        masked: What to do where a mask hides whether a number agrees.
        last_factor: Whose last factor is protected.
        default_region: ISO 3166 code by which national numbers are read; None refuses them.
        region_from_usage_location: Whether the user's own usage location comes before it.
        payload_number_wins: Whether a row's Mobile is the source, not an expectation of it.
        sweeping: Whether nobody named the users, so that more care is due.
        keep_when_empty: Whether an empty attribute never deletes (SWEEP_EMPTY=keep, in sweeps).
        empty_grace_days: How long an attribute must have been empty before a sweep deletes.
    """

    scope: ScopePolicy = field(default_factory=ScopePolicy)
    masked: MaskedPolicy = MaskedPolicy.ASSERT
    last_factor: LastFactorGuard = LastFactorGuard.SWEEPS
    default_region: str | None = None
    region_from_usage_location: bool = False
    payload_number_wins: bool = False
    sweeping: bool = False
    keep_when_empty: bool = False
    empty_grace_days: int = 0

    def for_sweeps(self, *, keep_when_empty: bool, empty_grace_days: int) -> Policy:
        """Return the policy as it is for users whom nobody named: more careful in everything."""
        guard = LastFactorGuard.ALL if self.last_factor is LastFactorGuard.SWEEPS else self.last_factor
        return replace(
            self,
            scope=replace(self.scope, skip_disabled=True),
            last_factor=guard,
            payload_number_wins=False,
            sweeping=True,
            keep_when_empty=keep_when_empty,
            empty_grace_days=empty_grace_days,
        )

    def region_of(self, user: User) -> str | None:
        """Return the region by which this user's national numbers are read."""
        if self.region_from_usage_location and user.usage_location:
            return user.usage_location
        return self.default_region


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


def lasting(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Return the notes that are true whether or not the decision is carried out."""
    return tuple(note for note in notes if note is Note.CHANGED_OUTSIDE)


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

    def map(self, revise: Callable[[Entry], Entry]) -> Plan:
        """Return the plan with each entry revised."""
        return Plan(tuple(revise(entry) for entry in self.entries))


def decide(seen: Observation, intent: Intent, policy: Policy, sets: ScopeSets) -> Decision:
    """Return what should happen to one user (the table of the design, section 2).

    Args:
        seen: The user and the phone methods of this moment.
        intent: What the caller asks.
        policy: What the organisation decided.
        sets: Who is inside and outside by group.
    """
    if refusal := scope_refusal(seen.user, policy.scope, sets):
        return Refusal(*refusal)
    desired = _desired(seen.user, intent, policy)
    if isinstance(desired, Refusal):
        return desired
    if desired is None:
        return _when_empty(seen, intent, policy)
    return _when_a_number(seen, desired, policy)


def source_of(intent: Intent, policy: Policy) -> str:
    """Return the name of the place from which the desired number is taken."""
    return "payload" if policy.payload_number_wins and intent.mobile else "extensionAttribute15"


def same_wish(one: Intent, other: Intent, region: str | None) -> bool:
    """Return whether two intents ask the same, their numbers compared by value."""
    return _wish(one, region) == _wish(other, region)


def _wish(intent: Intent, region: str | None) -> tuple[object, ...]:
    return intent.keep_when_empty, _value(intent.mobile, region), intent.expectation


def _value(mobile: str | None, region: str | None) -> PhoneNumber | str | None:
    try:
        return PhoneNumber.parse(mobile, region) if mobile else None
    except InvalidPhoneNumberError:
        return mobile


def _desired(user: User, intent: Intent, policy: Policy) -> PhoneNumber | Refusal | None:
    region = policy.region_of(user)
    try:
        stated = PhoneNumber.parse(intent.mobile, region) if intent.mobile else None
    except InvalidPhoneNumberError as error:
        return Refusal(Code.INVALID_PHONE_NUMBER, "Mobile", f"Mobile: {error}.")
    if stated and policy.payload_number_wins:
        return stated
    if user.attribute is Absent.NOT_RETURNED:
        return Refusal(Code.ATTRIBUTE_NOT_RETURNED, "absent is not empty")
    try:
        # Only plain blanks count as empty: an attribute of invisible characters is unreadable, not absent.
        text = (user.attribute or "").strip(" \t\r\n")
        desired = PhoneNumber.parse(text, region) if text else None
    except InvalidPhoneNumberError as error:
        return Refusal(Code.INVALID_PHONE_NUMBER, "extensionAttribute15", f"extensionAttribute15: {error}.")
    unmet = intent.expectation is not None and not intent.expectation.meets(desired)
    if unmet or (stated and stated != desired):
        return Refusal(Code.SOURCE_NOT_YET_SYNCED, "Mobile is an expectation (ALLOW_PAYLOAD_NUMBER=false)")
    return desired


def _when_empty(seen: Observation, intent: Intent, policy: Policy) -> Decision:
    if seen.phones.mobile is None:
        return NoChange(Outcome.UNCHANGED, "empty attribute, no mobile phone")
    if policy.keep_when_empty:
        return NoChange(Outcome.KEPT, "SWEEP_EMPTY=keep")
    if intent.keep_when_empty:
        return NoChange(Outcome.KEPT, "OverwriteNull=0")
    if seen.phones.has_alternate_mobile:
        return Refusal(Code.ALTERNATE_MOBILE_PRESENT, "a rule of Graph's")
    return Change(Kind.DELETE, seen.user.id, None, "empty attribute (OverwriteNull=1)")


def _when_a_number(seen: Observation, desired: PhoneNumber, policy: Policy) -> Decision:
    observed: ObservedNumber | None = seen.phones.mobile
    if observed is None:
        return Change(Kind.CREATE, seen.user.id, desired, "a number, no mobile phone")
    match observed.compare(desired):
        case Comparison.SAME:
            return NoChange(Outcome.UNCHANGED, "the same number")
        case Comparison.DIFFERENT:
            return Change(Kind.UPDATE, seen.user.id, desired, "a different number")
        case Comparison.CANNOT_TELL if policy.masked is MaskedPolicy.TRUST:
            return NoChange(Outcome.UNCHANGED, "the visible digits agree (MASKED_POLICY=trust)")
        case Comparison.CANNOT_TELL:
            return Change(
                Kind.ASSERT, seen.user.id, desired, "the visible digits agree (MASKED_POLICY=assert)"
            )


def unreadable_entry(wishes: Sequence[Request], seen: Unreadable) -> Entry:
    """Return the place in the plan of somebody who could not be read."""
    rows, first = tuple(wish.row for wish in wishes), wishes[0]
    refusal = Refusal(seen.code, "the directory", seen.detail)
    return Entry(rows, first.key, first.intent, seen.user, None, refusal)
