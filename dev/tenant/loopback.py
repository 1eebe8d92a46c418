"""What is served on plain http on loopback: the identity endpoint and the control interface."""

from __future__ import annotations

from dev.tenant import identity_endpoint
from dev.tenant.control_api import control_app
from dev.tenant.front import Receive, Scope, Send, close, read_call, send_reply
from dev.tenant.state import TenantState

IDENTITY_PATH = "/msi/token"


class Loopback:
    """The ASGI application of the loopback listener."""

    def __init__(self, state: TenantState, identity_header: str) -> None:
        self._state = state
        self._identity_header = identity_header
        self._control = control_app(state)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; only the identity endpoint's are part of the log."""
        if scope["type"] != "http" or scope["path"] != IDENTITY_PATH:
            await self._control(scope, receive, send)
            return
        call = await read_call(scope, receive)
        reply = identity_endpoint.answer(self._state, call, self._identity_header)
        self._state.log.add(
            {
                "time": self._state.clock(),
                "host": "identity",
                "method": call.method,
                "path": call.path,
                "query": call.query,
                "status": int(reply.status),
                "caller": reply.caller,
            }
        )
        if reply.delay > 0:
            await self._state.sleep(reply.delay)
        if reply.reset:
            close(scope)
            return
        await send_reply(reply, send, [])
