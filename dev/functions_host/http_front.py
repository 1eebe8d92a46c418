"""The HTTP side of the host: a request in, the right function called, its response out."""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

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
from dev.functions_host.worker import Function, Invocation, Outcome, Worker

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_access_log = logging.getLogger("Host.Http")


class HttpFront:
    """An ASGI application that serves the functions with an HTTP trigger."""

    def __init__(
        self,
        worker: Worker,
        functions: Iterable[Function],
        keys: AccessKeys,
        *,
        route_prefix: str = "api",
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self._worker = worker
        self._keys = keys
        self._body_limit = body_limit
        self._routes = RouteTable(
            Route.parse(
                f"{route_prefix}/{function.trigger.get('route') or function.name}",
                function.trigger.get("methods") or (),
                function,
            )
            for function in functions
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
        # The order, path, method, key, body, is that of ASP.NET Core's middleware. That a wrong method is
        # 405 and not 404 is not checked against a real host.
        found = self._routes.find(scope["method"], path)
        if found is None:
            return Response(404)
        if isinstance(found, WrongMethod):
            return Response(405, [(b"allow", ", ".join(found.allowed).encode())])
        try:
            return await self._call(scope, found, path, receive)
        except BadRequestError:
            return Response(400)
        except BodyTooLargeError:
            # The rest of the body is still coming, so the connection cannot be used again.
            return Response(413, [(b"connection", b"close")])

    async def _call(self, scope: Scope, found: Match[Function], path: str, receive: Receive) -> Response:
        function = found.target
        headers = request_headers(scope["headers"])
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = headers.get("x-functions-key") or next(
            (value for name, value in query if name.lower() == "code"), None
        )
        level = str(function.trigger.get("authLevel", "function")).lower()
        if not self._keys.open(function.name, level, given):
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
        log = logging.getLogger(f"Function.{function.name}")
        log.info("Executing 'Functions.%s' (Id=%s)", function.name, invocation.identifier)
        began = time.monotonic()
        outcome = await self._worker.invoke(function, invocation, request.as_datum())
        response, error = _response(function, outcome)
        # The library has already logged the traceback.
        log.log(
            logging.ERROR if error else logging.INFO,
            "Executed 'Functions.%s' (%s, Id=%s, Duration=%dms)%s",
            function.name,
            "Failed" if error else "Succeeded",
            invocation.identifier,
            (time.monotonic() - began) * 1000,
            f": {error}" if error else "",
        )
        return response


def _response(function: Function, outcome: Outcome) -> tuple[Response, str | None]:
    """The response to send, and the error if there is one to log."""
    if outcome.error is not None:
        return Response(500), outcome.error
    name = next((output["name"] for output in function.outputs if output["type"] == "http"), "$return")
    try:
        return response_from(outcome.values.get(name)), None
    except ValueError as error:
        return Response(500), str(error)


def _url(scope: Scope, host: str, path: str) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['scheme']}://{host}{path}{'?' + query if query else ''}"
