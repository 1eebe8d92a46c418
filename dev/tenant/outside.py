"""Changes that do not come through Graph: by HR, by the users themselves, by an administrator elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dev.tenant.audit_log import Actor
from dev.tenant.people import PHONE_METHOD_IDS, Person, Phone
from dev.tenant.state import TenantState, new_guid
from dev.tenant.state_json import NotUnderstoodError, change_person


def change_from_outside(
    state: TenantState, person: Person, changes: Mapping[str, Any], by: str | None = None
) -> None:
    """Change somebody: no rule of Graph and no write lag applies; changes of phones are audited.

    `by` is who changed the phones: somebody's UPN or id, or an app's client id; None is the person.

    Raises:
        NotUnderstoodError: A field does not exist or has the wrong kind, or nobody is called `by`.
    """
    actor = actor_of(person) if by is None else _named(state, by)
    before = dict(person.phones)
    change_person(person, changes)
    for kind in PHONE_METHOD_IDS:
        numbers = (_number(before, kind), _number(person.phones, kind))
        if numbers[0] != numbers[1]:
            told_by, change_id = state.switches.audit_told_by, new_guid()
            if told_by != "directory":
                state.audit.add(state.clock(), actor, actor_of(person), kind, numbers, change_id)
            if told_by != "methods":
                state.audit.add_update(state.clock(), actor_of(person), kind, numbers, change_id)


def actor_of(person: Person) -> Actor:
    """Somebody as the audit log names them."""
    return Actor(person.id, person.display_name, person.upn)


def app_actor(state: TenantState, client_id: str) -> Actor:
    """An app alone as the audit log names it."""
    app = state.apps.get(client_id.lower())
    name = app.display_name if app else "Managed identity"
    return Actor(client_id, name, service_principal_id=state.service_principal_id(client_id))


def _named(state: TenantState, by: str) -> Actor:
    person = state.find_person(by)
    if person is not None:
        return actor_of(person)
    if by.lower() not in state.apps:
        raise NotUnderstoodError(f"nobody is called {by!r}")
    return app_actor(state, by)


def _number(phones: Mapping[str, Phone], kind: str) -> str | None:
    return phones[kind].number if kind in phones else None
