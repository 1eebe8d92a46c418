"""The ASGI application behind the proxy: routes by Host, applies faults, keeps the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from typing import Any

import httpx

from dev.tenant import faults, ingestion, key_vault, sign_in
from dev.tenant.graph import service as graph
from dev.tenant.request_log import without_numbers
from dev.tenant.state import GRAPH_HOST, INGESTION_HOST, LOGIN_HOST, TenantState
from dev.tenant.wire import Call, Reply

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


EMULATED = ("x-emulated-tenant", "mfa-phone-sync")
PROBE_PATH = "/x-emulated-tenant"
# Where the server puts the function that closes the connection without an answer.
ABORT = "emulated.abort"


class Front:
    """`app` for a server or for httpx.ASGITransport; needs no socket of its own."""

    def __init__(self, state: TenantState) -> None:
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one http request."""
        if scope["type"] != "http":
            return
        call = await read_call(scope, receive)
        reply = self.answer(call)
        if reply.delay > 0:
            await self.state.sleep(reply.delay)
        if reply.reset:
            close(scope)
            return
        await send_reply(
            reply,
            send,
            [
                EMULATED,
                ("Date", formatdate(self.state.clock() + self.state.switches.date_offset, usegmt=True)),
            ],
        )

    def answer(self, call: Call) -> Reply:
        """The reply to a call, after faults, written to the log."""
        if call.path == PROBE_PATH:
            return Reply(200, {"emulated": call.host})
        state = self.state
        fault = faults.take(state.faults, call, state.random)
        reply = None
        if fault is None or fault.after_commit or not (fault.status or fault.reset):
            reply = self._service(call)
        if fault is not None:
            caller, items = (None, None) if reply is None else (reply.caller, reply.items)
            replaced = reply is None or bool(fault.status) or fault.reset
            if replaced or reply is None:
                reply = fault.reply()
                reply.caller, reply.items = caller, items
            else:
                reply.delay += fault.delay
        assert reply is not None  # noqa: S101  one of the two branches made it
        self._log(call, reply)
        return reply

    def _service(self, call: Call) -> Reply:
        if call.host == GRAPH_HOST:
            return graph.answer(self.state, call)
        if call.host == LOGIN_HOST:
            return sign_in.answer(self.state, call)
        if call.host == INGESTION_HOST:
            return ingestion.answer(self.state, call)
        if self.state.knows_host(call.host):
            return key_vault.answer(self.state, call)
        return Reply(421, {"error": "This host is not emulated."})

    def _log(self, call: Call, reply: Reply) -> None:
        entry: dict[str, Any] = {
            "time": self.state.clock(),
            "host": call.host,
            "method": call.method,
            "path": call.path,
            "query": without_numbers(call.query) if call.host == GRAPH_HOST else call.query,
            "status": 0 if reply.reset else int(reply.status),
            "caller": reply.caller,
        }
        if reply.items is not None:
            entry["items"] = [item | {"url": _logged_url(item["url"])} for item in reply.items]
        self.state.log.add(entry)


def _logged_url(url: str) -> str:
    path, mark, query = url.partition("?")
    return path + mark + without_numbers(query)


async def read_call(scope: Scope, receive: Receive) -> Call:
    """The request of an ASGI scope, body included."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False) and message["type"] == "http.request"
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return Call(
        scope["method"],
        headers.get("host", "").partition(":")[0].lower(),
        raw_path.decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        headers,
        body,
    )


async def send_reply(reply: Reply, send: Send, extra: list[tuple[str, str]]) -> None:
    """Send an answer with its headers."""
    content, content_type = reply.content()
    headers = [*reply.headers.items(), *extra]
    if content_type is not None:
        headers.append(("Content-Type", content_type))
    if reply.status != 204:  # noqa: PLR2004  no content, hence no length either
        headers.append(("Content-Length", str(len(content))))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": int(reply.status), "headers": raw})
    await send({"type": "http.response.body", "body": content})


def close(scope: Scope) -> None:
    """Close the connection without an answer; in-process callers get the exception httpx would raise."""
    abort = scope.get(ABORT)
    if abort is None:
        raise httpx.ReadError("The emulated tenant closed the connection.")
    abort()
