"""Spans and metrics: by which names, stable like codes, a caller describes and measures what it does.

All goes to one sink, which drops it until `mfa_sync.telemetry.export` gives another. OpenTelemetry's API
would drop it too, but its import costs a first push 9.5 ms of half a second of CPU (this module's: 0.7 ms),
and every library finds the provider that it knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from enum import StrEnum
from typing import Literal, Self

from shared.codes import CODES

type Fact = str | float | None
"""What describes a span or a value. Text is redacted when it is exported; no digits of a phone come here."""

type Instrument = Literal["counter", "gauge", "histogram"]


class Span(StrEnum):
    """The names of spans."""

    PUSH = "push"
    RUN_START = "run.start"
    RUN_STEP = "run.step"
    GRAPH_BATCH = "graph.batch"
    GRAPH_READ = "graph.read"
    SIGN_IN = "signIn"


class Metric(StrEnum):
    """The metrics: name, instrument, unit (UCUM) and meaning.

    Their attributes have few values each: none names a user, a run or an address.
    """

    instrument: Instrument
    unit: str
    meaning: str

    def __new__(cls, name: str, instrument: Instrument, unit: str, meaning: str) -> Self:
        """Make one metric, whose text is its name."""
        metric = str.__new__(cls, name)
        metric._value_ = name
        metric.instrument, metric.unit, metric.meaning = instrument, unit, meaning
        return metric

    EVENTS = "mfa_sync.events", "counter", "{event}", "Events logged."
    USERS = "mfa_sync.users", "counter", "{user}", "Users settled, refused or failed."
    CALLS = "mfa_sync.graph.call.duration", "histogram", "s", "Calls to Graph, a batch being one."
    ITEMS = "mfa_sync.graph.items", "counter", "{item}", "Requests that Graph answered."
    WAIT = "mfa_sync.graph.wait", "histogram", "s", "How long calls were held back."
    LIMIT = "mfa_sync.graph.limit", "gauge", "{item}", "Items in 10 s that Graph is believed to take."
    UNFINISHED = "mfa_sync.runs.unfinished", "gauge", "{run}", "Runs that move, and that are held."
    OLDEST = "mfa_sync.runs.oldest", "gauge", "s", "Age of the oldest run that moves or is held."


class Sink:
    """Where spans and metrics go; this one drops them. No method may raise or wait.

    The functions of this module say what each method's arguments are.
    """

    def span(self, name: Span, parent: str, facts: Mapping[str, Fact]) -> AbstractContextManager[object]:
        """Return what is one span while it is entered."""
        del name, parent, facts
        return nullcontext()

    def note(self, facts: Mapping[str, Fact]) -> None:
        """Add facts to the present span."""

    def traceparent(self) -> str:
        """Return the present span, empty where there is none."""
        return ""

    def measure(self, metric: Metric, amount: float, facts: Mapping[str, Fact]) -> None:
        """Take one value of a metric."""


_sink = Sink()


def export_to(sink: Sink) -> None:
    """Send all that follows to `sink`."""
    global _sink  # noqa: PLW0603  one process has one
    _sink = sink


@asynccontextmanager
async def span(name: Span, parent: str = "", **facts: Fact) -> AsyncIterator[None]:
    """Be one span while it is entered, or, as a decorator, during each call of a coroutine function.

    An exception that leaves it marks it as failed, by code or type alone.

    Args:
        name: Which span.
        parent: W3C's `traceparent` of a span elsewhere; it goes before the span around this one.
        facts: What describes it.
    """
    with _sink.span(name, parent, facts):
        yield


def note(**facts: Fact) -> None:
    """Add facts to the present span; `error` marks it as failed."""
    _sink.note(facts)


def traceparent() -> str:
    """Return the present span as W3C's `traceparent`, to go on with elsewhere; empty where there is none."""
    return _sink.traceparent()


def measure(metric: Metric, amount: float = 1, **facts: Fact) -> None:
    """Add to a counter, set a gauge, or give a histogram one more value."""
    _sink.measure(metric, amount, facts)


def count_users(kind: str, outcomes: Mapping[str, int], codes: Mapping[str, int]) -> None:
    """Count what became of users.

    Args:
        kind: Of the run: full, changed, push or readiness.
        outcomes: How many, by outcome.
        codes: How many of those refused or failed, by code.
    """
    uncoded = Counter(outcomes)
    known = {code.value: meaning for code, meaning in CODES.items()}
    for code, number in codes.items():
        if code not in known:  # of a newer version, which was taken back
            continue
        outcome = known[code].outcome.value
        uncoded[outcome] -= number
        measure(Metric.USERS, number, kind=kind, outcome=outcome, code=code)
    for outcome, number in (+uncoded).items():
        measure(Metric.USERS, number, kind=kind, outcome=outcome)
