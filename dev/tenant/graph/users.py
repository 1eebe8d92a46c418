"""Users: one by id or UPN, and the collection."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from dev.tenant.graph import user_filter, user_properties
from dev.tenant.graph.caller import READ_USERS, READ_USERS_BASIC, Caller
from dev.tenant.graph.errors import GraphError
from dev.tenant.graph.paging import page
from dev.tenant.people import Person
from dev.tenant.state import TenantState
from dev.tenant.wire import Call, Reply

_METADATA = "https://graph.microsoft.com/v1.0/$metadata#users"


def get_user(caller: Caller, person: Person, call: Call) -> Reply:
    """GET /users/{id}: extension attributes only when selected."""
    caller.needs(READ_USERS_BASIC)
    select = call.params.get("$select")
    names = user_properties.selected(select)
    shown = user_properties.show(person, names, with_extensions=bool(caller.grants & READ_USERS))
    return Reply(200, {"@odata.context": f"{context(select)}/$entity", **shown})


def list_users(state: TenantState, caller: Caller, call: Call) -> Reply:
    """GET /users: pages of up to 999."""
    caller.needs(READ_USERS_BASIC)
    select = call.params.get("$select")
    names = user_properties.selected(select)
    if user_properties.ELSEWHERE & set(names):
        message = (
            "This operation is not supported for the target: the property is not stored in the directory."
        )
        raise GraphError(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", message)
    eventual = call.headers.get("consistencylevel", "").lower() == "eventual"
    counted = call.params.get("$count", "").lower() == "true"
    continued = "$skiptoken" in call.params
    text = call.params.get("$filter")
    test = None if text is None else user_filter.compiled(text, advanced=eventual and (counted or continued))

    def matches(key: str) -> bool:
        person = state.people.get(key)
        return person is not None and (test is None or test(person))

    named = None if text is None else user_filter.named_ids(text)
    source = state.people.roster if named is None else lambda: named
    ids, more = page(state, call, source, None if test is None else matches)
    with_extensions = bool(caller.grants & READ_USERS)
    envelope: dict[str, Any] = {"@odata.context": context(select)}
    if counted and eventual:
        everybody = len(state.people)
        envelope["@odata.count"] = everybody if test is None else sum(map(matches, state.people))
    people = (state.people.get(key) for key in ids)
    value = [
        user_properties.show(person, names, with_extensions=with_extensions)
        for person in people
        if person is not None
    ]
    return Reply(200, {**envelope, **more, "value": value})


def context(select: str | None) -> str:
    """The `@odata.context` of a collection of users."""
    return f"{_METADATA}({select})" if select else _METADATA
