"""What was found out about this tenant by trying it on an account of one's own, where nobody publishes it.

Each fact has bounds: one outside of them is not used, and told. Each is forgotten after 30 days. Without any,
all is as it was before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

KEEP_SECONDS: Final = 30 * 86400.0
"""For how long a fact is used."""

# Seconds before each look at what a write did. No figure is published; tools in daily use wait 5 to 10.
_PATIENCE: Final = (0.0, 1.0, 2.0, 4.0, 8.0)
_LONGEST_WAIT: Final = 30.0
# One measurement is not the longest that it will ever take.
_MARGIN: Final = 1.5
_SKEW_SECONDS: Final = 300.0
# The audit log is up to minutes late; what comes twice is only read twice.
_OVERLAP: Final = 900.0
_SIGNATURE = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class FactKind:
    """One thing that may be found out.

    Attributes:
        name: Under which it is kept.
        meaning: What it says, and what uses it.
        default: What is done while it is not known, in words.
        bounds: What may be believed, in words.
        fits: Whether a value is within them.
    """

    name: str
    meaning: str
    default: str
    bounds: str
    fits: Callable[[object], bool]


def _is_number(least: float, most: float) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most

    return fits


def _is_signature(value: object) -> bool:
    return isinstance(value, str) and _SIGNATURE.fullmatch(value) is not None


FACTS: Final = (
    FactKind(
        "readLag",
        "seconds until a read shows a write: how long a doubtful write is looked at, and from when on an old "
        "number accuses somebody",
        "looks for 15 s; an old number accuses after 60 s",
        "0 to 120",
        _is_number(0, 120),
    ),
    FactKind(
        "existsSignature",
        "what the refusal of a second POST looks like: the phone is there, so it is read back",
        "told by words of the refusal",
        "16 hexadecimal digits, another than badNumberSignature",
        _is_signature,
    ),
    FactKind(
        "badNumberSignature",
        "what the refusal of a bad number looks like: it is final at once",
        "told by words of the refusal",
        "16 hexadecimal digits, another than existsSignature",
        _is_signature,
    ),
    FactKind(
        "auditFilter",
        "whether the audit log's filter by service finds our own write",
        "each sweep tries its filters on entries that it has seen; found false, they are not tried",
        "true or false",
        lambda value: isinstance(value, bool),
    ),
    FactKind(
        "auditLatency",
        "seconds until the audit log shows a write",
        "windows of two sweeps overlap by 15 minutes",
        "0 to 7200",
        _is_number(0, 7200),
    ),
    FactKind(
        "methodsLimit",
        "reads of authentication methods in ten seconds: the pace, as long as Graph tells no other",
        "no limit is assumed until one shows",
        "100 to 20000",
        _is_number(100, 20_000),
    ),
)
"""All that there are, in the order in which they are shown."""

_BY_NAME = {kind.name: kind for kind in FACTS}


@dataclass(frozen=True, slots=True)
class Found:
    """One fact as it was kept.

    Attributes:
        kind: What it is.
        value: What was found.
        at: When, in seconds since 1970.
        unused: Why it is not used; empty: it is.
    """

    kind: FactKind
    value: Any
    at: float
    unused: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known and used. None: not known, so the default holds."""

    read_lag: float | None = None
    exists_signature: str | None = None
    bad_number_signature: str | None = None
    audit_filter: bool | None = None
    audit_latency: float | None = None
    methods_limit: float | None = None
    found: tuple[Found, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, kept: Mapping[str, tuple[Any, float]], now: float) -> Facts:
        """Return what is used of what was kept: by name, a value and when it was found."""
        found = [
            Found(kind, *kept[kind.name], _why_unused(kind, kept, now)) for kind in FACTS if kind.name in kept
        ]
        used = {one.kind.name: one.value for one in found if not one.unused}
        return cls(
            used.get("readLag"),
            used.get("existsSignature"),
            used.get("badNumberSignature"),
            used.get("auditFilter"),
            used.get("auditLatency"),
            used.get("methodsLimit"),
            tuple(found),
        )

    @property
    def patience(self) -> Sequence[float]:
        """Seconds before each look at what a doubtful write did: never less than without facts."""
        waits = list(_PATIENCE)
        while sum(waits) < (self.read_lag or 0.0) * _MARGIN:
            waits.append(min(waits[-1] * 2, _LONGEST_WAIT))
        return waits

    @property
    def audit_overlap(self) -> float:
        """Seconds by which the windows of two sweeps overlap, since the audit log is late."""
        return max(_OVERLAP, (self.audit_latency or 0.0) * _MARGIN)

    @property
    def settled_after(self) -> float:
        """Seconds after a write from which on a read is believed to show it."""
        return (self.read_lag or 0.0) * _MARGIN


NOTHING_FOUND: Final = Facts()
"""What is known where nothing was tried."""


class FactSource(Protocol):
    """Whoever keeps the facts."""

    async def known(self) -> Facts:
        """Return what is known, from memory where that is young enough. It never raises."""
        ...


class NoFacts:
    """A `FactSource` that knows nothing."""

    async def known(self) -> Facts:
        """Return nothing."""
        return NOTHING_FOUND


def _why_unused(kind: FactKind, kept: Mapping[str, tuple[Any, float]], now: float) -> str:
    value, at = kept[kind.name]
    if not math.isfinite(at) or now - at > KEEP_SECONDS:
        return "it is older than 30 days"
    if at - now > _SKEW_SECONDS:
        return "its time is yet to come"
    if not kind.fits(value):
        return f"it is out of bounds ({kind.bounds})"
    pair = {"existsSignature": "badNumberSignature", "badNumberSignature": "existsSignature"}.get(kind.name)
    if pair and kept.get(pair, (None, at))[0] == value:
        return "both refusals look the same"
    return ""
