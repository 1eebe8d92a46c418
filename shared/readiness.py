"""Who is ready for the end of Microsoft's own SMS and voice: judged by what they have registered.

The words are Graph's, of `methodsRegistered` in userRegistrationDetails; the page of
userSignInUsageByAuthMethodActivity lists them. As with a delete, passwords, e-mail and questions are no
factor, a pass or a code for one day none that lasts, and a word that is not known here is not counted on.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

_PHONES = frozenset(
    {
        *("mobilePhone", "alternateMobilePhone", "officePhone"),
        *("sms", "mobileSMS", "mobileCall", "alternateMobileCall"),
    }
)
_OTHER_FACTORS = frozenset(
    {
        *("microsoftAuthenticatorPush", "microsoftAuthenticatorPasswordless", "appNotification", "appCode"),
        *("softwareOneTimePasscode", "hardwareOneTimePasscode", "externalAuthMethod"),
        *("fido", "fido2", "fido2SecurityKey", "windowsHelloForBusiness", "macOsSecureEnclaveKey"),
        *("passKeyDeviceBound", "passKeyDeviceBoundAuthenticator", "passKeyDeviceBoundWindowsHello"),
        "passKeySynced",
    }
)


class Readiness(StrEnum):
    """What somebody could still prove themselves with, once no code reaches a phone any more."""

    PHONE_ONLY = "phoneOnly"  # nothing: phones are all that they have
    NOTHING = "nothing"  # nothing, today either
    PASSWORDLESS = "passwordless"
    OTHER_FACTOR = "otherFactor"  # a factor that is no phone, beside a password


def readiness_of(methods: Iterable[str], *, is_mfa_capable: bool, is_passwordless_capable: bool) -> Readiness:
    """Return how somebody stands.

    Args:
        methods: What is registered, in Graph's words.
        is_mfa_capable: Whether something strong of it is allowed by the tenant's policy.
        is_passwordless_capable: Whether something passwordless of it is.
    """
    registered = frozenset(methods)
    if is_passwordless_capable:
        return Readiness.PASSWORDLESS
    if not is_mfa_capable:
        return Readiness.NOTHING
    if registered & _OTHER_FACTORS:
        return Readiness.OTHER_FACTOR
    return Readiness.PHONE_ONLY if registered & _PHONES else Readiness.NOTHING
