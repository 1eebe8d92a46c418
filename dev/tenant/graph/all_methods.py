"""authentication/methods: every factor of somebody, each with its own type and id."""

from __future__ import annotations

import uuid
from typing import Any

from dev.tenant.graph import roles
from dev.tenant.graph.caller import READ_METHODS, Caller
from dev.tenant.graph.phone_methods import phone_json
from dev.tenant.people import PASSWORD_METHOD_ID, Person
from dev.tenant.state import TenantState
from dev.tenant.wire import Reply

CREATED = "2024-03-01T08:00:00Z"
DETAILS: dict[str, dict[str, Any]] = {
    "password": {"password": None, "createdDateTime": CREATED},
    "microsoftAuthenticator": {
        "createdDateTime": CREATED,
        "displayName": "Pixel 8",
        "deviceTag": "SoftwareTokenActivated",
        "phoneAppVersion": "6.2410.7045",
    },
    "fido2": {"displayName": "Security key", "createdDateTime": CREATED, "model": "YubiKey 5 NFC"},
    "email": {"emailAddress": "private@example.org"},
    "softwareOath": {"secretKey": None},
    "windowsHelloForBusiness": {"displayName": "Laptop", "createdDateTime": CREATED, "keyStrength": "normal"},
    "temporaryAccessPass": {"createdDateTime": CREATED, "isUsable": True, "lifetimeInMinutes": 60},
}


def list_methods(state: TenantState, caller: Caller, person: Person) -> Reply:
    """GET methods: phones too, under the same ids as in phoneMethods."""
    caller.needs_for_methods(READ_METHODS)
    roles.check_read(state, caller, person)
    full = roles.sees_full_numbers(state, caller, person)
    value: list[dict[str, Any]] = [
        {
            "@odata.type": f"#microsoft.graph.{kind}AuthenticationMethod",
            "id": method_id(person, kind),
            **DETAILS.get(kind, {}),
        }
        for kind in person.methods
    ]
    value += [
        {
            "@odata.type": "#microsoft.graph.phoneAuthenticationMethod",
            **phone_json(state, kind, phone, full=full),
        }
        for kind, phone in person.visible_phones(state.clock()).items()
    ]
    context = f"https://graph.microsoft.com/v1.0/$metadata#users('{person.id}')/authentication/methods"
    return Reply(200, {"@odata.context": context, "value": value})


def method_id(person: Person, kind: str) -> str:
    """The password's id is the same for everybody, the others are each person's own."""
    if kind == "password":
        return PASSWORD_METHOD_ID
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{person.id}/{kind}"))
