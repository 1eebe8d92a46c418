"""One number, many users: counted over a whole plan, before the guard looks at it and anybody is shown it."""

from __future__ import annotations

from collections import Counter

from mfa_sync.runs.context import RunContext
from mfa_sync.runs.page import numbers_note
from mfa_sync.runs.run import Run


async def refuse_shared(run: Run, context: RunContext) -> Run:
    """Return the run without the changes that would give one number to too many users; they are refused.

    A page that loses some is written anew under its own digest, and the run's digest goes on over it: so what
    is done again after a crash comes to the same. Pages that a former version planned have no such note.
    Numbers planned under two versions of the key are counted apart.

    Raises:
        StorageDownError: Pages or notes could not be read or written.
    """
    if not run.tally.planned:
        return run
    store, most = context.runs, context.settings.users_per_number
    prints = [await store.note(run.id, numbers_note(one), list[str]) or [] for one in run.digests]
    users = Counter(one for of_page in prints for one in of_page if one)
    for number, of_page in enumerate(prints):
        if not any(users[one] > most for one in of_page):
            continue
        page = await store.page(run, number)
        if page is None:
            continue  # the run fails when it comes to be applied
        many = [users[one] if users[one] > most else 0 for one in of_page]
        left = page.without_shared(many, most)
        await store.put_page(run.id, number, left)
        run = run.replanned(number, left.digest, Counter(one.kind for one in page.changes) - left.counts())
    return run
