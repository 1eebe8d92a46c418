"""Whom a plan must spare: the privileged, the newly empty, and whoever a delete leaves without a factor."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Protocol

from shared.codes import Code
from shared.outcome import Note, Outcome
from shared.plan import Entry, NoChange, Plan, lasting
from shared.policy import LastFactorGuard, Policy
from shared.tenant import Change, Kind, Tenant, Unreadable

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

    def revise(entry: Entry, change: Change) -> Entry:
        if change.kind is not Kind.DELETE:
            return entry
        if since is not None and since.get(change.user_id, 0.0) >= needed:
            return entry
        rule = f"EMPTY_GRACE_DAYS={policy.empty_grace_days}"
        return replace(
            entry, decision=NoChange(Outcome.KEPT, rule, is_provisional=True), notes=lasting(entry.notes)
        )

    return plan.map_changes(revise)


async def spare_privileged(planned: Plan, tenant: Tenant, policy: Policy) -> Plan:
    """Refuse writes to holders of directory roles. The set is read only if something would be written.

    Where it is not whole, and Entra does not limit us either, every write is refused: anybody could be one.
    """
    if policy.scope.allow_privileged or not planned.changes():
        return planned
    privileged = await tenant.privileged_principals()

    def revise(entry: Entry, change: Change) -> Entry:
        if change.user_id.casefold() in privileged.known:
            return entry.refused(Code.PRIVILEGED_TARGET, "PRIVILEGED_TARGETS=refuse")
        if not privileged.are_all:
            return entry.refused(Code.PRIVILEGED_UNKNOWN, "PRIVILEGED_TARGETS=refuse")
        return entry

    return planned.map_changes(revise)


async def spare_last_factors(planned: Plan, tenant: Tenant, policy: Policy) -> Plan:
    """List all methods before a delete: who would be left without a factor is refused, or noted."""
    deletes = {change.user_id for change in planned.changes() if change.kind is Kind.DELETE}
    if policy.last_factor is LastFactorGuard.OFF or not deletes:
        return planned
    others = await tenant.other_factors(deletes)

    def revise(entry: Entry, change: Change) -> Entry:
        if change.kind is not Kind.DELETE:
            return entry
        factors = others[change.user_id]
        if isinstance(factors, Unreadable):
            return entry.refused(factors.code, "all methods are listed before a delete", factors.detail)
        if factors > 0:
            return entry
        if policy.last_factor is LastFactorGuard.ALL:
            return entry.refused(Code.LAST_FACTOR, "LAST_FACTOR_GUARD=all")
        return replace(entry, notes=(*entry.notes, Note.LAST_FACTOR_REMOVED))

    return planned.map_changes(revise)
