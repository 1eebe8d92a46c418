"""phoneMethods: list, get, create, change and delete, with every rule known or proposed."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from dev.tenant.graph import roles
from dev.tenant.graph.caller import READ_PHONES, WRITE_PHONES, Caller
from dev.tenant.graph.errors import GraphError, bad_request, method_missing, method_refused
from dev.tenant.outside import actor_of, app_actor
from dev.tenant.people import PHONE_METHOD_IDS, PHONE_TYPES, Person, Phone
from dev.tenant.phone_number_format import masked_form, shown_form, stored_form
from dev.tenant.state import TenantState, new_guid
from dev.tenant.wire import Call, Reply

_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#users('{}')/authentication/phoneMethods"


def list_phones(state: TenantState, caller: Caller, person: Person) -> Reply:
    """GET phoneMethods: an empty list, never 404, for somebody without phones."""
    caller.needs_for_methods(READ_PHONES)
    roles.check_read(state, caller, person)
    full = roles.sees_full_numbers(state, caller, person)
    phones = person.visible_phones(state.clock())
    value = [phone_json(state, kind, phone, full=full) for kind, phone in phones.items()]
    return Reply(200, {"@odata.context": _CONTEXT.format(person.id), "value": value})


def get_phone(state: TenantState, caller: Caller, person: Person, method_id: str) -> Reply:
    """GET one phone."""
    caller.needs_for_methods(READ_PHONES)
    roles.check_read(state, caller, person)
    kind = PHONE_TYPES.get(method_id.lower(), "")
    phone = person.visible_phones(state.clock()).get(kind)
    if phone is None:
        raise method_missing()
    return _one(state, person, kind, phone, full=roles.sees_full_numbers(state, caller, person))


def create_phone(state: TenantState, caller: Caller, person: Person, call: Call) -> Reply:
    """POST: one phone of each type, alternateMobile after mobile."""
    caller.needs_for_methods(WRITE_PHONES)
    roles.check_write(state, caller, person)
    body = _body(call)
    kind = body.get("phoneType")
    if kind not in PHONE_METHOD_IDS:
        raise method_refused("The phone type is not valid.")
    number = _number(state, body)
    if kind in person.phones:
        raise method_refused(state.switches.exists_text)
    if kind == "alternateMobile" and "mobile" not in person.phones:
        raise method_refused("An alternate mobile phone needs a mobile phone to be registered first.")
    _write(state, caller, person, kind, number)
    return _written(state, caller, person, kind, HTTPStatus.CREATED)


def change_phone(state: TenantState, caller: Caller, person: Person, method_id: str, call: Call) -> Reply:
    """PATCH: what is not sent is kept; the type cannot change."""
    caller.needs_for_methods(WRITE_PHONES)
    roles.check_write(state, caller, person)
    body = _body(call)
    kind = PHONE_TYPES.get(method_id.lower(), "")
    if kind not in person.phones:
        raise method_missing()
    if body.get("phoneType", kind) != kind:
        raise method_refused("The type of a phone cannot be changed.")
    if "phoneNumber" in body:
        _write(state, caller, person, kind, _number(state, body))
    if state.switches.patch_answer == HTTPStatus.NO_CONTENT:
        return Reply(HTTPStatus.NO_CONTENT)
    return _written(state, caller, person, kind, HTTPStatus.OK)


def delete_phone(state: TenantState, caller: Caller, person: Person, method_id: str) -> Reply:
    """DELETE: not the mobile while alternateMobile exists, not the default method."""
    caller.needs_for_methods(WRITE_PHONES)
    roles.check_write(state, caller, person)
    kind = PHONE_TYPES.get(method_id.lower(), "")
    if kind not in person.phones:
        raise method_missing()
    if kind == "mobile" and "alternateMobile" in person.phones:
        raise method_refused(
            "The mobile phone cannot be deleted while an alternate mobile phone is registered."
        )
    if person.default_phone() == kind:
        others = len(person.phones) > 1 or any(method != "password" for method in person.methods)
        if others or not state.switches.delete_only_default:
            raise method_refused(_default_text(state, method_id))
        person.default_method = None
    _commit(state, caller, person, kind, None)
    return Reply(HTTPStatus.NO_CONTENT)


def phone_json(state: TenantState, kind: str, phone: Phone, *, full: bool) -> dict[str, Any]:
    """The object as this caller sees it."""
    shown = shown_form(phone.number)
    if not full:
        shown = masked_form(shown, state.switches.mask_character, state.switches.mask_keeps)
    return {
        "phoneNumber": shown,
        "phoneType": kind,
        "smsSignInState": phone.sms,
        "id": PHONE_METHOD_IDS[kind],
    }


def _default_text(state: TenantState, method_id: str) -> str:
    if state.switches.default_method_text == "2021":
        return (
            "Cannot delete default method with other methods configured. "
            "Please change default method before deletion."
        )
    return (
        f"The requested authentication method id of [{method_id}] matches the user's current default "
        "authentication method, and cannot be deleted until the default authentication method is changed"
    )


def _body(call: Call) -> dict[str, Any]:
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise bad_request("Write requests must contain the Content-Type header declaration.")
    try:
        body = json.loads(call.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of "
            "valid JSON format."
        )
    unknown = sorted(set(body) - {"phoneNumber", "phoneType", "@odata.type", "id"})
    if unknown:
        raise method_refused(f"The property '{unknown[0]}' cannot be set.")
    return body


def _number(state: TenantState, body: dict[str, Any]) -> str:
    text = body.get("phoneNumber")
    number = stored_form(text, state.switches.number_format) if isinstance(text, str) else None
    if number is None:
        raise method_refused(state.switches.bad_number_text)
    return number


def _write(state: TenantState, caller: Caller, person: Person, kind: str, number: str) -> None:
    conflict = False
    sms = "notSupported"
    if kind == "mobile":
        covered = person.sms_sign_in_policy or state.switches.sms_sign_in_policy
        conflict = covered and _held_for_sign_in(state, person, number)
        sms = "phoneNumberNotUnique" if conflict else "ready" if covered else "notAllowedByPolicy"
    if not conflict or state.switches.conflict_writes_number:
        _commit(state, caller, person, kind, Phone(number, sms))
    if conflict:
        message = "The phone number is already in use for SMS sign-in by another user."
        raise GraphError(HTTPStatus.CONFLICT, "phoneNumberNotUnique", message, inner=True)


def _held_for_sign_in(state: TenantState, person: Person, number: str) -> bool:
    return any(
        other.id != person.id and other.phones.get("mobile") == Phone(number, "ready")
        for other in state.people.stored()
    )


def _commit(state: TenantState, caller: Caller, person: Person, kind: str, phone: Phone | None) -> None:
    """Set or take away one phone, and write into the audit log who did it."""
    now, former = state.clock(), person.phones.get(kind)
    phones = person.phones | {kind: phone} if phone else {**person.phones}
    if phone is None:
        del phones[kind]
    person.write_phones(phones, now + state.switches.write_lag, now)
    by = actor_of(caller.person) if caller.person else app_actor(state, caller.name)
    numbers = (former.number if former else None, phone.number if phone else None)
    change_id = new_guid()
    state.audit.add(now, by, actor_of(person), kind, numbers, change_id)
    if state.switches.audit_told_by != "methods":
        state.audit.add_update(now, actor_of(person), kind, numbers, change_id)


def _written(state: TenantState, caller: Caller, person: Person, kind: str, status: int) -> Reply:
    full = roles.sees_full_numbers(state, caller, person) or not state.switches.mask_write_answers
    reply = _one(state, person, kind, person.phones[kind], full=full)
    reply.status = status
    return reply


def _one(state: TenantState, person: Person, kind: str, phone: Phone, *, full: bool) -> Reply:
    context = _CONTEXT.format(person.id) + "/$entity"
    return Reply(200, {"@odata.context": context, **phone_json(state, kind, phone, full=full)})
