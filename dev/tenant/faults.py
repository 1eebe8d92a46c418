"""Faults for the next calls that match: a status, a lost answer, a closed connection, a delay."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from dev.tenant.wire import Call, Reply

HTML = (
    b"<html><head><title>Unavailable</title></head><body><h1>Our services aren't available</h1></body></html>"
)
DEFAULT_CODES = {
    400: ("badRequest", "Bad request."),
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    403: ("accessDenied", "Request Authorization failed"),
    404: ("Request_ResourceNotFound", "Resource does not exist."),
    409: ("phoneNumberNotUnique", "The phone number is not unique."),
    410: ("resyncRequired", "Resync required."),
    429: ("TooManyRequests", "Too many requests."),
    500: ("InternalServerError", "Internal server error."),
    502: ("BadGateway", "Bad gateway."),
    503: ("serviceNotAvailable", "The service is temporarily unavailable."),
    504: ("GatewayTimeout", "The gateway timed out."),
}


@dataclass(slots=True)
class Fault:
    """Strikes `times` calls whose method, decoded path and host match the expressions.

    `applies_to` says "call" (outer calls), "item" (of a batch) or "any". `after_commit`: the call takes
    effect and only its answer is lost. Status 0 changes nothing but the delay.
    """

    status: int = 0
    times: int = 1
    method: str = ".*"
    path: str = ".*"
    host: str = ".*"
    applies_to: str = "any"
    skip: int = 0
    probability: float = 1.0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "json"  # json, html or empty
    code: str | None = None
    message: str | None = None
    after_commit: bool = False
    reset: bool = False
    delay: float = 0.0
    struck: int = 0

    def matches(self, call: Call) -> bool:
        """Whether this fault is meant for the call."""
        if self.applies_to != "any" and (self.applies_to == "item") != call.is_item:
            return False
        return bool(
            re.fullmatch(self.method, call.method, re.IGNORECASE)
            and re.search(self.path, unquote(call.path))
            and re.fullmatch(self.host, call.host)
        )

    def reply(self) -> Reply:
        """The answer that stands in for the service's own."""
        reply = Reply(self.status, headers=dict(self.headers), delay=self.delay, reset=self.reset)
        if self.body == "html":
            reply.raw = HTML
        elif self.body == "json":
            code, message = DEFAULT_CODES.get(self.status, ("UnknownError", ""))
            reply.json = error_body(self.code or code, self.message or message)
        return reply


def error_body(code: str, message: str) -> dict[str, Any]:
    """The error envelope that Graph and Key Vault share."""
    return {"error": {"code": code, "message": message, "innerError": {"message": message}}}


def take(faults: list[Fault], call: Call, chance: random.Random) -> Fault | None:
    """The first fault that strikes this call; spent ones leave the list."""
    for fault in faults:
        if not fault.matches(call):
            continue
        if fault.skip > 0:
            fault.skip -= 1
            continue
        if fault.probability < 1.0 and chance.random() >= fault.probability:
            continue
        fault.struck += 1
        fault.times -= 1
        if fault.times <= 0:
            faults.remove(fault)
        return fault
    return None
