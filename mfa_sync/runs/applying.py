"""Applying a page: what was shown is made, unless the world has changed since (docs/runs.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.codes import Code
from shared.guard import AsShown
from shared.outcome import Note
from shared.plan import Intent, NoChange, Plan, Request
from shared.reconciler import apply, plan
from shared.results import Result, foresee
from shared.tenant import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mfa_sync.runs.context import RunContext
    from mfa_sync.runs.page import Page, PlannedChange
    from mfa_sync.runs.planner import Planner
    from mfa_sync.runs.run import Run
    from mfa_sync.vault.fingerprints import FingerprintKey
    from shared.clock import Deadline
    from shared.plan import Entry
    from shared.policy import Policy


async def apply_page(run: Run, page: Page, planner: Planner, context: RunContext, deadline: Deadline) -> Page:
    """Return the page with what became of each of its changes.

    Each user is read and decided about afresh. What is already so is done; what is still as it was shown is
    written; everything else is left for the next sweep. A key of fingerprints that is gone recognises
    nothing, so then nothing is written.

    Raises:
        TransientError, PermanentError: The directory as a whole could not be read or written.
        StorageDownError: What the step needs could not be read.
    """
    left_out = await planner.left_out()
    open_changes = [one for one in page.changes if one.outcome is None]
    results = {one.id: Result.stopped(Code.DISCARDED) for one in open_changes}
    wanted = {one.id: one for one in open_changes if run.approves(one.kind) and one.id not in left_out}
    key = await context.keys.version(page.key)
    if wanted:
        policy = planner.applying_policy
        results |= await _apply(run, wanted, key, policy, context, deadline)
    return page.with_changes(one.ended(results[one.id]) if one.id in results else one for one in page.changes)


async def _apply(
    run: Run,
    wanted: Mapping[str, PlannedChange],
    key: FingerprintKey | None,
    policy: Policy,
    context: RunContext,
    deadline: Deadline,
) -> dict[str, Result]:
    tenant, memory = context.tenant(deadline), context.last_written.of_call(run.id, policy, deadline)
    requests = [Request(row, user_id, Intent()) for row, user_id in enumerate(wanted)]
    made = await plan(requests, tenant, policy, memory)
    still = Plan(tuple(entry for entry in made.entries if key and wanted[entry.key].is_still(entry, key)))
    results = {entry.key: _unwritten(entry, wanted[entry.key], key) for entry in made.entries}
    # The whole run was counted and held against the limits before: what is left to guard is what was shown.
    written = await apply(still, tenant, policy, AsShown(still.changes()), memory)
    return results | {entry.key: one for entry, one in zip(still.entries, written, strict=True)}


def _unwritten(entry: Entry, shown: PlannedChange, key: FingerprintKey | None) -> Result:
    """Return the result of somebody who is not written, since the world is no longer as it was shown."""
    if isinstance(entry.decision, Change):
        return Result.stopped(Code.CHANGED_SINCE_PLAN)
    seen = foresee(entry)
    if isinstance(entry.decision, NoChange) and key and shown.is_so(entry, key):
        return replace(seen, notes=(*seen.notes, Note.ALREADY_APPLIED))
    return seen
