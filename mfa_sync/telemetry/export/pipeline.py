"""The way out: providers of our own, and the exporters to Application Insights.

The providers are not made the process's own. So no library's instrumentation finds them, whatever is
installed or switched on, and no address with a UPN or a secret's name in it is exported.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from azure.monitor.opentelemetry.exporter import (
    AzureMonitorLogExporter,
    AzureMonitorMetricExporter,
    AzureMonitorTraceExporter,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from mfa_sync.settings.settings import TelemetrySettings
from mfa_sync.telemetry import measures
from mfa_sync.telemetry.export.event_log import EventHandler
from mfa_sync.telemetry.export.sink import OtelSink

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


class Pipeline:
    """What exports, until it is shut down."""

    def __init__(
        self, providers: tuple[TracerProvider, LoggerProvider, MeterProvider], handler: logging.Handler
    ) -> None:
        self._providers = providers
        self._handler = handler

    def flush(self) -> None:
        """Export what is kept back. It waits for as long as that takes: for tests and tools."""
        for provider in self._providers:
            provider.force_flush()

    def shut_down(self) -> None:
        """Export what is kept back, and nothing more."""
        measures.export_to(measures.Sink())
        logging.getLogger(_NAME).removeHandler(self._handler)
        for provider in self._providers:
            provider.shutdown()


def switch_on(settings: TelemetrySettings) -> Pipeline:
    """Export everything from now on: spans and events within a second, metrics every 15 seconds.

    The exporters read themselves who we are there: APPLICATIONINSIGHTS_AUTHENTICATION_STRING.

    Raises:
        ValueError: The connection string is none.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    options: dict[str, Any] = {
        "connection_string": settings.connection_string,
        "disable_offline_storage": True,  # nothing lies on a disk; an outage costs what falls into it
        "timeout": _TIMEOUT_SECONDS,
        "read_timeout": _TIMEOUT_SECONDS,
        "retry_total": 1,
        "retry_status": 0,  # a Retry-After of an hour would silence the process for an hour
    }
    resource = _resource()
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
    return Pipeline((spans, events, metrics), handler)


def _resource() -> Resource:
    """Return who we are, named as the Functions host names it, so that both are one role on the map."""
    named = {
        "service.name": os.environ.get("OTEL_SERVICE_NAME") or os.environ.get("WEBSITE_SITE_NAME", _NAME),
        "service.instance.id": os.environ.get("WEBSITE_INSTANCE_ID", ""),
    }
    return Resource.create({name: value for name, value in named.items() if value})
