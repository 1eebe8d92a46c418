"""Graph's limits: resource units of the directory, calls of the authentication-methods service."""

from __future__ import annotations

import math
from http import HTTPStatus

from dev.tenant.bucket import Bucket
from dev.tenant.graph.errors import GraphError
from dev.tenant.state import TenantState
from dev.tenant.wire import Call, Reply

SMALL_PAGE = 20
# Graph "Throttling limits": the share is told from here on.
TOLD_FROM = 0.8
MOST_TOLD = 1.8
UNIT_HEADER = "x-ms-resource-unit"
SHARE_HEADER = "x-ms-throttle-limit-percentage"


def charge(state: TenantState, call: Call) -> dict[str, str]:
    """Charge a call or an item to its bucket: the headers to send along, or Graph's 429."""
    switches = state.switches
    service = service_of(call.path)
    limits = {
        "methods": switches.methods_limit,
        "reports": switches.reports_limit,
        "directory": switches.directory_limit,
    }
    limit = limits[service]
    if limit is None:
        return {}
    units = cost(call) if service == "directory" else 1
    bucket = state.buckets.setdefault(service, Bucket())
    share, wait = bucket.charge(state.clock(), units, limit, count_refused=switches.throttle_counts_refused)
    headers = {UNIT_HEADER: str(units)} if service == "directory" else {}
    # Only the directory's and, as a guess, the methods' answers tell the share (Graph "Throttling limits").
    if switches.throttle_tells_share and service != "reports" and share > TOLD_FROM:
        headers[SHARE_HEADER] = f"{min(share, MOST_TOLD):.2f}"
    if wait == 0.0:
        return headers
    if switches.throttle_tells_wait:
        headers["Retry-After"] = str(math.ceil(wait))
    headers["x-ms-throttle-scope"] = f"Tenant_Application/ReadWrite/{state.tenant_id}"
    headers["x-ms-throttle-information"] = "ResourceUnitLimitExceeded"
    raise GraphError(HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequests", "Too many requests.", headers)


def service_of(path: str) -> str:
    """Whose limit a path counts against: the methods', the reports' or the directory's."""
    if "/authentication/" in path:
        return "methods"
    return "reports" if path.startswith(("/v1.0/auditLogs", "/v1.0/reports")) else "directory"


def cost(call: Call) -> int:
    """Resource units of a call to the directory (Graph "Throttling limits")."""
    if call.method != "GET":
        return 1
    units = 2 if call.path.startswith("/v1.0/users") else 1
    units -= "$select" in call.params
    top = call.params.get("$top", "")
    units -= top.isdigit() and int(top) < SMALL_PAGE
    units += "$expand" in call.params
    return max(units, 1)


def highest_share(replies: list[Reply]) -> dict[str, str]:
    """What a batch as a whole tells of its items' shares (unknown: the highest)."""
    shares = [reply.headers[SHARE_HEADER] for reply in replies if SHARE_HEADER in reply.headers]
    return {SHARE_HEADER: max(shares, key=float)} if shares else {}
