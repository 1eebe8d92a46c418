"""Answers as their callers read them: without a host, but as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mfa_sync.api.contract.answers import Answer
from mfa_sync.runs.step import Nudge


@dataclass(frozen=True, slots=True)
class Read:
    """An answer whose body has been through JSON; `nudge` is what went to the queue beside it."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]
    nudge: Nudge | None


def read(answer: Answer) -> Read:
    """Return what a caller reads of an answer."""
    text = json.dumps(answer.plain())
    assert text.isascii()
    return Read(int(answer.status), json.loads(text), answer.headers, answer.nudge)
