"""Graph's front door: who calls, what fault strikes, which headers every answer carries."""

from __future__ import annotations

from dev.tenant import faults
from dev.tenant.graph import batch, throttle
from dev.tenant.graph.caller import Caller, identify, insufficient_claims
from dev.tenant.graph.errors import GraphError, stamp
from dev.tenant.graph.routes import route
from dev.tenant.state import TenantState, new_guid
from dev.tenant.wire import Call, Reply

BATCH_PATH = "/v1.0/$batch"
_DIAGNOSTIC = (
    '{"ServerInfo":{"DataCenter":"West Europe","Slice":"E","Ring":"5","ScaleUnit":"002",'
    '"RoleInstance":"AM4PEPF0002"}}'
)


def answer(state: TenantState, call: Call) -> Reply:
    """Answer a call of its own; latency and faults included in the reply's delay."""
    reply = _guarded(state, call)
    request_id = new_guid()
    client_request_id = call.headers.get("client-request-id", request_id)
    stamp(reply, state.clock(), request_id, client_request_id)
    reply.headers |= {
        "request-id": request_id,
        "client-request-id": client_request_id,
        "x-ms-ags-diagnostic": _DIAGNOSTIC,
    }
    return reply


def _guarded(state: TenantState, call: Call) -> Reply:
    try:
        caller = identify(state, call)
    except GraphError as error:
        return error.reply()
    if call.path.lower().replace("%24", "$") == BATCH_PATH:
        try:
            reply = batch.answer(state, call, lambda item: handle(state, caller, item))
        except GraphError as error:
            reply = error.reply()
    else:
        reply = handle(state, caller, call)
    reply.caller = caller.name
    return reply


def handle(state: TenantState, caller: Caller, call: Call) -> Reply:
    """One call or one item: the handler's answer after the latency, unless a fault strikes the item."""
    fault = faults.take(state.faults, call, state.random) if call.is_item else None
    reply = None
    if fault is None or fault.after_commit or not (fault.status or fault.reset):
        try:
            if caller.is_unchallenged and _is_challenged(state, call):
                raise insufficient_claims(state)
            told = throttle.charge(state, call)
            reply = route(state, caller, call)
            reply.headers |= told
        except GraphError as error:
            reply = error.reply()
    if fault is not None:
        reply = fault.reply() if reply is None or fault.status or fault.reset else reply
        reply.delay += fault.delay
    assert reply is not None  # noqa: S101  one of the two branches made it
    reply.delay += latency(state)
    return reply


def _is_challenged(state: TenantState, call: Call) -> bool:
    return state.switches.claims_challenge_items and call.is_item and "/authentication/" in call.path


def latency(state: TenantState) -> float:
    """How long this call takes."""
    switches = state.switches
    if not switches.graph_latency_spread:
        return switches.graph_latency
    return switches.graph_latency + state.random.random() * switches.graph_latency_spread
