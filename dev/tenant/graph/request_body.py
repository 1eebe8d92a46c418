"""The JSON object that a call carries."""

from __future__ import annotations

import json
from typing import Any

from dev.tenant.graph.errors import bad_request
from dev.tenant.wire import Call


def json_object(call: Call) -> dict[str, Any]:
    """The body, or Graph's 400."""
    try:
        body = json.loads(call.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise bad_request("Unable to read JSON request payload.")
    return body
