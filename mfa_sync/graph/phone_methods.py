"""Phone methods on the wire (Graph's "phoneAuthenticationMethod" pages)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import assert_never

from mfa_sync.graph.client import Request
from mfa_sync.graph.reply import Reply, unreadable
from mfa_sync.graph.users import user_path
from shared.codes import Code
from shared.facts import NOTHING_FOUND, Facts
from shared.phone_number import ObservedNumber
from shared.tenant import Change, Fate, Kind, Observation, PhoneMethods, Unreadable, User, WriteAnswer

# Constant for all users and tenants, so never a key without the user.
MOBILE_ID = "3179e48a-750b-4051-897c-87b9720928f7"

# What a person can still prove themselves with. Passwords and e-mail are none; a temporary access pass and
# a QR code are none that last; a type that we do not know is not counted on.
_PHONE = "#microsoft.graph.phoneAuthenticationMethod"
_USABLE = frozenset(
    {
        "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
        "#microsoft.graph.fido2AuthenticationMethod",
        "#microsoft.graph.windowsHelloForBusinessAuthenticationMethod",
        "#microsoft.graph.softwareOathAuthenticationMethod",
        "#microsoft.graph.hardwareOathAuthenticationMethod",
        "#microsoft.graph.platformCredentialAuthenticationMethod",
        "#microsoft.graph.externalAuthenticationMethod",
        _PHONE,
    }
)

# What a 400 means, by its codes and texts, none of which is published. "Exists" is looked for first.
_EXISTS = re.compile(
    r"(?!.*\b(another|other|different) user).*((method|type).*already|already.*(method|type))",
    re.IGNORECASE | re.DOTALL,
)
_BAD_NUMBER = re.compile(
    r".*(number.*(invalid|not (a )?valid|format)|invalid.*number)", re.IGNORECASE | re.DOTALL
)
# A user of whom the directory tells, and the methods service not yet, was just created.
_NOT_THERE_YET = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST})

_FATES: dict[int, Fate] = {
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
        return _unreadable(reply, user)
    by_type = {method.get("phoneType"): method for method in methods}
    mobile = by_type.get("mobile")
    number = ObservedNumber(mobile.get("phoneNumber") or "") if mobile else None
    return Observation(user, PhoneMethods(number, has_alternate_mobile="alternateMobile" in by_type))


def is_not_there_yet(reply: Reply) -> bool:
    """Return whether a reply about the methods of a user who exists says that there is no such user."""
    return reply.status in _NOT_THERE_YET


def _unreadable(reply: Reply, user: User | None = None) -> Unreadable:
    if not is_not_there_yet(reply):
        return unreadable(reply, user)
    detail = f"The user is there, and the authentication methods not yet ({reply.reference()})."
    return Unreadable(Code.UNAVAILABLE, detail, user)


def other_factors_of(reply: Reply, *, phones: bool) -> int | Unreadable:
    """Return how many usable factors a list of all methods holds besides the mobile phone.

    Args:
        reply: What Graph answered.
        phones: Whether codes still reach phones, so that another phone is one.
    """
    if reply.status == HTTPStatus.FORBIDDEN:
        return Unreadable(
            Code.TARGET_OUT_OF_REACH,
            "All methods are listed before a delete, and Graph does not let us: the right to read them "
            "(UserAuthenticationMethod.Read.All) is missing, or this user is out of reach. "
            f"LAST_FACTOR_GUARD=off does without. Graph: {reply.reference()}.",
        )
    methods = reply.objects()
    if methods is None:
        return _unreadable(reply)
    kinds = _USABLE if phones else _USABLE - {_PHONE}
    usable = [method for method in methods if method.get("@odata.type") in kinds]
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


def fate_of(reply: Reply, facts: Facts = NOTHING_FOUND) -> WriteAnswer:
    """Return what became of a write. PATCH succeeds by 200 and by 204, so no body is looked at.

    What a 400 looks like is known where it was found out, and told by its words otherwise.
    """
    if reply.status is None:
        return WriteAnswer(Fate.UNKNOWN if reply.was_sent else Fate.NOT_SENT, reply.lack)
    if reply.is_success:
        return WriteAnswer(Fate.DONE)
    if reply.status == HTTPStatus.BAD_REQUEST:
        return WriteAnswer(_fate_of_bad_request(reply.error_texts(), facts), f"Graph: {reply.reference()}.")
    default = Fate.UNKNOWN if reply.has_failed else Fate.UNAVAILABLE
    return WriteAnswer(_FATES.get(reply.status, default), f"Graph: {reply.reference()}.")


_FEWEST_WORDS = 4


def signature_of(texts: Sequence[str]) -> str:
    """Return what two refusals of one kind have in common: their words, without any that holds a digit.

    Digested, so that neither a number nor an id can stand in what is kept. Empty where it says too little to
    be told from others.
    """
    words = [word for text in texts for word in text.casefold().split() if word.isalpha()]
    if len(words) < _FEWEST_WORDS:
        return ""
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:16]


def _fate_of_bad_request(texts: Sequence[str], facts: Facts) -> Fate:
    match signature_of(texts):
        case facts.exists_signature:
            return Fate.EXISTS
        case facts.bad_number_signature:
            return Fate.BAD_NUMBER
    if any(_EXISTS.match(text) for text in texts):
        return Fate.EXISTS
    return Fate.BAD_NUMBER if any(_BAD_NUMBER.match(text) for text in texts) else Fate.REJECTED
