"""What reached the emulated ingestion endpoint, read as a person would in Application Insights."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dev.tenant.server import EmulatedTenant
from mfa_sync.telemetry.export.pipeline import Pipeline

_LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True)
class SeenSpan:
    """One span."""

    name: str
    id: str
    parent: str | None
    trace: str
    succeeded: bool
    facts: dict[str, str]
    target: str | None
    links: tuple[str, ...]


@dataclass(frozen=True)
class SeenEvent:
    """One event."""

    name: str
    message: str
    severity: int
    span: str
    trace: str
    facts: dict[str, str]


class Exported:
    """Everything that was exported so far."""

    def __init__(self, tenant: EmulatedTenant, pipeline: Pipeline | None = None) -> None:
        self._tenant = tenant
        self._pipeline = pipeline

    def _items(self, kind: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        if self._pipeline is not None:
            self._pipeline.flush()
        data = [(item["tags"], item["data"]) for _, item in self._tenant.state.telemetry]
        return [(tags, one["baseData"]) for tags, one in data if one["baseType"] == kind]

    def bytes(self) -> bytes:
        """All that came over the wire, unpacked."""
        self._items("")
        return b"\n".join(body for body, _ in self._tenant.state.telemetry)

    def kinds(self) -> set[str]:
        """The kinds of what was exported, by Application Insights' names."""
        self._items("")
        return {item["data"]["baseType"] for _, item in self._tenant.state.telemetry}

    def spans(self, name: str | None = None) -> list[SeenSpan]:
        """All spans, or those of one name."""
        found = [
            SeenSpan(
                data["name"],
                data["id"],
                tags.get("ai.operation.parentId"),
                tags["ai.operation.id"],
                data["success"],
                data.get("properties", {}),
                data.get("target"),
                tuple(one["id"] for one in json.loads(data.get("properties", {}).get("_MS.links", "[]"))),
            )
            for tags, data in self._items("RemoteDependencyData")
        ]
        return [one for one in found if name in {None, one.name}]

    def events(self, name: str | None = None) -> list[SeenEvent]:
        """All events, or those of one name."""
        found = [
            SeenEvent(
                data["properties"]["event.name"],
                data["message"],
                data["severityLevel"],
                tags["ai.operation.parentId"],
                tags["ai.operation.id"],
                data["properties"],
            )
            for tags, data in self._items("MessageData")
        ]
        return [one for one in found if name in {None, one.name}]

    def metrics(self, name: str) -> dict[tuple[str, ...], float]:
        """The sums of one metric, by the values of its attributes in the order of their names."""
        sums: dict[tuple[str, ...], float] = defaultdict(float)
        for _, data in self._items("MetricData"):
            for point in data["metrics"]:
                if point["name"] == name:
                    facts = data.get("properties", {})
                    sums[tuple(facts[key] for key in sorted(facts))] += point["value"]
        return dict(sums)

    def wait_until(self, is_there: Callable[[], bool], within_seconds: float = 60) -> None:
        """Wait for what another process exports in its own time."""
        deadline = time.monotonic() + within_seconds
        while not is_there():
            assert time.monotonic() < deadline, "It was not exported in time."
            time.sleep(_LOOK_AGAIN_SECONDS)

    def metric_names(self) -> set[str]:
        """The names of all metrics, without the exporter's own account of the resource."""
        points = [point for _, data in self._items("MetricData") for point in data["metrics"]]
        return {point["name"] for point in points} - {"_OTELRESOURCE_"}
