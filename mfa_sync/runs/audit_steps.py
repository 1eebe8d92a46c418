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
from mfa_sync.storage.table import StorageDownError
from shared.clock import Deadline

# Graph answers five such calls in ten seconds: forty seconds of the four minutes that a step may work.
_PAGES_A_STEP = 20


class Reading(msgspec.Struct, frozen=True, tag_field="phase", tag="audit"):
    """The audit log goes on at a link.

    Attributes:
        link: The page that is next.
        later: The links of the readings that follow this one.
        parts: The notes of what was read before.
        seen: The newest entry that each filter must find.
        since: From when on the log is read, ISO 8601.
        is_filtered: Whether filters are used. What they find themselves proves nothing of them.
    """

    link: str
    later: list[str]
    parts: list[str] = []
    seen: dict[str, Witness] = {}
    since: str = ""
    is_filtered: bool = False


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
    *,
    whole: bool,
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
        whole: Whether no filter is used. One may find its witness and not another entry, so full sweeps do
            without, and see what that has hidden.

    Raises:
        TransientError, PermanentError: The log cannot be asked.
    """
    does_without = whole or (await context.facts.known()).audit_filter is False
    is_sound = not does_without and await audit.finds(context.graph, witnesses, deadline)
    first, *later = (audit.reading(since, until, only) for only in (audit.FILTERS if is_sound else ("",)))
    return Reading(first, later, [], dict(witnesses), since.isoformat(), is_sound)


async def read_some(reading: Reading, note: str, context: RunContext, deadline: Deadline) -> Read | None:
    """Return what the next pages tell, to be kept as `note` if more follows; None where we may not read on.

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
        seen = seen if reading.is_filtered else audit.newest(seen, page.witnesses)
        if page.next_link is None and not later:
            return Read(told, None, seen)
        link, later = (page.next_link, later) if page.next_link else (later[0], later[1:])
        if deadline.remaining() < context.work_seconds / 2:
            break
    parts = [*reading.parts, note]
    return Read(told, replace(reading, link=link, later=later, parts=parts, seen=seen), seen)


async def changed_by_others(
    run: Run, parts: Sequence[str], last: Sequence[Told], context: RunContext
) -> Mapping[str, Sequence[str]]:
    """Return whose methods others have changed, and who did it, by all that was read.

    Raises:
        StorageDownError: What earlier steps kept could not be read, or is gone: nobody's silence is meant.
    """
    told = list(last)
    for part in parts:
        kept = await context.runs.note(run.id, part, list[Told])
        if kept is None:
            raise StorageDownError(f"The note {part} is gone.")
        told += kept
    return audit.changed_by_others(told)


def note_of(run: Run, reading: Reading) -> str:
    """Return the name of the note for what this step reads: another worker's at the same step is another."""
    return f"told/{len(reading.parts)}-{run.owner[:8]}"
