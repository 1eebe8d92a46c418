"""The HTTP side of the host: a request in, the right function called, its response out."""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from dev.functions_host.admin import LIST, PREFIX, Administration
from dev.functions_host.http_messages import (
    BODY_LIMIT,
    BadRequestError,
    BodyTooLargeError,
    Request,
    Response,
    read_body,
    request_headers,
    response_from,
)
from dev.functions_host.keys import AccessKeys
from dev.functions_host.routes import Match, Route, RouteTable, WrongMethod
from dev.functions_host.triggers import Triggers
from dev.functions_host.worker import Function, Invocation, Outcome

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

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
            for function in triggers.http_functions
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
        try:
            if path.lower().startswith(PREFIX) or path.lower() == LIST:
                return await self._administer(scope, path, receive)
            return await self._serve(scope, path, receive)
        except BadRequestError:
            return Response(400)
        except BodyTooLargeError:
            # The rest of the body is still coming, so the connection cannot be used again.
            return Response(413, [(b"connection", b"close")])

    async def _administer(self, scope: Scope, path: str, receive: Receive) -> Response:
        headers, query = request_headers(scope["headers"]), _query(scope)
        # The key comes first: who has none does not learn which functions there are.
        if not self._keys.open("", "admin", _given_key(headers, query)):
            return Response(401)
        if path.lower().rstrip("/") == LIST and scope["method"] == "GET":
            return self._administration.list()
        if scope["method"] != "POST":
            return Response(405, [(b"allow", b"POST")])
        body = await read_body(headers, receive, self._body_limit)
        wait = ("wait", "true") in query
        return await self._administration.run(path[len(PREFIX) :].strip("/"), body, wait=wait)

    async def _serve(self, scope: Scope, path: str, receive: Receive) -> Response:
        # The order, path, method, key, body, is that of ASP.NET Core's middleware. That a wrong method is
        # 405 and not 404 is not checked against a real host.
        found = self._routes.find(scope["method"], path)
        if found is None:
            return Response(404)
        if isinstance(found, WrongMethod):
            return Response(405, [(b"allow", ", ".join(found.allowed).encode())])
        return await self._call(scope, found, path, receive)

    async def _call(self, scope: Scope, found: Match[Function], path: str, receive: Receive) -> Response:
        function = found.target
        headers, query = request_headers(scope["headers"]), _query(scope)
        level = str(function.trigger.get("authLevel", "function")).lower()
        if not self._keys.open(function.name, level, _given_key(headers, query)):
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
        headers = request.headers
        invocation = Invocation(function.name, headers.get("traceparent", ""), headers.get("tracestate", ""))
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


def _given_key(headers: dict[str, str], query: list[tuple[str, str]]) -> str | None:
    return headers.get("x-functions-key") or next(
        (value for name, value in query if name.lower() == "code"), None
    )


def _url(scope: Scope, host: str, path: str) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['scheme']}://{host}{path}{'?' + query if query else ''}"
