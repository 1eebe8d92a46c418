"""The secrets of the app: which there are, and what a good value of each is."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.tenant_setup.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

HANDSHAKE, PREVIOUS = "mfa-sync-handshake", "mfa-sync-handshake-previous"
APPROVER, FINGERPRINT_KEY = "mfa-sync-approver", "mfa-sync-fingerprint-key"
USERNAME, PASSWORD = "mfa-sync-username", "mfa-sync-password"
CLIENT_SECRET = "mfa-sync-client-secret"  # noqa: S105  a name
SIGNING_KEY, SIGNING_PREVIOUS = "mfa-sync-signing-key", "mfa-sync-signing-key-previous"
# What counts for some hours more when it is replaced, and where its former value goes.
FORMER = {HANDSHAKE: PREVIOUS, SIGNING_KEY: SIGNING_PREVIOUS}
BYTES = 32
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kind:
    """One secret: its name in the vault (docs/settings.md), and how its value comes about."""

    name: str
    make: Callable[[], str] | None = None
    check: Callable[[str], str | None] | None = None


def _header_word() -> str:
    """Travels in a header: letters, digits, - and _ alone."""
    return secrets.token_urlsafe(BYTES)


def _key() -> str:
    """As many bits as the HMAC's digest; base64, so that no tool on the way changes it."""
    return base64.b64encode(secrets.token_bytes(BYTES)).decode()


def _signing_key() -> str:
    """As the Standard Webhooks specification writes keys."""
    return f"whsec_{_key()}"


def _no_edges(value: str) -> str | None:
    return "begins or ends with a blank, which sign-in would not forgive" if value != value.strip() else None


def _a_name(value: str) -> str | None:
    return None if re.fullmatch(r"[^\s@]+@[^\s@]+", value) else "is no user principal name"


def _a_client_secret(value: str) -> str | None:
    # The portal shows the secret's id beside its value.
    return "is the id of a client secret, not its value" if _GUID.fullmatch(value) else _no_edges(value)


RANDOM = (Kind(HANDSHAKE, _header_word), Kind(APPROVER, _header_word), Kind(FINGERPRINT_KEY, _key))
ASKED = {
    "username": Kind(USERNAME, check=_a_name),
    "password": Kind(PASSWORD, check=_no_edges),
    "client-secret": Kind(CLIENT_SECRET, check=_a_client_secret),
    "signing-key": Kind(SIGNING_KEY, _signing_key),
}
REPLACEABLE = {
    "handshake": HANDSHAKE,
    "approver": APPROVER,
    "fingerprint-key": FINGERPRINT_KEY,
    **{name: kind.name for name, kind in ASKED.items()},
}


def checked(kind: Kind, value: str) -> str:
    """Return the value.

    Raises:
        StoppedError: It cannot be right. The text says why, and not what it is.
    """
    fault = "is empty" if not value.strip() else kind.check(value) if kind.check else None
    if fault:
        raise StoppedError(f"The value for {kind.name} {fault}. Nothing was set.")
    return value
