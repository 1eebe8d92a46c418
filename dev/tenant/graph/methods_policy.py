"""GET /policies/authenticationMethodsPolicy: which methods people may use."""

from __future__ import annotations

from dev.tenant.graph.caller import Caller
from dev.tenant.state import TenantState
from dev.tenant.wire import Reply

READ_POLICIES = {
    "Policy.Read.All",
    "Policy.Read.AuthenticationMethod",
    "Policy.ReadWrite.AuthenticationMethod",
}
_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#authenticationMethodsPolicy"
_EVERYBODY = [{"targetType": "group", "id": "all_users", "isRegistrationRequired": False}]


def answer(state: TenantState, caller: Caller) -> Reply:
    """The policy, with the methods that matter here."""
    caller.needs(READ_POLICIES)
    states = {
        "Fido2": True,
        "MicrosoftAuthenticator": True,
        "Sms": state.switches.policy_sms,
        "Voice": state.switches.policy_voice,
    }
    rows = [
        {
            "@odata.type": f"#microsoft.graph.{name[0].lower()}{name[1:]}AuthenticationMethodConfiguration",
            "id": name,
            "state": "enabled" if is_on else "disabled",
            "includeTargets": _EVERYBODY,
        }
        for name, is_on in states.items()
    ]
    return Reply(
        200,
        {
            "@odata.context": _CONTEXT,
            "id": "authenticationMethodsPolicy",
            "displayName": "Authentication Methods Policy",
            "policyVersion": "1.5",
            "authenticationMethodConfigurations": rows,
        },
    )
