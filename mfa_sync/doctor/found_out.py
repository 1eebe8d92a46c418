"""What the canary found out, judged. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from mfa_sync.doctor.verdict import Verdict, ok, unknown, warning
from shared.facts import Facts, Found

_AGAIN = "Ask for it again: mfa-sync doctor --canary."


def judge_facts(facts: Facts) -> Verdict:
    """Return the verdict on the facts that are kept: each with its day; one that is not used is told."""
    if not facts.found:
        return unknown("nothing was found out yet", "defaults are used: docs/doctor.md", _AGAIN)
    seen = "; ".join(_told(one) for one in facts.found)
    unused = "; ".join(f"{one.kind.name} is not used: {one.unused}" for one in facts.found if one.unused)
    return warning(seen, unused, _AGAIN) if unused else ok(seen)


def _told(one: Found) -> str:
    value = one.value
    # A value out of bounds may be anything, so it is not repeated.
    shown = "?" if one.unused else f"{value:g}" if isinstance(value, float) else str(value).lower()
    return f"{one.kind.name} {shown} ({datetime.fromtimestamp(one.at, UTC):%Y-%m-%d})"
