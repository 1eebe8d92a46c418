"""Planning people of a sweep: everything as in a push, and only with more care (design, sections 2 and 7)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mfa_sync.runs.page import Page, pages_of, planning_tally
from mfa_sync.runs.run import Tally
from mfa_sync.telemetry import outsiders
from shared.plan import Intent, Request
from shared.reconciler import plan
from shared.scope import scope_refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mfa_sync.graph.tenant import GraphTenant
    from mfa_sync.runs.context import Tools
    from shared.clock import Deadline
    from shared.tenant import Observation, Unreadable, User

# A step that applies a page reads each user twice and writes once: fifty calls, also for a slow tenant.
_CHANGES_A_PAGE = 200


@dataclass(frozen=True, slots=True)
class Planned:
    """What one step has planned.

    Attributes:
        pages: Whom something would be written for, or who cannot be planned for.
        tally: What was met.
        notes: What later steps need, by name. Kept only by who still holds the step.
    """

    pages: list[Page] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    notes: dict[str, Any] = field(default_factory=dict)


class _Listed:
    """A tenant whose users were listed already: seeing somebody costs one read and not two."""

    def __init__(self, tenant: GraphTenant, users: Sequence[User]) -> None:
        self._tenant = tenant
        self._users = {user.id: user for user in users}
        self.scope_sets = tenant.scope_sets
        self.privileged_principals = tenant.privileged_principals
        self.other_factors = tenant.other_factors
        self.write = tenant.write
        self.pause = tenant.pause

    async def observe(self, keys: Collection[str]) -> Mapping[str, Observation | Unreadable]:
        """Return each listed user with phone methods."""
        return await self._tenant.observe_listed([self._users[key] for key in keys])


async def plan_listed(run_id: str, users: Sequence[User], tools: Tools, deadline: Deadline) -> Planned:
    """Plan for users as a listing showed them. Who is not ours is counted, and costs no read.

    Raises:
        TransientError, PermanentError: The directory as a whole could not be read.
    """
    tenant, policy = tools.tenant(deadline), tools.rules.policy
    sets = await tenant.scope_sets()
    refusals = {user.id: scope_refusal(user, policy.scope, sets) for user in users}
    ours = [user for user in users if refusals[user.id] is None]
    outside = Counter(refusal[0].value for refusal in refusals.values() if refusal)
    planned = await _plan(run_id, [user.id for user in ours], _Listed(tenant, ours), tools, deadline)
    counted = Tally(users=outside.total(), refused=dict(outside))
    return Planned(planned.pages, planned.tally + counted)


async def plan_named(run_id: str, ids: Sequence[str], tools: Tools, deadline: Deadline) -> Planned:
    """Plan for users of whom only the object id is known. Errors as `plan_listed`."""
    return await _plan(run_id, ids, tools.tenant(deadline), tools, deadline)


async def _plan(
    run_id: str, ids: Sequence[str], tenant: GraphTenant | _Listed, tools: Tools, deadline: Deadline
) -> Planned:
    policy = tools.rules.policy
    requests = [Request(row, user_id, Intent()) for row, user_id in enumerate(ids)]
    memory = tools.memory(run_id, policy, deadline)
    made = await plan(requests, tenant, policy, memory, tools.emptiness)
    outsiders.report(run_id, made)
    pages = pages_of(made.entries, await tools.keys.current(), _CHANGES_A_PAGE)
    return Planned(pages, planning_tally(made.entries))
