"""One page of a plan: who would be changed and how, who was refused, and afterwards what became of it.

A page lies in storage for days, so it holds no number: what is desired and what was observed are
fingerprints, or the mask that Graph itself showed, and for people's eyes a mask of our own.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from copy import replace

import msgspec
from msgspec import UNSET, UnsetType

from mfa_sync.runs.kept import Kept, dump
from mfa_sync.runs.registered import Registered
from mfa_sync.runs.run import DIGEST_LENGTH, Tally
from mfa_sync.vault.fingerprints import FingerprintKey
from shared.codes import CODES, Code
from shared.guard import shared_detail
from shared.outcome import Note, Outcome
from shared.phone_number import ObservedNumber, without_numbers
from shared.plan import Entry, NoChange, Refusal
from shared.results import Result
from shared.tenant import Change, Kind

# Who is not ours is counted and not listed: in many tenants they are most of the users.
NOT_OURS = frozenset(
    {
        Code.OUT_OF_SCOPE,
        Code.EXCLUDED,
        Code.GUEST_EXCLUDED,
        Code.ACCOUNT_DISABLED,
        Code.SOURCE_NOT_ON_PREMISES,
    }
)
_DONE = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED, Outcome.UNCHANGED})
_ALL = "all"
_HOLDERS = {Kind.CREATE: 1, Kind.DELETE: -1}
# An attempt that died may have written whom the next one found changed since.
_PERHAPS_WRITTEN = frozenset({Code.OUTCOME_UNKNOWN, Code.CHANGED_SINCE_PLAN})
# What a right, a limit or a decision may change though the user does not, so that no delta brings them back.
_COME_AGAIN = frozenset({Code.DISCARDED, Code.LIMIT_REACHED, Code.PRIVILEGED_UNKNOWN})


class PlannedChange(msgspec.Struct, frozen=True):
    """One person's change as it was planned, and its end.

    Codes and notes are kept as words: a version that knows fewer of them must still read the page.

    Attributes:
        id: Object id.
        upn: The UPN of that moment, without a number that it may hold.
        kind: The kind of change.
        desired: Fingerprint of the number to register; empty for a delete.
        observed: Fingerprint of the number that was registered, or Graph's own mask; empty for none.
        rule: What decided it.
        before: What was registered, for people's eyes.
        after: What would be, for people's eyes.
        notes: Remarks.
        outcome: What became of it; None as long as it was not applied.
        code: Why, where it was refused or failed.
        phone: What is registered afterwards, for people's eyes, as far as it is known.
        planned: The notes as they were shown before it ended; not there until then.
    """

    id: str
    upn: str
    kind: Kind
    desired: str
    observed: str
    rule: str
    before: str | None
    after: str | None
    notes: tuple[str, ...] = ()
    outcome: Outcome | None = None
    code: str | None = None
    phone: str | None = None
    planned: tuple[str, ...] | UnsetType = UNSET

    @classmethod
    def of(cls, entry: Entry, change: Change, key: FingerprintKey) -> PlannedChange:
        """Return what is kept of an entry that holds a change."""
        return cls(
            change.user_id,
            without_numbers(entry.user.user_principal_name) if entry.user else "",
            change.kind,
            key.number(change.user_id, change.number),
            seen_as(key, change.user_id, entry.mobile),
            change.rule,
            entry.mobile.masked() if entry.mobile else None,
            change.number.masked() if change.number else None,
            entry.notes,
        )

    @property
    def was_made(self) -> bool:
        """Whether it was written, or may have been."""
        return self.outcome in _DONE or self.code in _PERHAPS_WRITTEN

    @property
    def holders_more(self) -> int:
        """How many people more hold a phone by it: one for a create that is done, minus one for a delete."""
        return _HOLDERS.get(self.kind, 0) if self.outcome in _DONE else 0

    @property
    def is_open(self) -> bool:
        """Whether the next sweep must look at this user again, though nothing else may bring them back."""
        return self.outcome in {None, Outcome.FAILED} or self.code in _COME_AGAIN

    def is_so(self, entry: Entry, key: FingerprintKey) -> bool:
        """Return whether what was to be registered provably is."""
        number = entry.mobile.number() if entry.mobile else None
        hidden = entry.mobile is not None and number is None
        return not hidden and key.number(self.id, number) == self.desired

    def is_still(self, entry: Entry, key: FingerprintKey) -> bool:
        """Return whether an entry planned now holds the very change that was shown and approved."""
        planned = entry.decision
        return (
            isinstance(planned, Change)
            and planned.kind is self.kind
            and key.number(self.id, planned.number) == self.desired
            and seen_as(key, self.id, entry.mobile) == self.observed
        )

    @property
    def shown(self) -> tuple[object, ...]:
        """All that may be seen of it before it is made, and what decides about it."""
        notes = self.notes if self.planned is UNSET else self.planned
        what = self.id, self.upn, self.kind, self.desired, self.observed, self.rule, self.before, self.after
        return *what, notes

    def ended(self, result: Result) -> PlannedChange:
        """Return it with its end. What the audit log told when it was planned stays true."""
        outside = Note.CHANGED_OUTSIDE.value
        kept = (outside,) if outside in self.notes and outside not in result.notes else ()
        return replace(
            self,
            outcome=result.outcome,
            code=result.code,
            notes=(*result.notes, *kept),
            phone=result.phone,
            planned=self.notes,
        )

    @property
    def result(self) -> Result | None:
        """How it ended; None as long as it was not applied.

        Raises:
            ValueError: By a code or with a note that this version does not know.
        """
        if self.outcome is None:
            return None
        code = Code(self.code) if self.code else None
        return Result(self.outcome, code, notes=tuple(map(Note, self.notes)), phone=self.phone)


class PlannedRefusal(msgspec.Struct, frozen=True):
    """One person for whom nothing can be planned."""

    id: str | None
    upn: str | None
    code: str
    detail: str | None


class Page(Kept, frozen=True):
    """Everybody of one step's users who is not simply as desired.

    Attributes:
        key: Version of the key of all fingerprints in it.
        changes: What would be written.
        refusals: Who cannot be planned for.
        owed: Object ids of those whom the next sweep must look at, whatever changes until then.
        covers: What its digest covers; not there on pages of former versions, where it covers less.
        people: Of a readiness run, who is listed; not there on pages of others.
    """

    key: str
    changes: tuple[PlannedChange, ...] = ()
    refusals: tuple[PlannedRefusal, ...] = ()
    owed: tuple[str, ...] = ()
    covers: str | UnsetType = UNSET
    people: tuple[Registered, ...] | UnsetType = UNSET

    @classmethod
    def of(cls, key: str, changes: Iterable[PlannedChange] = ()) -> Page:
        """Return a page whose digest covers all of it."""
        return cls(key, tuple(changes), covers=_ALL)

    @classmethod
    def of_people(cls, people: Iterable[Registered]) -> Page:
        """Return a page of a readiness run, which has no fingerprints and so no key."""
        return cls("", covers=_ALL, people=tuple(people))

    @property
    def digest(self) -> str:
        """Fingerprint of all that is shown and all that would be written: what an approval names.

        What became of the changes is no part of it: an applied page lies where the planned one did.
        """
        if self.covers is UNSET:
            former = [[one.id, one.kind, one.desired, one.observed] for one in self.changes]
            return hashlib.sha256(json.dumps([self.key, former]).encode()).hexdigest()
        what = [self.covers, self.key, [one.shown for one in self.changes], self.refusals, self.owed]
        what += [self.people] if self.people else []
        return hashlib.sha256(dump(what).encode()).hexdigest()

    def counts(self) -> Counter[Kind]:
        """Return the number of changes of each kind."""
        return Counter(one.kind for one in self.changes)

    def without_shared(self, users: Sequence[int], most: int) -> Page:
        """Return the page with changes refused, since too many users would get their number.

        They are owed: when the others' source is corrected, nothing of theirs need change.

        Args:
            users: For each change how many would, where those are too many, else 0.
            most: How many may.
        """
        gone = [(one, many) for one, many in zip(self.changes, users, strict=True) if many]
        refusals = (
            PlannedRefusal(one.id, one.upn, Code.SHARED_NUMBER, shared_detail(many, most))
            for one, many in gone
        )
        return replace(
            self,
            changes=tuple(one for one, many in zip(self.changes, users, strict=True) if not many),
            refusals=(*self.refusals, *refusals),
            owed=(*self.owed, *(one.id for one, _ in gone)),
        )

    def with_changes(self, changes: Iterable[PlannedChange]) -> Page:
        """Return the page with its changes as they ended."""
        return replace(self, changes=tuple(changes))


def seen_as(key: FingerprintKey, user_id: str, mobile: ObservedNumber | None) -> str:
    """Return how an observed number is kept: Graph's own mask, or a fingerprint of what it showed."""
    if mobile is None:
        return ""
    return mobile.masked() if mobile.is_masked else key.of(user_id, "observed", mobile.bare())


