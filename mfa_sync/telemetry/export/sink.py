"""The sink that makes spans and metrics of OpenTelemetry's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.metrics import Observation
from opentelemetry.trace import Link, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mfa_sync.telemetry.export.attributes import Value, attributes_of
from mfa_sync.telemetry.measures import Fact, Metric, Sink, Span

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter
    from opentelemetry.trace import Tracer

type Take = Callable[[float, dict[str, Value]], None]
"""Takes one value of a metric, with its attributes."""

_W3C = TraceContextTextMapPropagator()
_HEADER = "traceparent"
_CLIENT = frozenset({Span.GRAPH_BATCH, Span.GRAPH_READ})


class OtelSink(Sink):
    """Hands over what is measured to a tracer and a meter that nobody else uses."""

    def __init__(self, tracer: Tracer, meter: Meter, *, upns: bool) -> None:
        self._tracer = tracer
        self._upns = upns
        self._take = {metric: _instrument(meter, metric) for metric in Metric}

    @contextmanager
    def span(self, name: Span, parent: str, facts: Mapping[str, Fact]) -> Iterator[None]:
        """Be one span. With a parent from elsewhere it is linked to the span around it."""
        around = trace.get_current_span().get_span_context()
        with self._tracer.start_as_current_span(
            name.value,
            _W3C.extract({_HEADER: parent}) if parent else None,
            SpanKind.CLIENT if name in _CLIENT else SpanKind.INTERNAL,
            attributes_of(facts, upns=self._upns),
            [Link(around)] if parent and around.is_valid else [],
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
        """Add facts to the present span; `error` marks it as failed."""
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
        self._take[metric](amount, attributes_of(facts, upns=self._upns))


def _instrument(meter: Meter, metric: Metric) -> Take:
    described = metric.value, metric.unit, metric.meaning
    match metric.instrument:
        case "counter":
            return meter.create_counter(*described).add
        case "histogram":
            return meter.create_histogram(*described).record
        case "gauge":
            return _gauge(meter, metric)


def _gauge(meter: Meter, metric: Metric) -> Take:
    """Return what keeps a gauge's latest values until they are exported, once.

    OpenTelemetry's own gauge would export the last one for ever: an instance that the watchdog has left would
    go on showing runs that are long over.
    """
    latest: dict[frozenset[tuple[str, Value]], float] = {}

    def take(value: float, attributes: dict[str, Value]) -> None:
        latest[frozenset(attributes.items())] = value

    def give(_: CallbackOptions) -> Iterator[Observation]:
        while latest:  # one at a time: the exporter's thread reads while others write
            attributes, value = latest.popitem()
            yield Observation(value, dict(attributes))

    meter.create_observable_gauge(metric.value, [give], metric.unit, metric.meaning)
    return take
