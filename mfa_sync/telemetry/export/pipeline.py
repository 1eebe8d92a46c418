"""The way out: providers of our own, and the exporters to Application Insights.

The providers are not made the process's own. So no library's instrumentation finds them, whatever is
installed or switched on, and no address with a UPN or a secret's name in it is exported.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mfa_sync.telemetry import measures

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

    from mfa_sync.settings.settings import TelemetrySettings

_NAME = "mfa_sync"
_TIMEOUT_SECONDS = 10
# In milliseconds, and standard variables: whoever sets one decides. An instance may be taken away at any
# moment, so little is kept back; the exporters' own reports to Microsoft and their remote control are off.
DEFAULTS = {
    "OTEL_BSP_SCHEDULE_DELAY": "1000",
    "OTEL_BLRP_SCHEDULE_DELAY": "1000",
    "OTEL_METRIC_EXPORT_INTERVAL": "15000",
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What exports, until it is shut down."""

    spans: TracerProvider
    metrics: MeterProvider
    events: LoggerProvider
    handler: logging.Handler

    def flush(self) -> None:
        """Export what is kept back. It waits for as long as that takes: for tests and tools."""
        self.spans.force_flush()
        self.events.force_flush()
        self.metrics.force_flush()

    def shut_down(self) -> None:
        """Export what is kept back, and nothing more."""
        measures.export_to(None)
        logging.getLogger(_NAME).removeHandler(self.handler)
        self.spans.shutdown()
        self.events.shutdown()
        self.metrics.shutdown()


def switch_on(settings: TelemetrySettings) -> Pipeline:
    """Export everything from now on: spans and events within a second, metrics every 15 seconds.

    The exporters read themselves who we are there: APPLICATIONINSIGHTS_AUTHENTICATION_STRING.

    Raises:
        ValueError: The connection string is none.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    from azure.monitor.opentelemetry.exporter import (  # noqa: PLC0415  they read the variables when imported
        AzureMonitorLogExporter,
        AzureMonitorMetricExporter,
        AzureMonitorTraceExporter,
    )
    from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: PLC0415
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    from mfa_sync.telemetry.export.event_log import EventHandler  # noqa: PLC0415
    from mfa_sync.telemetry.export.sink import OtelSink  # noqa: PLC0415

    options: dict[str, Any] = {
        "connection_string": settings.connection_string,
        "disable_offline_storage": True,  # nothing lies on a disk; an outage costs what falls into it
        "timeout": _TIMEOUT_SECONDS,
        "read_timeout": _TIMEOUT_SECONDS,
        "retry_total": 1,
        "retry_status": 0,  # a Retry-After of an hour would silence the process for an hour
    }
    resource = Resource.create(_who_we_are())
    spans = TracerProvider(resource=resource)
    spans.add_span_processor(BatchSpanProcessor(AzureMonitorTraceExporter(tracer_provider=spans, **options)))
    metrics = MeterProvider(
        [PeriodicExportingMetricReader(AzureMonitorMetricExporter(**options))], resource=resource
    )
    events = LoggerProvider(resource)
    events.add_log_record_processor(BatchLogRecordProcessor(AzureMonitorLogExporter(**options)))
    handler = EventHandler(events.get_logger(_NAME), upns=settings.upns)
    logger = logging.getLogger(_NAME)
    if not logger.isEnabledFor(logging.INFO):
        logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    measures.export_to(OtelSink(spans.get_tracer(_NAME), metrics.get_meter(_NAME), upns=settings.upns))
    return Pipeline(spans, metrics, events, handler)


def _who_we_are() -> dict[str, str]:
    """Return the resource as the Functions host names it, so that both are one role on the map."""
    named = {
        "service.name": os.environ.get("OTEL_SERVICE_NAME") or os.environ.get("WEBSITE_SITE_NAME", _NAME),
        "service.instance.id": os.environ.get("WEBSITE_INSTANCE_ID", ""),
    }
    return {name: value for name, value in named.items() if value}
