"""Whom a plan must spare: the privileged, and those whom a delete would leave without a factor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.outcome import Code, Note
from shared.plan import Entry, LastFactorGuard, Plan, Policy
from shared.tenant import Change, Kind, Unreadable

if TYPE_CHECKING:
    from shared.tenant import Tenant


async def spare_privileged(planned: Plan, tenant: Tenant, policy: Policy) -> Plan:
    """Refuse writes to holders of directory roles. The set is read only if something would be written.

    Without the right to read it, Entra's own limits on the signed-in role remain; where there are none, every
    write is refused: anybody could be privileged.
    """
    if policy.scope.allow_privileged or not planned.changes():
        return planned
    privileged = await tenant.privileged_principals()
    if privileged is None and policy.scope.entra_limits_us:
        return planned

    def revise(entry: Entry) -> Entry:
        if not isinstance(entry.decision, Change):
            return entry
        if privileged is None:
            return entry.refused(Code.PRIVILEGED_UNKNOWN, "PRIVILEGED_TARGETS=refuse")
        if entry.decision.user_id.casefold() in privileged:
            return entry.refused(Code.PRIVILEGED_TARGET, "PRIVILEGED_TARGETS=refuse")
        return entry

    return planned.map(revise)


async def spare_last_factors(planned: Plan, tenant: Tenant, policy: Policy) -> Plan:
    """List all methods before a delete: who would be left without a factor is refused, or noted."""
    deletes = {change.user_id for change in planned.changes() if change.kind is Kind.DELETE}
    if policy.last_factor is LastFactorGuard.OFF or not deletes:
        return planned
    others = await tenant.other_factors(deletes)

    def revise(entry: Entry) -> Entry:
        if not isinstance(entry.decision, Change) or entry.decision.kind is not Kind.DELETE:
            return entry
        factors = others[entry.decision.user_id]
        if isinstance(factors, Unreadable):
            return entry.refused(factors.code, "all methods are listed before a delete", factors.detail)
        if factors > 0:
            return entry
        if policy.last_factor is LastFactorGuard.ALL:
            return entry.refused(Code.LAST_FACTOR, "LAST_FACTOR_GUARD=all")
        return replace(entry, notes=(*entry.notes, Note.LAST_FACTOR_REMOVED))

    return planned.map(revise)
