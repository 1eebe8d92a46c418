"""SIGINT and SIGTERM as values, for what stays up until it is told to end."""

from __future__ import annotations

import signal
from queue import SimpleQueue


def signals_to_end() -> SimpleQueue[int]:
    """Return where SIGINT and SIGTERM come from now on, instead of ending the process.

    One may come while the other is taken: an Event would wait for its own lock for ever, this queue's `put`
    may be interrupted by itself (https://docs.python.org/3/library/queue.html#queue.SimpleQueue.put).
    """
    signals: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda taken, _: signals.put(taken))
    return signals
