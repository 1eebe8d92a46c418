"""One page of a plan: who would be changed and how, who was refused, and afterwards what became of it.

A page lies in storage for days, so it holds no number: what is desired and what was observed are
fingerprints, or the mask that Graph itself showed, and for people's eyes a mask of our own.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from mfa_sync.runs.run import Tally
from shared.codes import CODES, Code
from shared.outcome import Outcome
from shared.plan import Entry, NoChange, Refusal
from shared.tenant import Change, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mfa_sync.vault.fingerprints import FingerprintKey
    from shared.phone_number import ObservedNumber
    from shared.results import Result

FORMAT = 1
# Who is not ours is counted and not listed: in many tenants they are most of the users.
_COUNTED_ONLY = frozenset(
    {
        Code.OUT_OF_SCOPE,
        Code.EXCLUDED,
        Code.GUEST_EXCLUDED,
        Code.ACCOUNT_DISABLED,
        Code.SOURCE_NOT_ON_PREMISES,
    }
)


_WRITTEN = frozenset({Outcome.CREATED.value, Outcome.UPDATED.value, Outcome.DELETED.value})
# An attempt that died may have written whom the next one found done, or changed since.
_HOLDERS = {Kind.CREATE.value: 1, Kind.DELETE.value: -1}
_PERHAPS_WRITTEN = frozenset({Code.OUTCOME_UNKNOWN.value, Code.CHANGED_SINCE_PLAN.value})
# Refused by a decision about the run, not by anything about the user.
# What a right, a limit or a decision may change though the user does not, so that no delta brings them back.
_COME_AGAIN = frozenset({Code.DISCARDED.value, Code.LIMIT_REACHED.value, Code.PRIVILEGED_UNKNOWN.value})


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One person's change as it was planned, and its end.

    Attributes:
        id: Object id.
        upn: The UPN of that moment.
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
    """

    id: str
    upn: str
    kind: str
    desired: str
    observed: str
    rule: str
    before: str | None
    after: str | None
    notes: tuple[str, ...] = ()
    outcome: str | None = None
    code: str | None = None
    phone: str | None = None

    @property
    def was_made(self) -> bool:
        """Whether it was written, or may have been."""
        return self._is_done or self.code in _PERHAPS_WRITTEN

    @property
    def holders_more(self) -> int:
        """How many people more hold a phone by it: one for a create that is done, minus one for a delete."""
        return _HOLDERS.get(self.kind, 0) if self._is_done else 0

    @property
    def _is_done(self) -> bool:
        return self.outcome in _WRITTEN or self.outcome == Outcome.UNCHANGED.value

    @property
    def is_open(self) -> bool:
        """Whether the next sweep must look at this user again, though nothing else may bring them back."""
        return self.outcome is None or self.outcome == Outcome.FAILED.value or self.code in _COME_AGAIN

    @classmethod
    def of(cls, entry: Entry, change: Change, key: FingerprintKey) -> Self:
        """Return what is kept of an entry that holds a change."""
        return cls(
            change.user_id,
            entry.user.user_principal_name if entry.user else "",
            change.kind.value,
            key.number(change.user_id, change.number),
            seen_as(key, change.user_id, entry.mobile),
            change.rule,
            entry.mobile.masked() if entry.mobile else None,
            change.number.masked() if change.number else None,
            tuple(note.value for note in entry.notes),
        )

    def is_so(self, entry: Entry, key: FingerprintKey) -> bool:
        """Return whether what was to be registered provably is."""
        number = entry.mobile.number() if entry.mobile else None
        hidden = entry.mobile is not None and number is None
        return not hidden and key.number(self.id, number) == self.desired

    def is_still(self, entry: Entry, key: FingerprintKey) -> bool:
        """Return whether an entry planned now holds the very change that was shown and approved."""
        now = entry.decision
        return (
            isinstance(now, Change)
            and now.kind.value == self.kind
            and key.number(self.id, now.number) == self.desired
            and seen_as(key, self.id, entry.mobile) == self.observed
        )

    def ended(self, result: Result) -> Self:
        """Return it with its end."""
        return replace(
            self,
            outcome=result.outcome.value,
            code=result.code.value if result.code else None,
            notes=tuple(note.value for note in result.notes),
            phone=result.phone,
        )


