"""The sink that makes spans and metrics of OpenTelemetry's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.metrics import Observation
from opentelemetry.trace import Link, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mfa_sync.telemetry.export.attributes import attributes_of
from mfa_sync.telemetry.measures import Kind, Metric, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.metrics import CallbackOptions, Meter
    from opentelemetry.trace import Tracer

    from mfa_sync.telemetry.export.attributes import Value
    from mfa_sync.telemetry.measures import Fact
    from mfa_sync.telemetry.measures import Meter as Told

_W3C = TraceContextTextMapPropagator()
_HEADER = "traceparent"
_CLIENT = frozenset({Span.GRAPH_BATCH, Span.GRAPH_READ})


class OtelSink:
    """Hands over what is measured to a tracer and a meter that nobody else uses."""

    def __init__(self, tracer: Tracer, meter: Meter, *, upns: bool) -> None:
        self._tracer = tracer
        self._upns = upns
        self._tell = {one: _instrument(meter, one.value) for one in Metric}

    @contextmanager
    def span(self, name: Span, parent: str, facts: Mapping[str, Fact]) -> Iterator[None]:
        """Be one span. With a parent from elsewhere it is linked to the span around it."""
        here = trace.get_current_span().get_span_context()
        context = _W3C.extract({_HEADER: parent}) if parent else None
        with self._tracer.start_as_current_span(
            name.value,
            context,
            SpanKind.CLIENT if name in _CLIENT else SpanKind.INTERNAL,
            attributes_of(facts, upns=self._upns),
            [Link(here)] if parent and here.is_valid else [],
            record_exception=False,  # its text and traceback are nobody's to read
            set_status_on_exception=False,
        ):
            try:
                yield
            except BaseException as error:
                code = getattr(error, "code", None)
                self.note({"error": str(getattr(code, "value", type(error).__name__))})
                raise

    def note(self, facts: Mapping[str, Fact]) -> None:
        """Tell more of the present span."""
        span = trace.get_current_span()
        span.set_attributes(attributes_of(facts, upns=self._upns))
        if facts.get("error"):
            span.set_status(StatusCode.ERROR)

    def traceparent(self) -> str:
        """Return the present span as a header's value."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get(_HEADER, "")

    def measure(self, metric: Metric, amount: float, facts: Mapping[str, Fact]) -> None:
        """Hand a value to its instrument."""
        self._tell[metric](amount, attributes_of(facts, upns=self._upns))


def _instrument(meter: Meter, told: Told) -> Callable[[float, dict[str, Value]], None]:
    """Return what takes the values of one metric."""
    match told.kind:
        case Kind.COUNTER:
            return meter.create_counter(told.name, told.unit, told.meaning).add
        case Kind.HISTOGRAM:
            return meter.create_histogram(told.name, told.unit, told.meaning).record
        case Kind.GAUGE:
            latest = _Latest()
            meter.create_observable_gauge(told.name, [latest.give], told.unit, told.meaning)
            return latest.take


class _Latest:
    """Keeps a gauge's values until they are exported, once.

    OpenTelemetry's own gauge would tell the last one for ever: an instance that the watchdog has left would
    go on telling of runs that are long over.
    """

    def __init__(self) -> None:
        self._values: dict[frozenset[tuple[str, Value]], float] = {}

    def take(self, value: float, attributes: dict[str, Value]) -> None:
        """Keep a value, in place of a former one with the same attributes."""
        self._values[frozenset(attributes.items())] = value

    def give(self, _: CallbackOptions) -> list[Observation]:
        """Return what was kept, and forget it."""
        values, self._values = self._values, {}
        return [Observation(value, dict(attributes)) for attributes, value in values.items()]
