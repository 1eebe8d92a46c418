"""Applying a page: what was shown is made, unless the world has changed since (design, section 7)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mfa_sync.runs.run import Run, RunKind
from shared.codes import Code
from shared.guard import AsShown
from shared.outcome import Note
from shared.plan import Intent, NoChange, Plan, Refusal, Request
from shared.reconciler import apply, plan
from shared.results import Result, foresee
from shared.tenant import Change

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from mfa_sync.runs.context import Tools
    from mfa_sync.runs.page import Page, PlannedChange
    from mfa_sync.vault.fingerprints import FingerprintKey
    from shared.clock import Deadline
    from shared.plan import Entry
    from shared.policy import Policy


async def apply_page(
    run: Run, page: Page, left_out: AbstractSet[str], tools: Tools, deadline: Deadline
) -> Page:
    """Return the page with what became of each of its changes, but for those of people left out.

    Each user is read and decided about afresh. What is already so is done; what is still as it was shown is
    written; everything else is left for the next sweep. A key of fingerprints that is gone recognises
    nothing, so then nothing is written.

    Raises:
        TransientError, PermanentError: The directory as a whole could not be read or written.
    """
    wanted = {
        one.id: one
        for one in page.changes
        if run.approves(one.kind) and one.outcome is None and one.id not in left_out
    }
    key = await tools.keys.version(page.key)
    results = await _apply(run, wanted, key, tools, deadline) if wanted else {}
    return page.with_changes(_ended(one, results, wanted.keys()) for one in page.changes)


def _ended(one: PlannedChange, results: Mapping[str, Result], wanted: AbstractSet[str]) -> PlannedChange:
    if one.outcome is not None:
        return one
    if one.id not in wanted:
        return one.ended(Result.stopped(Code.DISCARDED))
    return one.ended(results[one.id])


async def _apply(
    run: Run,
    wanted: Mapping[str, PlannedChange],
    key: FingerprintKey | None,
    tools: Tools,
    deadline: Deadline,
) -> dict[str, Result]:
    policy, tenant = _policy(run, tools), tools.tenant(deadline)
    memory = tools.memory(run.id, policy, deadline)
    requests = [Request(row, user_id, Intent()) for row, user_id in enumerate(wanted)]
    now = await plan(requests, tenant, policy, memory)
    still = Plan(tuple(entry for entry in now.entries if key and wanted[entry.key].is_still(entry, key)))
    results = {entry.key: _left(entry, wanted[entry.key], key) for entry in now.entries}
    # The whole run was counted and held against the limits before: what is left to guard is what was shown.
    written = await apply(still, tenant, policy, AsShown(still.changes()), memory)
    return results | {entry.key: one for entry, one in zip(still.entries, written, strict=True)}


def _policy(run: Run, tools: Tools) -> Policy:
    """Return by what users are decided about now.

    The grace was judged when the plan was made; what was shown as a delete is looked at as one.
    """
    if run.kind is RunKind.PUSH:
        return tools.rules.push_policy
    return replace(tools.rules.policy, sweeping=False, empty_grace_days=0)


def _left(entry: Entry, shown: PlannedChange, key: FingerprintKey | None) -> Result:
    """Return the result of somebody who is not written, since the world is no longer as it was shown."""
    match entry.decision:
        case Change():
            return Result.stopped(Code.CHANGED_SINCE_PLAN)
        case NoChange():
            seen = foresee(entry)
            is_so = key is not None and shown.is_so(entry, key)
            return replace(seen, notes=(*seen.notes, Note.ALREADY_APPLIED)) if is_so else seen
        case Refusal():
            return foresee(entry)
