"""What we last wrote, and what follows from it.

It settles what a mask hides, and tells who moved a phone. It is a help, never the truth: what is not
remembered with certainty counts as not known, and then the decision is the one without a memory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Protocol

from shared.outcome import Note, Outcome
from shared.phone_number import ObservedNumber, PhoneNumber
from shared.plan import Entry, NoChange, Plan
from shared.policy import Policy
from shared.tenant import Change, Kind, User

# For so long a read may still show the phone before our own write: nobody publishes a figure, and tools in
# daily use wait five to ten seconds. What a read shows in this time accuses nobody.
_LAG_SECONDS = 60.0
# A sweep leaves alone whom we wrote just now: reads and the audit log may be minutes late.
_SETTLING_SECONDS = 900.0
_DAY_SECONDS = 86_400.0


class LastWrite(Protocol):
    """Our last confirmed write to one user's mobile phone. It holds no number, only how to recognise one.

    Attributes:
        age: Seconds since it was confirmed.
        lag: Seconds for which reads were found to show what was before; 0: not found out.
    """

    @property
    def lag(self) -> float:
        """Seconds for which reads were found to show what was before."""
        ...

    @property
    def age(self) -> float:
        """Seconds since it was confirmed."""
        ...

    def was(self, number: PhoneNumber | None) -> bool:
        """Return whether this number was written; None asks whether the phone was deleted."""
        ...

    def is_payload_for(self, user: User) -> bool:
        """Return whether a caller's own number was written, and the user's attribute is as it was then."""
        ...


class Forgotten(Enum):
    """Why there is no last write."""

    NOTHING_CERTAIN = "nothingCertain"  # never written by us, or not confirmed, or voided
    UNREADABLE = "unreadable"  # the storage or the key is out of reach


class Memory(Protocol):
    """The record of our writes, bound to one call. It never raises, and says where it failed."""

    async def recall(self, user_ids: Collection[str]) -> Mapping[str, LastWrite | Forgotten]:
        """Return each user's last confirmed write, or why there is none."""
        ...

    async def begin(self, entries: Sequence[Entry]) -> None:
        """Note the entries' changes as under way, so that a crash leaves no former certainty behind."""
        ...

    async def settle(self, done: Collection[str], undone: Collection[str]) -> None:
        """Confirm the writes that took effect, take back those that certainly did not.

        Users in neither stay uncertain.
        """
        ...

    def report(self, plan: Plan, by: Mapping[str, Sequence[str]] | None = None) -> None:
        """Log each user of a fresh plan whose phone somebody else has changed, and each wrong Mobile.

        `by` holds, by object id, what kinds of actors are known to have changed the phone.
        """
        ...

    def knows(self, user_id: str) -> bool:
        """Return whether everything noted in this call about a user's change was kept."""
        ...


async def recollected(plan: Plan, memory: Memory, policy: Policy) -> Plan:
    """Return the plan in the light of what was last written to those who would be written now."""
    ids = {change.user_id for change in plan.changes()}
    if not ids:
        return plan
    last = await memory.recall(ids)
    return plan.map_changes(lambda entry, change: recollect(entry, change, last[change.user_id], policy))


def recollect(entry: Entry, change: Change, last: LastWrite | Forgotten, policy: Policy) -> Entry:
    """Return a person's entry, whose decision is `change`, in the light of our last write. Pure.

    A sweep leaves alone whom we wrote minutes ago, and while callers may choose numbers, whose number one
    chose, as long as nobody else has changed it. What somebody else did is told in any case.

    A masked number whose visible digits agree is unchanged if it is what we last wrote. That proves less than
    a whole number would: a change outside to another number with the same last digits stays unseen, so the
    result says that it rests on memory. And it ends after some days: then the number is written to be sure.
    """
    if isinstance(last, Forgotten):
        return entry
    moved = last.age >= max(_LAG_SECONDS, last.lag) and _moved_outside(change, entry.mobile, last)
    if moved:
        entry = replace(entry, notes=(*entry.notes, Note.CHANGED_OUTSIDE))
    if policy.sweeping and last.age < _SETTLING_SECONDS:
        left = NoChange(Outcome.KEPT, "we wrote the phone less than 15 minutes ago", is_provisional=True)
        return replace(entry, decision=left)
    may_be_chosen = policy.sweeping and policy.payload_number_wins and not moved
    if may_be_chosen and entry.user and last.is_payload_for(entry.user):
        left = NoChange(Outcome.KEPT, "a caller chose the number (ALLOW_PAYLOAD_NUMBER=true)")
        return replace(entry, decision=left)
    is_fresh = last.age < policy.memory_days * _DAY_SECONDS
    if change.kind is Kind.ASSERT and is_fresh and last.was(change.number):
        rule = "our last confirmed write, and the visible digits agree"
        return replace(
            entry, decision=NoChange(Outcome.UNCHANGED, rule), notes=(*entry.notes, Note.FROM_MEMORY)
        )
    return entry


def _moved_outside(change: Change, observed: ObservedNumber | None, last: LastWrite) -> bool:
    """Return whether what is registered is provably not what we last wrote."""
    if observed is None or last.was(None):
        return (observed is None) is not last.was(None)
    if observed.is_masked:
        # Our record recognises a number and cannot show it: a mask is judged by the number it should hide.
        return change.kind is Kind.UPDATE and last.was(change.number)
    number = observed.number()
    return number is None or not last.was(number)
