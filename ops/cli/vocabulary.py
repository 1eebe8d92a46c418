"""Words of the HTTP contract that the command line acts on (docs/http.md, docs/runs.md)."""

from __future__ import annotations

PUSH = "mfa_sync"
EXPLAIN = "explain"
RUNS_LIST = "runs_list"
RUNS_READ = "runs_read"
RUNS_START = "runs_start"
RUNS_APPROVE = "runs_approve"
RUNS_DISCARD = "runs_discard"
RUNS_STOP = "runs_stop"
OPENAPI = "openapi"

OPERATOR_FUNCTIONS = (EXPLAIN, RUNS_LIST, RUNS_READ, RUNS_START, RUNS_APPROVE, RUNS_DISCARD, RUNS_STOP)
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
RUN_KINDS = {
    "sweep": frozenset(SWEEPS),
    "push": frozenset({"push"}),
    **{kind: frozenset({kind}) for kind in SWEEPS},
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
