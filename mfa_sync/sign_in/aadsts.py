"""Entra's sign-in refusals told apart by AADSTS number, each with what to do.

Source: Microsoft Entra "authentication and authorization error codes". Microsoft calls the numbers
diagnostic, so an unknown one falls back on the OAuth `error` word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


class Healing(Enum):
    """What makes another sign-in reasonable. The values are kept in storage."""

    NEW_PASSWORD = "newPassword"  # noqa: S105  repeating it locks the account
    NEW_CLIENT_SECRET = "newClientSecret"  # noqa: S105  a name
    SOMEBODY_ACTS = "somebodyActs"
    LOCK_ENDS = "lockEnds"
    MINUTES_LATER = "pause"
    SECONDS_LATER = "time"

    @property
    def needs_nobody(self) -> bool:
        """Whether the same again later is right, and nobody need act."""
        return self in {Healing.MINUTES_LATER, Healing.SECONDS_LATER}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused sign-in.

    Attributes:
        number: AADSTS number; 0 where Entra gave none.
        meaning: What Entra found.
        remedy: What a person does.
        healing: What the brake waits for.
    """

    number: int
    meaning: str
    remedy: str
    healing: Healing

    @property
    def may_be_counted(self) -> bool:
        """Whether Entra may have counted a wrong password: wherever it does not say what else was wrong."""
        return self.number not in _KNOWN or self.healing in _OF_SECRETS


_OF_SECRETS: Final = {Healing.NEW_PASSWORD, Healing.NEW_CLIENT_SECRET, Healing.LOCK_ENDS}
_MFA = (
    "multi-factor authentication is demanded of the service account",
    "Exclude the service account from MFA policies (and protect it by location), or leave ROPC.",
    Healing.SOMEBODY_ACTS,
)
_POLICY = (
    "a Conditional Access policy or security defaults block the sign-in",
    "Let the policy admit whoever signs in, the service account or the app, from this app's addresses.",
    Healing.SOMEBODY_ACTS,
)
_EXPIRED = (
    "the service account's password has expired",
    "Set a new password, store it as a new version of the password secret, and let it not expire.",
    Healing.NEW_PASSWORD,
)
_UNTRUSTED = (
    "the app registration does not trust the managed identity's token",
    "Give the app registration a federated credential that trusts the managed identity (docs/sign-in.md).",
    Healing.SOMEBODY_ACTS,
)
_SERVICE = ("Entra has a fault or throttles", "Try again later.", Healing.SECONDS_LATER)
# Words of OAuth (RFC 6749, 4.1.2.1) that Entra sends for faults of its own.
_FAULTS = {"temporarily_unavailable", "server_error"}
_LONGEST_WORD = 40
_AADSTS = re.compile(r"\s*AADSTS([0-9]{4,8})\b")

