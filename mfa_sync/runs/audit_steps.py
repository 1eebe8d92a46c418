"""How a sweep reads the audit log: some pages a step, by the server's filter where that has proved itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import replace
from datetime import datetime

import msgspec

from mfa_sync.graph import audit
from mfa_sync.graph.audit import Told, Witness
from mfa_sync.runs.context import RunContext
from mfa_sync.runs.run import Run
from shared.clock import Deadline

# Graph answers five such calls in ten seconds: forty seconds of the four minutes that a step may work.
_PAGES_A_STEP = 20


class Reading(msgspec.Struct, frozen=True, tag_field="phase", tag="audit"):
    """The audit log goes on at a link.

    Attributes:
        link: The page that is next.
        later: The links of the readings that follow this one.
        part: How many parts were read and kept.
        seen: The newest entry that each filter must find.
    """

    link: str
    later: list[str]
    part: int = 0
    seen: dict[str, Witness] = {}


class Read(msgspec.Struct, frozen=True):
    """What a step has read.

    Attributes:
        told: What it tells of changes.
        following: Where the next step goes on; None at the end.
        seen: The newest entry that each filter must find.
    """

    told: list[Told]
    following: Reading | None
    seen: dict[str, Witness]


async def begin(
    context: RunContext,
    since: datetime,
    until: datetime,
    witnesses: Mapping[str, Witness],
    deadline: Deadline,
) -> Reading:
    """Return where a reading of the log from one time to another begins.

    Args:
        context: What runs work with.
        since: From when on.
        until: Until when.
        witnesses: Entries that were seen, by the filter that must find them. Where each finds its own now,
            they are used; where one does not, or there is none, or the canary has found that filters find
            nothing, all that happened is read.
        deadline: By when the answer is needed.

    Raises:
        TransientError, PermanentError: The log cannot be asked.
    """
    was_found_to_fail = (await context.facts.known()).audit_filter is False
    is_sound = not was_found_to_fail and await audit.finds(context.graph, witnesses, deadline)
    first, *later = (audit.reading(since, until, only) for only in (audit.FILTERS if is_sound else ("",)))
    return Reading(first, later, seen=dict(witnesses))


async def read_some(reading: Reading, context: RunContext, deadline: Deadline) -> Read | None:
    """Return what the next pages tell; None where we may not read the log.

    Raises:
        TransientError, PermanentError: The log cannot be read.
    """
    own = (await context.graph.token(deadline)).principals
    told: list[Told] = []
    link, later, seen = reading.link, reading.later, reading.seen
    for _ in range(_PAGES_A_STEP):
        page = await audit.page(context.graph, link, own, deadline)
        if page is None:
            return None
        told += page.told
        seen = audit.newest(seen, page.witnesses)
        if page.next_link is None and not later:
            return Read(told, None, seen)
        link, later = (page.next_link, later) if page.next_link else (later[0], later[1:])
        if deadline.remaining() < context.work_seconds / 2:
            break
    return Read(told, replace(reading, link=link, later=later, part=reading.part + 1, seen=seen), seen)


async def changed_by_others(
    run: Run, parts: int, last: Sequence[Told], context: RunContext
) -> Mapping[str, Sequence[str]]:
    """Return whose methods others have changed, and who did it, by all that was read.

    Raises:
        StorageDownError: What earlier steps kept could not be read.
    """
    told = list(last)
    for part in range(parts):
        told += await context.runs.note(run.id, note(part), list[Told]) or ()
    return audit.changed_by_others(told)


def note(part: int) -> str:
    """Return the name under which that part of what was read is kept."""
    return f"told/{part}"
