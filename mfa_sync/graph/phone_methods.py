"""Phone methods on the wire (Graph's "phoneAuthenticationMethod" pages)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from mfa_sync.graph.batch import Item
from mfa_sync.graph.users import user_path
from shared.phone_number import ObservedNumber
from shared.tenant import Change, Fate, Kind, PhoneMethods, WriteAnswer

if TYPE_CHECKING:
    from mfa_sync.graph.reply import Reply

# Constant for all users and tenants, so never a key without the user.
MOBILE_ID = "3179e48a-750b-4051-897c-87b9720928f7"

# What a person can still prove themselves with. Passwords and e-mail are none; a temporary access pass and
# a QR code are none that last; a type that we do not know is not counted on.
_USABLE = frozenset(
    {
        "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
        "#microsoft.graph.fido2AuthenticationMethod",
        "#microsoft.graph.windowsHelloForBusinessAuthenticationMethod",
        "#microsoft.graph.softwareOathAuthenticationMethod",
        "#microsoft.graph.hardwareOathAuthenticationMethod",
        "#microsoft.graph.platformCredentialAuthenticationMethod",
        "#microsoft.graph.externalAuthenticationMethod",
        "#microsoft.graph.phoneAuthenticationMethod",
    }
)


def phone_methods_path(key: str) -> str:
    """Return the path of a user's phone methods."""
    return f"{user_path(key)}/authentication/phoneMethods"


def phone_methods_of(body: dict[str, Any]) -> PhoneMethods:
    """Return the phone methods that a collection lists."""
    by_type = {method.get("phoneType"): method for method in body.get("value", [])}
    mobile = by_type.get("mobile")
    return PhoneMethods(
        mobile=ObservedNumber(mobile.get("phoneNumber") or "") if mobile else None,
        has_alternate_mobile="alternateMobile" in by_type,
    )


def other_factors_of(body: dict[str, Any]) -> int:
    """Return how many usable factors a list of all methods holds besides the mobile phone."""
    return sum(
        method.get("@odata.type") in _USABLE and method.get("id") != MOBILE_ID
        for method in body.get("value", [])
    )


def write_item(change: Change) -> Item:
    """Return the request that carries out a change."""
    collection = phone_methods_path(change.user_id)
    body = {"phoneNumber": change.number.reveal(), "phoneType": "mobile"} if change.number else None
    match change.kind:
        case Kind.CREATE:
            return Item("POST", collection, body)
        case Kind.UPDATE | Kind.ASSERT:
            return Item("PATCH", f"{collection}/{MOBILE_ID}", body)
        case Kind.DELETE:
            return Item("DELETE", f"{collection}/{MOBILE_ID}")
        case never:
            assert_never(never)


_OK, _REDIRECT, _SERVER_FAULT = 200, 300, 500
_FATES = {
    400: Fate.REJECTED,
    403: Fate.FORBIDDEN,
    404: Fate.MISSING,
    409: Fate.CONFLICT,
    429: Fate.THROTTLED,
    503: Fate.UNAVAILABLE,
}


def fate_of(reply: Reply) -> WriteAnswer:
    """Return what became of a write. PATCH succeeds by 200 and by 204, so no body is looked at."""
    if reply.status is None:
        return WriteAnswer(Fate.UNKNOWN if reply.was_sent else Fate.NOT_SENT, reply.lack)
    if _OK <= reply.status < _REDIRECT:
        return WriteAnswer(Fate.DONE)
    default = Fate.UNAVAILABLE if reply.status < _SERVER_FAULT else Fate.UNKNOWN
    return WriteAnswer(_FATES.get(reply.status, default), f"Graph: {reply.reference()}.")
