"""The sink that makes spans and metrics of OpenTelemetry's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mfa_sync.otel.attributes import attributes_of
from mfa_sync.telemetry import Kind, Metric, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.metrics import Meter
    from opentelemetry.trace import Tracer

    from mfa_sync.telemetry import Fact

_W3C = TraceContextTextMapPropagator()
_HEADER = "traceparent"
_CLIENT = frozenset({Span.GRAPH_BATCH, Span.GRAPH_READ})


class OtelSink:
    """Hands over what is measured to a tracer and a meter that nobody else uses."""

    def __init__(self, tracer: Tracer, meter: Meter, *, upns: bool) -> None:
        self._tracer = tracer
        self._upns = upns
        make = {
            Kind.COUNTER: meter.create_counter,
            Kind.GAUGE: meter.create_gauge,
            Kind.HISTOGRAM: meter.create_histogram,
        }
        instruments = {
            one: make[one.value.kind](one.value.name, one.value.unit, one.value.meaning) for one in Metric
        }
        self._tell = {one: getattr(made, _VERBS[one.value.kind]) for one, made in instruments.items()}

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


_VERBS = {Kind.COUNTER: "add", Kind.GAUGE: "set", Kind.HISTOGRAM: "record"}