@dataclass(frozen=True, slots=True)
class PlannedRefusal:
    """One person for whom nothing can be planned."""

    id: str | None
    upn: str | None
    code: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Everybody of one step's users who is not simply as desired.

    Attributes:
        key: Version of the key of all fingerprints in it.
        changes: What would be written.
        refusals: Who cannot be planned for.
        owed: Object ids of those whom the next sweep must look at, whatever changes until then.
    """

    key: str
    changes: tuple[PlannedChange, ...] = ()
    refusals: tuple[PlannedRefusal, ...] = ()
    owed: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Fingerprint of what would be written: an approval names it, so nothing else can follow."""
        what = [[one.id, one.kind, one.desired, one.observed] for one in self.changes]
        return hashlib.sha256(json.dumps([self.key, what]).encode()).hexdigest()

    def with_changes(self, changes: Iterable[PlannedChange]) -> Self:
        """Return the page with its changes as they ended."""
        return replace(self, changes=tuple(changes))

    def dump(self) -> bytes:
        """Return the page as JSON."""
        return json.dumps({"v": FORMAT, **asdict(self)}).encode()

    @classmethod
    def load(cls, data: bytes) -> Self:
        """Return the page that JSON holds."""
        held: dict[str, Any] = json.loads(data)
        return cls(
            held["key"],
            tuple(PlannedChange(**{**one, "notes": tuple(one["notes"])}) for one in held["changes"]),
            tuple(PlannedRefusal(**one) for one in held["refusals"]),
            tuple(held["owed"]),
        )


def seen_as(key: FingerprintKey, user_id: str, mobile: ObservedNumber | None) -> str:
    """Return how an observed number is kept: Graph's own mask, or a fingerprint of what it showed."""
    if mobile is None:
        return ""
    return mobile.masked() if mobile.is_masked else key.of(user_id, "observed", mobile.bare())


def pages_of(entries: Sequence[Entry], key: FingerprintKey, size: int) -> list[Page]:
    """Return the pages, of at most `size` changes each, that keep what was planned for these people.

    Whoever could not be read, or was left alone for the time being, is owed.
    """
    owed = tuple(entry.user.id if entry.user else entry.key for entry in entries if _is_owed(entry))
    changes = [
        PlannedChange.of(entry, entry.decision, key)
        for entry in entries
        if isinstance(entry.decision, Change)
    ]
    refusals = [
        PlannedRefusal(
            entry.user.id if entry.user else None,
            entry.user.user_principal_name if entry.user else None,
            entry.decision.code.value,
            entry.decision.detail,
        )
        for entry in entries
        if isinstance(entry.decision, Refusal) and entry.decision.code not in _COUNTED_ONLY
    ]
    pages = [
        Page(key.version, tuple(changes[start : start + size])) for start in range(0, len(changes), size)
    ]
    if refusals or owed:
        first = pages[0] if pages else Page(key.version)
        pages[:1] = [replace(first, refusals=tuple(refusals), owed=owed)]
    return pages


def _is_owed(entry: Entry) -> bool:
    if isinstance(entry.decision, Refusal):
        return CODES[entry.decision.code].retryable or entry.decision.code.value in _COME_AGAIN
    return isinstance(entry.decision, NoChange) and entry.decision.is_provisional


def planning_tally(entries: Iterable[Entry]) -> Tally:
    """Return what planning has met."""
    entries = list(entries)
    decisions = [entry.decision for entry in entries]
    return Tally(
        users=len(entries),
        unchanged=sum(isinstance(one, NoChange) for one in decisions),
        holders=sum(
            entry.mobile is not None
            and not (isinstance(entry.decision, Refusal) and entry.decision.code in _COUNTED_ONLY)
            for entry in entries
        ),
        planned=dict(Counter(one.kind.value for one in decisions if isinstance(one, Change))),
        refused=dict(Counter(one.code.value for one in decisions if isinstance(one, Refusal))),
    )


def applying_tally(changes: Iterable[PlannedChange]) -> Tally:
    """Return what became of changes."""
    changes = list(changes)
    outcomes: Mapping[str, int] = Counter(one.outcome or Outcome.FAILED.value for one in changes)
    return Tally(outcomes=dict(outcomes), codes=dict(Counter(one.code for one in changes if one.code)))
