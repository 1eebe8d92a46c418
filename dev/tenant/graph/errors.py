"""Graph's refusals, as an exception that carries the status, the code and the text."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from dev.tenant.wire import Reply


class GraphError(Exception):
    """A call ends here with Graph's error envelope."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        *,
        inner: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        # The authentication-methods service repeats the message in innerError.
        self.inner = inner

    def reply(self) -> Reply:
        """The answer to send; `stamp` completes its innerError."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.inner:
            error["innerError"] = {"message": self.message}
        return Reply(self.status, {"error": error}, headers=dict(self.headers))


def stamp(reply: Reply, now: float, request_id: str, client_request_id: str) -> None:
    """Give an error body its innerError: date and both request ids."""
    if not (isinstance(reply.json, dict) and isinstance(reply.json.get("error"), dict)):
        return
    inner = reply.json["error"].setdefault("innerError", {})
    inner |= {
        "date": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)),
        "request-id": request_id,
        "client-request-id": client_request_id,
    }


def bad_request(message: str, code: str = "BadRequest") -> GraphError:
    """400 of the directory and of the gateway."""
    return GraphError(HTTPStatus.BAD_REQUEST, code, message)


def unsupported_query(message: str) -> GraphError:
    """400 for a query the directory does not support."""
    return GraphError(HTTPStatus.BAD_REQUEST, "Request_UnsupportedQuery", message)


def method_refused(message: str) -> GraphError:
    """400 of the authentication-methods service."""
    return GraphError(HTTPStatus.BAD_REQUEST, "badRequest", message, inner=True)


def method_denied() -> GraphError:
    """403 of the authentication-methods service: missing scope, role, or a target out of reach."""
    return GraphError(HTTPStatus.FORBIDDEN, "accessDenied", "Request Authorization failed", inner=True)


def method_missing() -> GraphError:
    """404 of the authentication-methods service (unknown: proposed)."""
    return GraphError(
        HTTPStatus.NOT_FOUND, "resourceNotFound", "The requested method was not found.", inner=True
    )


def directory_denied() -> GraphError:
    """403 of the directory."""
    message = "Insufficient privileges to complete the operation."
    return GraphError(HTTPStatus.FORBIDDEN, "Authorization_RequestDenied", message)


def not_found(key: str) -> GraphError:
    """404 of the directory."""
    message = (
        f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."
    )
    return GraphError(HTTPStatus.NOT_FOUND, "Request_ResourceNotFound", message)
