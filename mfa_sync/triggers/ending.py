"""How every function ends: within a time limit of its own, and so that the worker library notices.

The library catches `Exception` alone. Whatever else ends a function, a cancellation or `SystemExit`, is never
answered (seen on host 4.1037): the host waits until `functionTimeout` and then ends the worker, with whatever
else runs there. Three such ends are the host's.

What runs as a task of its own must not raise `SystemExit`: asyncio hands it to the loop, past every edge.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any

CALL_SECONDS = 225.0
"""How long a call may take: longer than its deadline ever is, and less than the front ends wait (230 s)."""

BACKGROUND_SECONDS = 540.0
"""How long a message or a timer may take: longer than a step ever works.

`functionTimeout` counts the sending of nudges too, which takes 25 s where the queue does not answer.
"""


class EndedError(Exception):
    """What ended a function, by type and place: texts and locals of others may hold a secret."""


def failing[**P](function: Callable[P, Awaitable[None]]) -> Callable[P, Coroutine[Any, Any, None]]:
    """Return a message's or a timer's function that fails for whatever ends it, and in time."""

    @wraps(function)
    async def ended(*args: P.args, **kwargs: P.kwargs) -> None:
        from shared.clock import Deadline, SystemClock

        async def work() -> None:
            await function(*args, **kwargs)

        try:
            await Deadline.after(SystemClock(), BACKGROUND_SECONDS).within(work())
        except BaseException as error:  # noqa: BLE001  see above
            raise EndedError(said(error)) from None

    return ended


def said(error: BaseException) -> str:
    """Return what may be logged of an error: our own words, or else its type and place."""
    from shared.errors import SyncError

    if isinstance(error, SyncError):
        return str(error)
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else "unknown"
    return f"{type(error).__name__} in {place}"
