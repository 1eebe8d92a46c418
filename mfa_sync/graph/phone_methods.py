"""Phone methods on the wire (Graph's "phoneAuthenticationMethod" pages)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, assert_never

from mfa_sync.graph.client import Request
from mfa_sync.graph.reply import unreadable
from mfa_sync.graph.users import user_path
from shared.codes import Code
from shared.phone_number import ObservedNumber
from shared.tenant import Change, Fate, Kind, Observation, PhoneMethods, Unreadable, User, WriteAnswer

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

_FATES: dict[int, Fate] = {
    HTTPStatus.BAD_REQUEST: Fate.REJECTED,
    HTTPStatus.FORBIDDEN: Fate.FORBIDDEN,
    HTTPStatus.NOT_FOUND: Fate.MISSING,
    HTTPStatus.CONFLICT: Fate.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS: Fate.THROTTLED,
    HTTPStatus.SERVICE_UNAVAILABLE: Fate.UNAVAILABLE,
}


def phone_methods_path(key: str) -> str:
    """Return the path of a user's phone methods."""
    return f"{user_path(key)}/authentication/phoneMethods"


def all_methods_path(key: str) -> str:
    """Return the path of all authentication methods of a user."""
    return f"{user_path(key)}/authentication/methods"


def with_phones(user: User, reply: Reply) -> Observation | Unreadable:
    """Return a user with the phone methods that a reply lists."""
    methods = reply.objects()
    if methods is None:
        return unreadable(reply, user)
    by_type = {method.get("phoneType"): method for method in methods}
    mobile = by_type.get("mobile")
    number = ObservedNumber(mobile.get("phoneNumber") or "") if mobile else None
    return Observation(user, PhoneMethods(number, has_alternate_mobile="alternateMobile" in by_type))


def other_factors_of(reply: Reply) -> int | Unreadable:
    """Return how many usable factors a list of all methods holds besides the mobile phone."""
    if reply.status == HTTPStatus.FORBIDDEN:
        return Unreadable(
            Code.TARGET_OUT_OF_REACH,
            "All methods are listed before a delete, and Graph does not let us: the right to read them "
            "(UserAuthenticationMethod.Read.All) is missing, or this user is out of reach. "
            f"LAST_FACTOR_GUARD=off does without. Graph: {reply.reference()}.",
        )
    methods = reply.objects()
    if methods is None:
        return unreadable(reply)
    usable = [method for method in methods if method.get("@odata.type") in _USABLE]
    return len([method for method in usable if method.get("id") != MOBILE_ID])


def write_request(change: Change) -> Request:
    """Return the request that carries out a change."""
    collection = phone_methods_path(change.user_id)
    body = {"phoneNumber": change.number.reveal(), "phoneType": "mobile"} if change.number else None
    match change.kind:
        case Kind.CREATE:
            return Request("POST", collection, body)
        case Kind.UPDATE | Kind.ASSERT:
            return Request("PATCH", f"{collection}/{MOBILE_ID}", body)
        case Kind.DELETE:
            return Request("DELETE", f"{collection}/{MOBILE_ID}")
        case never:
            assert_never(never)


def fate_of(reply: Reply) -> WriteAnswer:
    """Return what became of a write. PATCH succeeds by 200 and by 204, so no body is looked at."""
    if reply.status is None:
        return WriteAnswer(Fate.UNKNOWN if reply.was_sent else Fate.NOT_SENT, reply.lack)
    if reply.is_success:
        return WriteAnswer(Fate.DONE)
    default = Fate.UNKNOWN if reply.has_failed else Fate.UNAVAILABLE
    return WriteAnswer(_FATES.get(reply.status, default), f"Graph: {reply.reference()}.")
