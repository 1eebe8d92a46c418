"""Words and times of the HTTP contract (docs/http.md, docs/runs.md), and how people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from shared.codes import CODES, Code

PUSH = "mfa_sync"
EXPLAIN = "explain"
RUNS_LIST = "runs_list"
RUNS_READ = "runs_read"
RUNS_START = "runs_start"
RUNS_APPROVE = "runs_approve"
RUNS_DISCARD = "runs_discard"
RUNS_STOP = "runs_stop"
OPENAPI = "openapi"
DOCTOR = "doctor"

OPERATOR_FUNCTIONS = (
    DOCTOR,
    EXPLAIN,
    RUNS_LIST,
    RUNS_READ,
    RUNS_START,
    RUNS_APPROVE,
    RUNS_DISCARD,
    RUNS_STOP,
)
"""The functions that HR's key must not open."""

KEYED_FUNCTIONS = (PUSH, OPENAPI, *OPERATOR_FUNCTIONS)
"""The functions that have a key."""

BACKGROUND_FUNCTIONS = ("sweep", "watchdog", "run_step", "run_poison")
"""The functions that timers and the queue call."""

HELD = "held"
FINISHED = "finished"
MOVING = frozenset({"planning", "applying"})
ENDED = frozenset({FINISHED, "failed", "discarded", "stopped", "superseded"})
STATES = frozenset({HELD, *MOVING, *ENDED})

LEFT_OUT = "discarded"
"""The code of changes that a decision left out."""

SWEEPS = ("full", "changed")
READINESS = "readiness"
RUN_KINDS = {
    "sweep": frozenset(SWEEPS),
    **{kind: frozenset({kind}) for kind in ("push", *SWEEPS, READINESS)},
}
"""What a list of runs can be narrowed to, and which kinds of run that is."""

COUNTED_ONLY = frozenset(
    {"outOfScope", "excluded", "guestExcluded", "accountDisabled", "sourceNotOnPremises"}
)
"""The codes of users who are not ours: a plan counts them and does not list them."""

KINDS = ("create", "update", "assert", "delete")

HELD_SECONDS = 72 * 3600
"""How long a held plan waits for a decision, from the moment when it was held."""

ROLE = "Sync.Approve"
"""The app role of whoever may decide, where App Service authentication is on."""


class Advice(NamedTuple):
    """Who acts on a row's code, and how."""

    who: str
    remedy: str


def advice(code: str) -> Advice:
    """Return the advice of the product's own table, so that this and docs/codes.md say the same.

    A newer app may know codes that this version does not.
    """
    try:
        meaning = CODES[Code(code)]
    except ValueError:
        return Advice("?", "A code of a newer version: see its docs/codes.md.")
    return Advice(meaning.who, meaning.remedy)


def moment(text: str | None) -> datetime | None:
    """Return the time that the app wrote; None if it wrote none that can be read."""
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def at(time: datetime) -> str:
    """Return a moment: 2026-11-24 02:00:00 UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def span(seconds: float) -> str:
    """Return a length of time in its two largest units: 3 h 02 min."""
    whole = max(0, int(seconds))
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min" if minutes else f"{whole} s"
