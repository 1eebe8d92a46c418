"""Application Insights' ingestion endpoint: takes telemetry from the managed identity alone, and keeps it."""

from __future__ import annotations

import gzip
import json
from typing import Any

from dev.tenant.state import INGESTION_HOST, TenantState
from dev.tenant.tokens import MONITOR_AUDIENCE
from dev.tenant.wire import Call, Reply

INSTRUMENTATION_KEY = "3d1f6b0e-52c7-4a98-8e14-f07a9b2c6d35"
CONNECTION_STRING = f"InstrumentationKey={INSTRUMENTATION_KEY};IngestionEndpoint=https://{INGESTION_HOST}/"
# The exporters put it behind the endpoint's own slash.
_PATH = "/v2.1/track"


def answer(state: TenantState, call: Call) -> Reply:
    """What the endpoint answers where local authentication is off (`disableLocalAuth`)."""
    if call.method != "POST" or call.path.replace("//", "/") != _PATH:
        return Reply(404)
    token = state.tokens.get(call.bearer or "")
    if token is None or token.audience != MONITOR_AUDIENCE or token.expires_at <= state.clock():
        return Reply(401, {"itemsReceived": 0, "itemsAccepted": 0, "errors": []})
    body = gzip.decompress(call.body) if call.headers.get("content-encoding") == "gzip" else call.body
    items = _items(body.decode())
    state.telemetry += [(body, item) for item in items]
    return Reply(200, {"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []})


def _items(text: str) -> list[dict[str, Any]]:
    """The envelopes of a request: a JSON array, or one object a line."""
    if text.lstrip().startswith("["):
        return list(json.loads(text))
    return [json.loads(line) for line in text.splitlines() if line.strip()]
