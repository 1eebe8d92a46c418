"""How a readiness run goes: through Graph's report of registered methods; nothing is written."""

from __future__ import annotations

from collections import Counter

from mfa_sync.graph.client import Page as GraphPage
from mfa_sync.graph.registrations import Registration, registrations_page
from mfa_sync.graph.users import users_by_id
from mfa_sync.runs.context import RunContext
from mfa_sync.runs.page import Page
from mfa_sync.runs.planner import Planned
from mfa_sync.runs.registered import Registered
from mfa_sync.runs.run import Run, Tally
from shared.clock import Deadline
from shared.phone_number import without_numbers
from shared.policy import Policy
from shared.readiness import Readiness
from shared.scope import scope_refusal

# A head has room for so many pages of a plan; Graph's own may be small.
_PEOPLE_AT_ONCE = 999


class ReadinessPlanner:
    """One step of a readiness run. Its plan holds people and no changes, so that nothing is ever applied."""

    def __init__(self, run: Run, context: RunContext, deadline: Deadline) -> None:
        self._run = run
        self._context = context
        self._deadline = deadline

    @property
    def applying_policy(self) -> Policy:
        """That of sweeps, of whose people it tells."""
        return self._context.settings.sweep_policy()

    async def plan_next(self) -> Planned:
        """Look at the next people of the report."""
        link, tally = self._run.cursor or None, Tally()
        people: list[Registered] = []
        while True:
            found = await registrations_page(self._context.graph, link, self._deadline)
            counted, listed = await self._judge(found)
            tally, link = tally + counted, found.next_link
            people += listed
            if link is None or tally.users >= _PEOPLE_AT_ONCE:
                break
        pages = [Page.of_people(people)] if people else []
        return Planned(self._run, link, pages, tally)

    async def _judge(self, found: GraphPage[Registration]) -> tuple[Tally, list[Registered]]:
        """Return what a page of the report comes to, and who of it is listed.

        Who is ours, the directory knows: the report does not tell who is synced, nor is it quite fresh.
        """
        registrations = {one.user_id: one for one in found.value}
        users = await users_by_id(self._context.graph, list(registrations), self._deadline)
        sets = await self._context.tenant(self._deadline).scope_sets()
        scope = self.applying_policy.scope
        refused: Counter[str] = Counter()
        readiness: Counter[str] = Counter()
        listed: list[Registered] = []
        for user in users:
            if refusal := scope_refusal(user, scope, sets):
                refused[refusal[0].value] += 1
                continue
            one = registrations[user.id.casefold()]
            readiness[one.readiness.value] += 1
            if one.readiness is not Readiness.OTHER_FACTOR:
                upn = without_numbers(user.user_principal_name)
                listed.append(Registered(user.id, upn, one.readiness.value, one.methods, one.is_admin))
        return Tally(users=len(users), refused=dict(refused), readiness=dict(readiness)), listed

    def why_held(self, population: int | None) -> None:
        """There is nothing to wait for."""
        del population

    async def left_out(self) -> frozenset[str]:
        """Nobody."""
        return frozenset()

    def look_back(self, page: Page) -> None:
        """Do nothing, as at the end."""

    async def finish(self) -> None:
        """Do nothing: no later run goes on from it."""
