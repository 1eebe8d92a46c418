"""The grace of an emptied attribute: a sweep deletes only what has been empty for days (design, section 2).

A column that is empty for one night, because a feed failed, must not cost anybody a phone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from shared.outcome import Outcome
from shared.plan import NoChange, Plan, Policy
from shared.tenant import Change, Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shared.plan import Entry

_DAY_SECONDS = 86_400.0


class Emptiness(Protocol):
    """Since when users have been seen with an empty attribute and a phone."""

    async def note(self, empty: Collection[str], filled: Collection[str]) -> Mapping[str, float] | None:
        """Take note of who is empty and who is no longer, at this moment.

        Returns:
            For each empty user the seconds that the attribute has been empty, 0 for those seen so for the
            first time; None if that cannot be read: then nobody's grace is over.
        """
        ...


async def spare_newly_empty(plan: Plan, emptiness: Emptiness, policy: Policy) -> Plan:
    """Return the plan without the deletes whose attribute has not been empty for long enough."""
    empty = {change.user_id for change in plan.changes() if change.kind is Kind.DELETE}
    filled = {entry.user.id for entry in plan.entries if entry.user and entry.user.id not in empty}
    since = await emptiness.note(empty, filled)
    needed = policy.empty_grace_days * _DAY_SECONDS

    def revise(entry: Entry) -> Entry:
        change = entry.decision
        if not isinstance(change, Change) or change.kind is not Kind.DELETE:
            return entry
        if since is not None and since.get(change.user_id, 0.0) >= needed:
            return entry
        rule = f"EMPTY_GRACE_DAYS={policy.empty_grace_days}"
        return replace(entry, decision=NoChange(Outcome.KEPT, rule, is_provisional=True), notes=())

    return plan.map(revise)
