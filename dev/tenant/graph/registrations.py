"""GET /reports/authenticationMethods/userRegistrationDetails: which methods people have registered."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from dev.tenant.graph.audits import check_reader
from dev.tenant.graph.caller import Caller
from dev.tenant.graph.errors import GraphError
from dev.tenant.graph.paging import page
from dev.tenant.people import Person
from dev.tenant.state import TenantState
from dev.tenant.wire import Call, Reply

_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#reports/authenticationMethods/userRegistrationDetails"
# Graph's words, as "userSignInUsageByAuthMethodActivity resource type" lists them. A password has none.
_WORDS = {
    "email": "email",
    "external": "externalAuthMethod",
    "fido2": "fido2SecurityKey",
    "hardwareOath": "hardwareOneTimePasscode",
    "microsoftAuthenticator": "microsoftAuthenticatorPush",
    "platformCredential": "macOsSecureEnclaveKey",
    "softwareOath": "softwareOneTimePasscode",
    "temporaryAccessPass": "temporaryAccessPass",
    "windowsHelloForBusiness": "windowsHelloForBusiness",
}
_PHONES = {"mobile": "mobilePhone", "alternateMobile": "alternateMobilePhone", "office": "officePhone"}
_PASSWORDLESS = {"fido2SecurityKey", "macOsSecureEnclaveKey", "windowsHelloForBusiness"}
_NOT_STRONG = {"email", "temporaryAccessPass"}
_UPDATED = "2026-11-23T18:12:41.6195833Z"


def list_registrations(state: TenantState, caller: Caller, call: Call) -> Reply:
    """Everybody's but those of disabled accounts.

    Raises:
        GraphError: 403 without the permission, the licence or, for a signed-in caller, one of the roles.
    """
    check_reader(caller)
    if not state.switches.premium_licence:
        message = "Neither tenant is B2C or tenant doesn't have premium license"
        code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
        raise GraphError(HTTPStatus.FORBIDDEN, code, message)

    def is_listed(key: str) -> bool:
        person = state.people.get(key)
        return person is not None and person.enabled

    most = state.switches.registrations_page_size
    if int(call.params.get("$top", 0)) > most:
        call = replace(call, query=call.query.replace(f"top={call.params['$top']}", f"top={most}"))
    ids, more = page(state, call, state.people.roster, is_listed)
    return Reply(
        200,
        {"@odata.context": _CONTEXT, **more, "value": [_json(state.people[key]) for key in ids]},
    )


def _json(person: Person) -> dict[str, Any]:
    methods = [_PHONES[kind] for kind in person.phones]
    methods += [_WORDS[kind] for kind in person.methods if kind in _WORDS]
    strong = not _NOT_STRONG.issuperset(methods)
    default = "sms" if "mobilePhone" in methods else "none"
    preferred = "push" if "microsoftAuthenticatorPush" in methods else default
    return {
        "id": person.id,
        "userPrincipalName": person.upn,
        "userDisplayName": person.display_name,
        "userType": person.user_type.lower(),
        "isAdmin": bool(person.roles),
        "isSsprRegistered": bool(methods),
        "isSsprEnabled": False,
        "isSsprCapable": False,
        "isMfaRegistered": strong,
        "isMfaCapable": strong,
        "isPasswordlessCapable": not _PASSWORDLESS.isdisjoint(methods),
        "lastUpdatedDateTime": _UPDATED,
        "methodsRegistered": methods,
        "isSystemPreferredAuthenticationMethodEnabled": True,
        "systemPreferredAuthenticationMethods": [] if preferred == "none" else [preferred],
        "userPreferredMethodForSecondaryAuthentication": default,
    }