def pages_of(entries: Sequence[Entry], key: FingerprintKey, size: int) -> list[Page]:
    """Return the pages, of at most `size` changes each, that keep what was planned for these people.

    Whoever could not be read, or was left alone for the time being, is owed.
    """
    changes = [
        PlannedChange.of(entry, entry.decision, key)
        for entry in entries
        if isinstance(entry.decision, Change)
    ]
    refusals = tuple(
        PlannedRefusal(
            entry.user.id if entry.user else None,
            without_numbers(entry.user.user_principal_name) if entry.user else None,
            entry.decision.code,
            entry.decision.detail,
        )
        for entry in entries
        if isinstance(entry.decision, Refusal) and entry.decision.code not in NOT_OURS
    )
    owed = tuple(entry.user.id if entry.user else entry.key for entry in entries if _is_owed(entry))
    starts = range(0, len(changes), size)
    pages = [Page.of(key.version, changes[start : start + size]) for start in starts]
    if refusals or owed:
        first = pages[0] if pages else Page.of(key.version)
        pages[:1] = [replace(first, refusals=refusals, owed=owed)]
    return pages


def numbers_note(digest: str) -> str:
    """Return the name of the note of numbers that belongs to the page of that digest."""
    return f"numbers/{digest[:DIGEST_LENGTH]}"


