"""One line of the smoke test, and how it asks: nothing here can write anything.

Pushes are dry runs or carry a body that is no JSON, decisions are about a run that does not exist. Who
refuses is told apart: the app's refusals are problem documents with a code, the platform's and the host's are
not.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from ops.cli.app import App, Call, Reply
from ops.cli.credentials import Secret
from ops.cli.vocabulary import (
    DOCTOR,
    EXPLAIN,
    PUSH,
    RUNS_APPROVE,
    RUNS_DISCARD,
    RUNS_LIST,
    RUNS_READ,
    RUNS_START,
    RUNS_STOP,
)

_NO_RUN = "20000101T000000Z-full-5e0ce7e57"
_NO_JSON = b"{"
CALLS: dict[str, tuple[str, str]] = {
    PUSH: ("POST", "api/mfa-sync?dryRun=true"),
    EXPLAIN: ("POST", "api/explain"),
    DOCTOR: ("POST", "api/doctor"),
    RUNS_LIST: ("GET", "api/runs"),
    RUNS_READ: ("GET", f"api/runs/{_NO_RUN}"),
    RUNS_START: ("POST", "api/runs"),
    RUNS_APPROVE: ("POST", f"api/runs/{_NO_RUN}/approve"),
    RUNS_DISCARD: ("POST", f"api/runs/{_NO_RUN}/discard"),
    RUNS_STOP: ("POST", f"api/runs/{_NO_RUN}/stop"),
}
DECISION = RUNS_DISCARD
REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
# What an approver's call about no run, without a reason, is answered: so it was let through.
LET_THROUGH = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY})
KEEP_OUT = "Do not use the app until this is mended."


class Status(StrEnum):
    """What became of a check."""

    PASS = "pass"  # noqa: S105  no password
    FAIL = "FAIL"
    SKIP = "skip"


PASS, FAIL, SKIP = Status


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        status: Whether it is as it should be; skip: it could not be proved.
        detail: What was seen.
        remedy: What to do about it.
    """

    status: Status
    detail: str
    remedy: str = ""


def attempt(
    app: App,
    function: str,
    key: Secret | None,
    message: Secret | None = None,
    *,
    headers: dict[str, str] | None = None,
    signed_in: bool = True,
) -> Reply:
    """Return the answer to a function's harmless call, with these keys and headers."""
    method, path = CALLS[function]
    content = _NO_JSON if method == "POST" else None
    sent = {"Content-Type": "application/json", **(headers or {})} if content else headers
    call = Call(method, path, key, message, content=content, headers=sent, signed_in=signed_in)
    return app.send(call)


def by_host(reply: Reply) -> bool:
    """Return whether the platform or the host refused for want of a key, before the app saw the call."""
    return reply.status == HTTPStatus.UNAUTHORIZED and reply.code is None


def wrong_message() -> Secret:
    """Return a handshake that is nobody's."""
    return Secret.of(secrets.token_urlsafe(32), "a made-up handshake")


def unexpected(reply: Reply, what: str, remedy: str) -> Check:
    """Return a failed line; where the app says itself what is wrong with it, with that."""
    own = reply.body.get("remedy") if reply.code and isinstance(reply.body, dict) else None
    code = f" {reply.code}" if reply.code else ""
    return Check(FAIL, f"{what} is answered {reply.status}{code}", str(own or remedy))