_KNOWN: dict[int, tuple[str, str, Healing]] = {
    50126: (
        "wrong user name or password of the service account",
        "Store the right password as a new version of the password secret.",
        Healing.NEW_PASSWORD,
    ),
    50034: (
        "the service account does not exist in the tenant",
        "Correct the user name secret or TENANT_ID.",
        Healing.SOMEBODY_ACTS,
    ),
    50053: (
        "the service account is locked, or the address has a bad reputation",
        "Find what signs in with a wrong password; the lock ends by itself.",
        Healing.LOCK_ENDS,
    ),
    50055: _EXPIRED,
    50144: _EXPIRED,
    50056: (
        "the service account has no password in the cloud",
        "Set a cloud password for it and store it as a new version of the password secret.",
        Healing.NEW_PASSWORD,
    ),
    50057: ("the service account is disabled", "Enable the service account.", Healing.SOMEBODY_ACTS),
    50072: _MFA,
    50074: _MFA,
    50076: _MFA,
    50079: _MFA,
    **dict.fromkeys((53000, 53001, 53002, 53003, 53004, 530032, 530035), _POLICY),
    65001: (
        "nobody has consented to the app's permissions",
        "Grant admin consent for the app registration.",
        Healing.SOMEBODY_ACTS,
    ),
    70011: ("the requested scope is invalid", "Check GRAPH_URL.", Healing.SOMEBODY_ACTS),
    700016: ("the app is unknown in the tenant", "Correct CLIENT_ID or TENANT_ID.", Healing.SOMEBODY_ACTS),
    7000215: (
        "wrong client secret",
        "Store a valid client secret (its value, not its id) as a new version.",
        Healing.NEW_CLIENT_SECRET,
    ),
    7000222: (
        "the client secret has expired",
        "Create a new client secret and store it as a new version.",
        Healing.NEW_CLIENT_SECRET,
    ),
    7000218: ("no client secret was sent", "Store the client secret.", Healing.NEW_CLIENT_SECRET),
    700025: (
        "the app registration is public, yet a secret was sent",
        "Make it a confidential client.",
        Healing.SOMEBODY_ACTS,
    ),
    7000112: (
        "the app is disabled in the tenant",
        "Enable the sign-in of its enterprise application.",
        Healing.SOMEBODY_ACTS,
    ),
    **dict.fromkeys((70021, 700211, 700212, 700213), _UNTRUSTED),
    700024: (
        "the managed identity's token, sent as the client's assertion, is past its time",
        "Nothing; it is tried again by itself.",
        Healing.MINUTES_LATER,
    ),
    90002: ("the tenant does not exist", "Correct TENANT_ID.", Healing.SOMEBODY_ACTS),
    9001023: ("ROPC needs the tenant itself", "Set TENANT_ID to the tenant's id.", Healing.SOMEBODY_ACTS),
    50196: (
        "Entra saw a loop of equal requests",
        "Nothing; it is tried again by itself.",
        Healing.MINUTES_LATER,
    ),
    **dict.fromkeys((50033, 50087, 90006, 90012, 90024, 90033, 90055, 80001, 80002), _SERVICE),
}


FEDERATED_PASSWORD: Final = Refusal(
    0,
    "the federation server refuses the service account's user name or password",
    "Store the right password as a new version of its secret; better, use an account that is not federated.",
    Healing.NEW_PASSWORD,
)
FEDERATED: Final = Refusal(
    0,
    "the service account is federated, and its federation server takes no password from programs",
    "Use a service account whose domain is not federated.",
    Healing.SOMEBODY_ACTS,
)
UNANSWERED: Final = Refusal(
    0,
    "a sign-in ended without Entra's answer, and may have been counted",
    "Nothing; it is tried again by itself.",
    Healing.MINUTES_LATER,
)
THROTTLED: Final = Refusal(0, *_SERVICE)
_UNNUMBERED = {one.healing: one for one in (FEDERATED_PASSWORD, UNANSWERED, THROTTLED)}


def refusal_of(answer: dict[str, Any]) -> Refusal:
    """Return what MSAL's failure dictionary means. Its `error_description` is never passed on."""
    numbers = _numbers(answer) or [0]
    number = next((one for one in numbers if one in _KNOWN), numbers[0])
    if number in _KNOWN:
        return Refusal(number, *_KNOWN[number])
    word = _word(answer.get("error"))
    if word in _FAULTS:
        return Refusal(number, *_SERVICE)
    return _unknown(number, Healing.SOMEBODY_ACTS, word)


def recalled(number: int, healing: Healing) -> Refusal:
    """Return a refusal of which only the number and what heals it were kept."""
    if number in _KNOWN and _KNOWN[number][2] is healing:
        return Refusal(number, *_KNOWN[number])
    if number == 0 and healing in _UNNUMBERED:
        return _UNNUMBERED[healing]
    return _unknown(number, healing, "seen by an earlier call")


def _unknown(number: int, healing: Healing, why: str) -> Refusal:
    remedy = (
        "Look the AADSTS number up in Microsoft's list of error codes."
        if number
        else "Look at the sign-in log in Entra: the service account's, or the app's own."
    )
    return Refusal(number, f"Entra refused the sign-in ({why})", remedy, healing)


def _numbers(answer: dict[str, Any]) -> list[int]:
    """Return the answer's AADSTS numbers; where the list is missing, the one its text begins with."""
    codes = answer.get("error_codes")
    numbers = [one for one in codes if type(one) is int and one > 0] if isinstance(codes, list) else []
    found = _AADSTS.match(str(answer.get("error_description") or ""))
    return numbers or ([int(found[1])] if found else [])


def _word(error: object) -> str:
    text = str(error or "")
    return text if len(text) <= _LONGEST_WORD and text.replace("_", "").isalpha() else "no reason given"
