"""POST /$batch: up to twenty calls in one, each through the same handlers and with its own answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from dev.tenant.faults import error_body
from dev.tenant.graph.errors import bad_request, stamp
from dev.tenant.graph.throttle import highest_share
from dev.tenant.state import TenantState, new_guid
from dev.tenant.wire import Call, Reply

type Handler = Callable[[Call], Reply]


MOST_ITEMS = 20
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def answer(state: TenantState, call: Call, handler: Handler) -> Reply:
    """200 with one answer per item, in any order; 400 if the envelope is wrong."""
    items = _envelope(call)
    replies: dict[str, Reply] = {}
    for item in items:
        replies[item["id"]] = _run(state, call, item, handler, replies)
    responses = [_response(item_id, reply) for item_id, reply in replies.items()]
    state.random.shuffle(responses)
    slowest = max((reply.delay for reply in replies.values()), default=0.0)
    # The more items, the later: what each adds was measured on nobody's tenant, it is a switch.
    extra = state.switches.batch_item_latency * len(items) if state.switches.graph_latency else 0.0
    logged = [
        {"id": item["id"], "method": item["method"], "url": item["url"], "status": replies[item["id"]].status}
        for item in items
    ]
    reset = any(reply.reset for reply in replies.values())
    answered = Reply(200, {"responses": responses}, delay=slowest + extra, items=logged, reset=reset)
    answered.headers |= highest_share(list(replies.values()))
    return answered


def _envelope(call: Call) -> list[dict[str, Any]]:
    if call.method != "POST":
        raise bad_request("Only POST requests are allowed for $batch.")
    try:
        items = json.loads(call.body)["requests"]
    except (ValueError, KeyError, TypeError):
        raise bad_request("Invalid batch payload format.") from None
    if not isinstance(items, list) or not items:
        raise bad_request("Invalid batch payload format.")
    if len(items) > MOST_ITEMS:
        raise bad_request(f"Number of requests inside batch exceeds the limit. Max allowed: {MOST_ITEMS}.")
    known = {str(item.get("id")) for item in items if isinstance(item, dict)}
    seen: set[str] = set()
    for item in items:
        if not isinstance(item, dict) or not all(
            isinstance(item.get(key), str) for key in ("id", "method", "url")
        ):
            raise bad_request("Invalid batch payload format: each request needs id, method and url.")
        if item["id"].lower() in seen:  # ids are compared without case
            raise bad_request(f"Request Id '{item['id']}' is duplicated.")
        if not set(item.get("dependsOn") or []) <= known:
            raise bad_request("A request depends on an id that is not in the batch.")
        seen.add(item["id"].lower())
    return items


def _run(
    state: TenantState, call: Call, item: dict[str, Any], handler: Handler, earlier: dict[str, Reply]
) -> Reply:
    for needed in item.get("dependsOn") or []:
        if needed not in earlier or earlier[needed].status >= HTTPStatus.BAD_REQUEST:
            return _stamped(
                state, call, _refuse(HTTPStatus.FAILED_DEPENDENCY, "FailedDependency", "Failed Dependency")
            )
    url, method = item["url"], item["method"].upper()
    headers = {str(name).lower(): str(value) for name, value in (item.get("headers") or {}).items()}
    if method not in METHODS or any(mark in url for mark in " #") or "://" in url:
        return _stamped(
            state, call, _refuse(HTTPStatus.BAD_REQUEST, "BadRequest", "Invalid request URI or method.")
        )
    if "body" in item and "content-type" not in headers:
        text = "A request with a body needs a Content-Type header."
        return _stamped(state, call, _refuse(HTTPStatus.BAD_REQUEST, "BadRequest", text))
    path, _, query = url.partition("?")
    body = json.dumps(item["body"]).encode() if "body" in item else b""
    version = call.path.split("/")[1]
    one = Call(method, call.host, f"/{version}/{path.lstrip('/')}", query, headers, body, is_item=True)
    return _stamped(state, call, handler(one))


def _refuse(status: int, code: str, message: str) -> Reply:
    return Reply(status, error_body(code, message))


def _stamped(state: TenantState, call: Call, reply: Reply) -> Reply:
    request_id = new_guid()
    stamp(reply, state.clock(), request_id, call.headers.get("client-request-id", request_id))
    return reply


def _response(item_id: str, reply: Reply) -> dict[str, Any]:
    response: dict[str, Any] = {"id": item_id, "status": int(reply.status), "headers": dict(reply.headers)}
    if reply.json is not None:
        response["headers"] |= {"Cache-Control": "no-cache", "Content-Type": "application/json"}
        response["body"] = reply.json
    elif reply.raw is not None:
        # Bodies that are no JSON come as base64 text.
        response["headers"]["Content-Type"] = "text/html"
        response["body"] = base64.b64encode(reply.raw).decode()
    return response
