"""Groups: transitive members, members and owners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dev.tenant.directory import Roster
from dev.tenant.graph import user_properties
from dev.tenant.graph.caller import READ_HIDDEN, READ_MEMBERS, Caller
from dev.tenant.graph.errors import bad_request, not_found
from dev.tenant.graph.paging import page
from dev.tenant.people import Group, Person
from dev.tenant.state import TenantState
from dev.tenant.wire import Call, Reply

_METADATA = "https://graph.microsoft.com/v1.0/$metadata#"
_USER_CASTS = {"microsoft.graph.user", "graph.user"}
HIDDEN = "HiddenMembership"
_GROUP_CASTS = {"microsoft.graph.group", "graph.group"}


def list_groups(state: TenantState, caller: Caller, call: Call) -> Reply:
    """GET /groups, with `isAssignableToRole eq` or `displayName eq` as the only filters."""
    caller.needs(READ_MEMBERS)
    name, _, value = (call.params.get("$filter") or "").partition(" eq ")
    if name not in {"", "isAssignableToRole", "displayName"}:
        raise bad_request("Invalid filter clause")

    def matches() -> list[str]:
        shown = [_group_json(group) for group in state.groups.values()]
        wanted: Any = value == "true" if name == "isAssignableToRole" else value.strip().strip("'")
        return [group["id"] for group in shown if not name or group[name] == wanted]

    ids, more = page(state, call, matches)
    value_json = [_select(_group_json(state.groups[key]), call) for key in ids if key in state.groups]
    return Reply(200, {"@odata.context": f"{_METADATA}groups", **more, "value": value_json})


def get_group(state: TenantState, caller: Caller, call: Call, group_id: str) -> Reply:
    """GET /groups/{id}."""
    caller.needs(READ_MEMBERS)
    group = _group(state, group_id)
    return Reply(200, {"@odata.context": f"{_METADATA}groups/$entity", **_select(_group_json(group), call)})


def list_members(state: TenantState, caller: Caller, call: Call, path: list[str]) -> Reply:
    """GET /groups/{id}/transitiveMembers, members or owners, with a cast to users or groups or without.

    Members of hidden groups are left out without a word.
    """
    caller.needs(READ_MEMBERS)
    group, relation, cast = _group(state, path[0]), path[1], path[2:]
    hidden = READ_HIDDEN in caller.grants
    if cast and cast[0] in _GROUP_CASTS:
        return _list_nested(state, call, group, sees_hidden=hidden)
    if cast and cast[0] not in _USER_CASTS:
        raise bad_request(f"The type cast '{cast[0]}' is not known here.")

    def matches() -> Sequence[str]:
        generated = group.holds_generated and relation == "members"
        if relation == "transitiveMembers":
            ids, generated = _transitive(state, group, sees_hidden=hidden)
        elif relation == "owners":
            ids = group.owners
        else:
            ids = group.members if hidden or group.visibility != HIDDEN else []
            generated &= bool(hidden or group.visibility != HIDDEN)
        crowd = state.people.crowd if generated else None
        named = [key for key in ids if (key in state.people if cast else True)]
        return Roster([key for key in named if crowd is None or crowd.index_of_id(key) is None], crowd)

    ids, more = page(state, call, matches)
    select = call.params.get("$select")
    value = [item for key in ids if (item := _member_json(state, key, select, cast=bool(cast))) is not None]
    context = _METADATA + ("users" if cast else "directoryObjects")
    return Reply(200, {"@odata.context": context, **more, "value": value})


def _list_nested(state: TenantState, call: Call, group: Group, *, sees_hidden: bool) -> Reply:
    def matches() -> list[str]:
        return [key for key in _transitive(state, group, sees_hidden=sees_hidden)[0] if key in state.groups]

    ids, more = page(state, call, matches)
    value = [_select(_group_json(state.groups[key]), call) for key in ids if key in state.groups]
    return Reply(200, {"@odata.context": f"{_METADATA}groups", **more, "value": value})


def list_memberships(
    state: TenantState, caller: Caller, call: Call, person: Person, cast: list[str]
) -> Reply:
    """GET /users/{id}/transitiveMemberOf, with a cast to groups: all that somebody is in, at any depth."""
    caller.needs(READ_MEMBERS)
    if cast not in (["microsoft.graph.group"], ["graph.group"]):
        raise bad_request("Only the cast to groups is known here.")

    def matches() -> list[str]:
        return [key for key, group in state.groups.items() if person.id in _transitive(state, group)[0]]

    ids, more = page(state, call, matches)
    value = [_select(_group_json(state.groups[key]), call) for key in ids if key in state.groups]
    return Reply(200, {"@odata.context": f"{_METADATA}groups", **more, "value": value})


def _group(state: TenantState, group_id: str) -> Group:
    group = state.groups.get(group_id.lower())
    if group is None:
        raise not_found(group_id)
    return group


def _transitive(state: TenantState, group: Group, *, sees_hidden: bool = True) -> tuple[list[str], bool]:
    """The members at any depth, and whether everybody generated is among them."""
    found: dict[str, None] = {}
    waiting, generated = [group], False
    while waiting:
        one = waiting.pop()
        if one.visibility == HIDDEN and not sees_hidden:
            continue
        generated |= one.holds_generated
        for key in one.members:
            if key in found:
                continue
            found[key] = None
            if key in state.groups:
                waiting.append(state.groups[key])
    return list(found), generated


def _member_json(state: TenantState, key: str, select: str | None, *, cast: bool) -> dict[str, Any] | None:
    if cast and select == "id":
        return {"id": key} if key in state.people else None  # a generated person need not be made for it
    person, group = state.people.get(key), state.groups.get(key)
    if person is not None:
        shown = user_properties.show(person, user_properties.selected(select), with_extensions=True)
        return shown if cast else {"@odata.type": "#microsoft.graph.user", **shown}
    if group is None:
        return None
    return {"@odata.type": "#microsoft.graph.group", "id": group.id} | (
        {} if select else {"displayName": group.display_name}
    )


def _group_json(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "displayName": group.display_name,
        "isAssignableToRole": group.is_assignable_to_role,
        "securityEnabled": True,
        "visibility": group.visibility,
    }


def _select(row: dict[str, Any], call: Call) -> dict[str, Any]:
    select = call.params.get("$select")
    if not select:
        return row
    return {name: row.get(name) for name in select.split(",")}
