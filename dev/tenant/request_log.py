"""What was asked of the tenant: no header values, no bodies, no phone numbers."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

_ESCAPE = r"%[0-9A-Fa-f]{2}"
# Escapes and points in time are read first: the digits in them are no part of a number.
_NUMBER = re.compile(
    rf"(?P<kept>{_ESCAPE}|20\d\d-\d\d-\d\dT[\d.]+(?:(?::|%3A)[\d.]+)*)|\d(?:(?:{_ESCAPE}|[\s().-])*\d){{5,}}",
    re.IGNORECASE,
)
KEPT_ENTRIES = 200_000


class RequestLog:
    """The latest calls, numbered from 1 on since the last clearing."""

    def __init__(self) -> None:
        self.entries: deque[dict[str, Any]] = deque(maxlen=KEPT_ENTRIES)
        self._sequence = 0

    def add(self, entry: dict[str, Any]) -> None:
        """Write one call down."""
        self._sequence += 1
        self.entries.append({"sequence": self._sequence, **entry})

    def clear(self) -> None:
        """Forget everything and count from 1 again."""
        self.entries.clear()
        self._sequence = 0


def without_numbers(query: str) -> str:
    """A query that cannot give a phone number away (a filter may hold one)."""
    return _NUMBER.sub(lambda match: match["kept"] or "…", query)
