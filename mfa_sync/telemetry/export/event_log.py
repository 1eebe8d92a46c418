"""Events as log records: the fixed name, the facts, and the span that they happened in."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from opentelemetry._logs import LogRecord, SeverityNumber

from mfa_sync.telemetry.export.attributes import NAMES, attributes_of
from mfa_sync.telemetry.measures import Metric, measure

if TYPE_CHECKING:
    from opentelemetry._logs import Logger

_NANOSECONDS = 1e9
_SEVERITIES = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}
# Of these facts there are few values: they may tell one time series from another.
_COUNTED_BY = ("aadsts", "code", "kind", "outcome", "source", "status")


class EventHandler(logging.Handler):
    """Exports events, and counts them. A record that is no event may hold anything, and is left out."""

    def __init__(self, logger: Logger, *, upns: bool) -> None:
        super().__init__()
        self._logger = logger
        self._upns = upns

    def emit(self, record: logging.LogRecord) -> None:
        """Export one record. Its body reads as the line in the host's log does."""
        event: str | None = getattr(record, "event", None)
        if event is None:
            return
        facts: Mapping[str, object] = record.facts  # type: ignore[attr-defined]  # `events.record` put it there
        attributes = attributes_of({**facts, "event": event}, upns=self._upns)
        exported = {name: attributes[NAMES[name]] for name in facts if NAMES.get(name) in attributes}
        self._logger.emit(
            LogRecord(
                timestamp=int(record.created * _NANOSECONDS),
                severity_text=record.levelname,
                severity_number=_SEVERITIES.get(record.levelno, SeverityNumber.UNSPECIFIED),
                body=f"{event} {json.dumps(exported)}",
                attributes=attributes,
                event_name=event,
            )
        )
        counted = {name: facts[name] for name in _COUNTED_BY if name in facts}
        measure(Metric.EVENTS, event=event, **counted)  # type: ignore[arg-type]  # texts and numbers
