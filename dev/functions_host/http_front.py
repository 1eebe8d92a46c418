"""The HTTP side of the host: a request in, the right function called, its response out."""

import logging
import os
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, quote

from dev.functions_host.admin import LIST, PING, PREFIX, Administration
from dev.functions_host.http_messages import (
    BODY_LIMIT,
    BadRequestError,
    BodyNotReadError,
    Request,
    Response,
    read_body,
    refusal,
    request_headers,
    response_from,
)
from dev.functions_host.keys import AccessKeys
from dev.functions_host.routes import Match, Route, RouteTable, decoded
from dev.functions_host.triggers import Triggers
from dev.functions_host.worker import Function, Invocation, Outcome

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_ENCODED = len("%25")
_IN_A_PATH = "/:@!$&'()*+,;=~"

_TRACE_PARENT = re.compile(r"00-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})")

_access_log = logging.getLogger("Host.Http")


class HttpFront:
    """An ASGI application that serves the functions with an HTTP trigger, and runs the others on demand."""

    def __init__(
        self,
        triggers: Triggers,
        keys: AccessKeys,
        *,
        route_prefix: str = "api",
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self._invocations = triggers.invocations
        self._administration = Administration(triggers)
        self._keys = keys
        self._body_limit = body_limit
        self._routes = RouteTable(
            Route.parse(
                f"{route_prefix}/{function.trigger.get('route') or function.name}",
                function.trigger.get("methods") or (),
                function,
            )
            for function in sorted(triggers.http_functions, key=lambda function: function.name.lower())
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        path = scope["raw_path"].decode("latin-1")
        response = await self._respond(scope, path, receive)
        # The query is left out because a key may be in it; so are headers and bodies.
        _access_log.info("%s %s %d", scope["method"], path, response.status)
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body})

    async def _respond(self, scope: Scope, path: str, receive: Receive) -> Response:
        target = scope["raw_path"] + b"?" + scope["query_string"]
        if (refused := refusal(scope["method"], target, scope["headers"])) is not None:
            return refused
        if path.lower() == PING:
            return Response(200)  # to anybody: it wakes the host and tells nothing
        try:
            if path.lower().startswith(PREFIX) or path.lower() == LIST:
                return await self._administer(scope, path, receive)
            return await self._serve(scope, path, receive)
        except BadRequestError:
            return Response(400)
        except BodyNotReadError:
            # The rest of the body is still coming, so the connection cannot be used again.
            return Response(500, [(b"connection", b"close")])

    async def _administer(self, scope: Scope, path: str, receive: Receive) -> Response:
        headers, query = request_headers(scope["headers"]), _query(scope)
        # The key comes first: who has none does not learn which functions there are.
        match self._keys.kind(_given_key(scope, query)):
            case "master":
                pass
            case "host":
                return Response(403)
            case _:
                return Response(401)
        if path.lower().rstrip("/") == LIST and scope["method"] == "GET":
            return self._administration.list()
        if scope["method"] != "POST":
            return Response(404)
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return Response(415)
        body = await read_body(headers, receive, self._body_limit)
        wait = ("wait", "true") in query
        return await self._administration.run(path[len(PREFIX) :].strip("/"), body, wait=wait)

    async def _serve(self, scope: Scope, path: str, receive: Receive) -> Response:
        found = self._routes.find(scope["method"], path)
        return Response(404) if found is None else await self._call(scope, found, path, receive)

    async def _call(self, scope: Scope, found: Match[Function], path: str, receive: Receive) -> Response:
        function = found.target
        headers, query = request_headers(scope["headers"]), _query(scope)
        level = str(function.trigger.get("authLevel", "function")).lower()
        if not self._keys.open(function.name, level, _given_key(scope, query)):
            return Response(401)
        body = await read_body(headers, receive, self._body_limit)
        request = Request(
            method=scope["method"],
            url=_url(scope, headers.get("host", ""), path),
            headers=headers,
            query=query,
            parameters=found.parameters,
            body=body,
        )
        return await self._invoke(function, request)

    async def _invoke(self, function: Function, request: Request) -> Response:
        invocation = Invocation(function.name, *_trace(request.headers))
        outcome = await self._invocations.run(invocation, function, request.as_datum())
        if outcome.error is not None:
            return Response(500)
        try:
            return _response(function, outcome)
        except ValueError as error:
            # As in Azure, it is the host that fails then, and no longer the function.
            _access_log.error("Function %s gave no answer that can be sent: %s", function.name, error)
            return Response(500)


def _response(function: Function, outcome: Outcome) -> Response:
    name = next((output["name"] for output in function.outputs if output["type"] == "http"), "$return")
    return response_from(outcome.values.get(name))


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _given_key(scope: Scope, query: list[tuple[str, str]]) -> str | None:
    """The first header counts, though it be empty; without one, the query."""
    header = b"x-functions-key"
    given = [value.decode(errors="replace") for name, value in scope["headers"] if name.lower() == header]
    given += [value for name, value in query if name.lower() == "code"]
    return next(iter(given), None)


def _url(scope: Scope, host: str, path: str) -> str:
    """The address as the host builds it anew: decoded, and what may not stand in a path encoded again.

    What looks encoded is left: a%2525b becomes a%25b (`PathString.ToUriComponent` of ASP.NET Core).
    """
    query = scope["query_string"].decode("latin-1")
    parts = re.split("(%[0-9A-Fa-f]{2})", decoded(path))
    path = "".join(
        part if part.startswith("%") and len(part) == _ENCODED else quote(part, _IN_A_PATH) for part in parts
    )
    return f"{scope['scheme']}://{host}{path}{'?' + query if query else ''}"


def _trace(headers: Mapping[str, str]) -> tuple[str, str]:
    """The trace's parent and state: without Application Insights none, with it a span of the host's own.

    It belongs to the caller's trace, if one came.
    """
    if not os.environ.get("APPLICATIONINSIGHTS_CONNECTION_STRING"):
        return "", ""
    came = _TRACE_PARENT.fullmatch(headers.get("traceparent", ""))
    trace, flags = (came["trace"], came["flags"]) if came else (secrets.token_hex(16), "01")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}", headers.get("tracestate", "") if came else ""
