"""By what somebody has registered: who is ready for the end of Microsoft's own SMS and voice."""

from __future__ import annotations

import pytest

from shared.readiness import Readiness, readiness_of

PHONE, OFFICE, PUSH = "mobilePhone", "officePhone", "microsoftAuthenticatorPush"


@pytest.mark.parametrize(
    ("methods", "mfa", "passwordless", "expected"),
    [
        ([], "no", "no", "nothing"),
        (["email", "securityQuestion"], "no", "no", "nothing"),
        ([PHONE], "yes", "no", "phoneOnly"),
        ([PHONE, OFFICE, "email"], "yes", "no", "phoneOnly"),
        (["sms"], "yes", "no", "phoneOnly"),
        ([PHONE, "temporaryAccessPass"], "yes", "no", "phoneOnly"),
        ([PHONE, "appPassword", "qrCode"], "yes", "no", "phoneOnly"),
        ([PHONE, PUSH], "yes", "no", "otherFactor"),
        (["softwareOneTimePasscode"], "yes", "no", "otherFactor"),
        (["externalAuthMethod"], "yes", "no", "otherFactor"),
        ([PHONE, "fido2SecurityKey"], "yes", "yes", "passwordless"),
        (["passKeySynced"], "yes", "yes", "passwordless"),
        ([PHONE, "ofTomorrow"], "yes", "yes", "passwordless"),
        # A word that we do not know is not counted on: rather told as stranded than overlooked.
        ([PHONE, "ofTomorrow"], "yes", "no", "phoneOnly"),
        (["ofTomorrow"], "yes", "no", "nothing"),
        # The tenant's policy allows none of what is registered.
        ([PHONE], "no", "no", "nothing"),
        ([PUSH], "no", "no", "nothing"),
        # A security key that the policy does not allow makes nobody passwordless, and may not be used.
        ([PHONE, "fido2SecurityKey"], "yes", "no", "otherFactor"),
    ],
)
def test_what_is_registered_says_who_is_ready(
    methods: list[str], mfa: str, passwordless: str, expected: str
) -> None:
    """The whole table."""
    found = readiness_of(methods, is_mfa_capable=mfa == "yes", is_passwordless_capable=passwordless == "yes")
    assert found is Readiness(expected)