def numbers_of(entries: Sequence[Entry], pages: Sequence[Page], key: FingerprintKey) -> dict[str, object]:
    """Return for each of the entries' pages the fingerprints of its changes' numbers, as a note."""
    changes = [entry.decision for entry in entries if isinstance(entry.decision, Change)]
    prints = iter([key.number_alone(one.number)[:DIGEST_LENGTH] if one.number else "" for one in changes])
    return {numbers_note(page.digest): [next(prints) for _ in page.changes] for page in pages if page.changes}


def _is_owed(entry: Entry) -> bool:
    match entry.decision:
        case Refusal(code):
            return CODES[code].retryable or code in _COME_AGAIN
        case NoChange(is_provisional=provisional):
            return provisional
        case _:
            return False


def planning_tally(entries: Iterable[Entry]) -> Tally:
    """Return what planning has met."""
    users = unchanged = holders = 0
    planned: Counter[Kind] = Counter()
    refused: Counter[str] = Counter()
    for entry in entries:
        users += 1
        is_ours = True
        match entry.decision:
            case NoChange():
                unchanged += 1
            case Change(kind):
                planned[kind] += 1
            case Refusal(code):
                refused[code] += 1
                is_ours = code not in NOT_OURS
        holders += is_ours and entry.mobile is not None
    return Tally(users, unchanged, holders, dict(planned), dict(refused))


def applying_tally(changes: Sequence[PlannedChange]) -> Tally:
    """Return what became of changes."""
    outcomes: Counter[str] = Counter(one.outcome or Outcome.FAILED for one in changes)
    return Tally(outcomes=dict(outcomes), codes=dict(Counter(one.code for one in changes if one.code)))
