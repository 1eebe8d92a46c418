"""The only place where attributes are made: known names alone, and text without what must not leave.

Spans, metrics and logs all get theirs here, so nothing is exported that did not pass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

type Value = str | int | float | bool | list[str]

# The facts of spans, metrics and events, and the attributes they are exported as. A fact that is not named
# here is dropped. Few are OpenTelemetry's own: the exporter swallows `http.*`, `error.type` and their like,
# and renames a span that has them by its address.
_SAME = (
    "aadsts auth by cause code detail error kinds notes outcome outcomes part planned reason remedy reply"
    " rows status users why created updated deleted unchanged kept refused failed"
)
NAMES = {name: f"mfa_sync.{name}" for name in _SAME.split()} | {
    "apply": "mfa_sync.run.apply",
    "dryRun": "mfa_sync.dry_run",
    "event": "event.name",
    "expires": "mfa_sync.secret.expires",
    "heldFor": "mfa_sync.run.held_for",
    "readiness": "mfa_sync.run.readiness",
    "host": "peer.service",
    "items": "mfa_sync.graph.items",
    "kind": "mfa_sync.run.kind",
    "reasonLength": "mfa_sync.reason_length",
    "run": "mfa_sync.run.id",
    "secret": "mfa_sync.secret.name",
    "service": "mfa_sync.graph.service",
    "source": "mfa_sync.token_source",
    "state": "mfa_sync.run.state",
    "statuses": "mfa_sync.graph.statuses",
    "step": "mfa_sync.run.step",
    "user": "mfa_sync.user.id",
    "version": "mfa_sync.secret.version",
    "wait": "mfa_sync.graph.wait",
}

_LONGEST = 1000
# What looks like a number and is none comes first: an object id or request id, a run's id, a date.
_SUSPECT = re.compile(
    r"(?P<known>\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b\d{8}T\d{6}Z(?:-[a-z]+)?(?:-[0-9a-f]{8})?\b"
    r"|\b\d{4}-\d\d-\d\dT\d\d:\d\d[0-9:.]*(?:Z|[+-]\d\d:\d\d)?)"
    r"|(?P<upn>[^\s@\"<>()\[\]{},;:]{1,113}@[^\s@\"'<>()\[\]{},;:]{1,255})"
    r"|(?P<number>(?<![0-9A-Za-z])\+?\(?\d(?:[ \-./()\u00a0]*\d){6,})"
    r"|(?P<secret>(?=[a-z_.-]*[0-9+/=~!&$%])[a-z0-9+/=_~.!&$%-]{32,})",
    re.IGNORECASE,
)


def attributes_of(facts: Mapping[str, object], *, upns: bool) -> dict[str, Value]:
    """Return the attributes of known facts, redacted.

    Args:
        facts: By the names that this program gives them.
        upns: TELEMETRY_UPNS: whether user principal names may stand in them.
    """
    return {
        NAMES[name]: _value(fact, upns=upns)
        for name, fact in facts.items()
        if name in NAMES and fact is not None
    }


def redacted(text: str, *, upns: bool) -> str:
    """Return the text without phone numbers, secrets and tokens, and without UPNs unless they may stand."""

    def judge(found: re.Match[str]) -> str:
        kind = found.lastgroup
        return found[0] if kind == "known" or (kind == "upn" and upns) else f"<{kind}>"

    return _SUSPECT.sub(judge, text)[:_LONGEST]


def _value(fact: object, *, upns: bool) -> Value:
    match fact:
        case bool() | int() | float():
            return fact
        case list():
            return [redacted(str(one), upns=upns) for one in fact]
        case _:
            return redacted(str(fact), upns=upns)
