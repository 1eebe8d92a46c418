"""What is measured, and by which names: spans and metrics, stable like codes. Off, it costs nothing.

Nothing here knows OpenTelemetry. What is told goes to a sink, and there is none until `export_to` gives one;
`mfa_sync.telemetry.export` is the one that exports. docs/telemetry.md is the table of all names.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol

from shared.codes import CODES, Code

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from contextlib import AbstractContextManager

type Fact = str | float | None
"""What a span or a figure is told with. Text is redacted on its way out; no number of a phone comes here."""


class Span(StrEnum):
    """The names of spans."""

    PUSH = "push"
    RUN_START = "run.start"
    RUN_STEP = "run.step"
    GRAPH_BATCH = "graph.batch"
    GRAPH_READ = "graph.read"
    SIGN_IN = "signIn"


class Kind(Enum):
    """How the values of a metric are put together."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Meter:
    """One metric: its name, how its values add up, its unit (UCUM), and what it says."""

    name: str
    kind: Kind
    unit: str
    meaning: str


class Metric(Enum):
    """The metrics. Their attributes have few values each: none names a user, a run or an address."""

    EVENTS = Meter("mfa_sync.events", Kind.COUNTER, "{event}", "Events logged.")
    USERS = Meter("mfa_sync.users", Kind.COUNTER, "{user}", "Users settled, refused or failed.")
    CALLS = Meter("mfa_sync.graph.call.duration", Kind.HISTOGRAM, "s", "Calls to Graph, a batch being one.")
    ITEMS = Meter("mfa_sync.graph.items", Kind.COUNTER, "{item}", "Requests that Graph answered.")
    WAIT = Meter("mfa_sync.graph.wait", Kind.HISTOGRAM, "s", "How long calls were held back.")
    LIMIT = Meter(
        "mfa_sync.graph.limit", Kind.GAUGE, "{item}", "Items in 10 s that Graph is believed to take."
    )
    UNFINISHED = Meter("mfa_sync.runs.unfinished", Kind.GAUGE, "{run}", "Runs that move, and that are held.")
    OLDEST = Meter("mfa_sync.runs.oldest", Kind.GAUGE, "s", "Age of the oldest run that moves or is held.")


class Sink(Protocol):
    """Where it goes. No method may raise or wait."""

    def span(self, name: Span, parent: str, facts: Mapping[str, Fact]) -> AbstractContextManager[object]:
        """Return what is one span while it is entered; a `parent` goes before the span around it."""
        ...

    def note(self, facts: Mapping[str, Fact]) -> None:
        """Tell more of the present span; the fact `error` says that it failed."""
        ...

    def traceparent(self) -> str:
        """Return the present span as W3C's `traceparent`; empty where there is none."""
        ...

    def measure(self, metric: Metric, amount: float, facts: Mapping[str, Fact]) -> None:
        """Add to a counter, set a gauge, or give a histogram one more value."""
        ...


_NOTHING = nullcontext()
_sink: Sink | None = None


def export_to(sink: Sink | None) -> None:
    """Send all that follows to `sink`; None: nowhere."""
    global _sink  # noqa: PLW0603  one process has one
    _sink = sink


def is_on() -> bool:
    """Return whether it goes anywhere, for callers whose figures cost something."""
    return _sink is not None


def span(name: Span, parent: str = "", **facts: Fact) -> AbstractContextManager[object]:
    """Return a span to be entered. An exception that leaves it marks it as failed, by code or type alone."""
    return _NOTHING if _sink is None else _sink.span(name, parent, facts)


def traced[**P, T](
    name: Span,
) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Make every call of a coroutine function one span."""

    def wrap(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @wraps(work)
        async def inside(*args: P.args, **kwargs: P.kwargs) -> T:
            with span(name):
                return await work(*args, **kwargs)

        return inside

    return wrap


def note(**facts: Fact) -> None:
    """Tell more of the present span; `error` says that it failed."""
    if _sink is not None:
        _sink.note(facts)


def traceparent() -> str:
    """Return the present span for whoever goes on elsewhere; empty where there is none."""
    return "" if _sink is None else _sink.traceparent()


def measure(metric: Metric, amount: float = 1, **facts: Fact) -> None:
    """Add to a counter, set a gauge, or give a histogram one more value."""
    if _sink is not None:
        _sink.measure(metric, amount, facts)


def count_users(kind: str, outcomes: Mapping[str, int], codes: Mapping[str, int]) -> None:
    """Count what became of users.

    Args:
        kind: Of the run: full, changed or push.
        outcomes: How many, by outcome.
        codes: How many of those refused or failed, by code.
    """
    if _sink is None:
        return
    for outcome, number in outcomes.items():
        coded = sum(count for code, count in codes.items() if CODES[Code(code)].outcome == outcome)
        if number > coded:
            _sink.measure(Metric.USERS, number - coded, {"kind": kind, "outcome": outcome})
    for code, number in codes.items():
        facts: dict[str, Fact] = {"kind": kind, "outcome": CODES[Code(code)].outcome.value, "code": code}
        _sink.measure(Metric.USERS, number, facts)
