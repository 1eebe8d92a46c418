"""Fingerprints: how a number that we wrote is recognised again without being kept.

A phone number has so few digits that a plain hash of it is as good as the number: hence a key, which lies in
the vault and not beside the fingerprints.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from mfa_sync.vault.key_vault import KeyVault
from mfa_sync.vault.strength import is_strong, too_weak
from shared.errors import SettingsError, SyncError
from shared.phone_number import PhoneNumber
from shared.tenant import User


@dataclass(frozen=True, slots=True)
class FingerprintKey:
    """One version of the key."""

    version: str
    value: bytes = field(repr=False)

    def number(self, user_id: str, number: PhoneNumber | None) -> str:
        """Return the fingerprint of a user's number; empty for none."""
        return self.of(user_id, "number", number.reveal()) if number else ""

    def attribute(self, user: User) -> str:
        """Return the fingerprint of what a user's attribute holds; empty where that is no text."""
        return self.of(user.id, "attribute", user.attribute) if isinstance(user.attribute, str) else ""

    def callers_number(self, number: PhoneNumber) -> str:
        """Return the fingerprint of a number that a caller sent: whose it is, is not known yet."""
        return self.digest(f"mobile\n{number.reveal()}".encode())

    def number_alone(self, number: PhoneNumber) -> str:
        """Return the fingerprint of a number whoever has it, by which users of one number are counted."""
        return self.digest(f"alone\n{number.reveal()}".encode())

    def of(self, user_id: str, what: str, text: str) -> str:
        """Return the HMAC-SHA256, in hexadecimal, of one text about one user.

        Args:
            user_id: Object id: the same number gives another fingerprint for another user.
            what: What the text is ("number", "attribute"), so that one never passes for the other.
            text: The text itself.
        """
        return self.digest(f"{what}\n{user_id.casefold()}\n{text}".encode("utf-8", "surrogatepass"))

    def digest(self, data: bytes) -> str:
        """Return the HMAC-SHA256 of any bytes, in hexadecimal."""
        return hmac.digest(self.value, data, "sha256").hex()


class FingerprintKeys:
    """The key's versions, out of the vault."""

    def __init__(self, vault: KeyVault, name: str) -> None:
        self._vault = vault
        self._name = name

    async def current(self) -> FingerprintKey:
        """Return the latest version.

        Raises:
            SettingsError: It can be guessed, and with it the numbers behind its fingerprints.
            PermanentError: There is none, or we may not read it.
            TransientError: The vault could not be reached, or throttles us.
        """
        secret = await self._vault.secret(self._name)
        if not is_strong(secret.value):
            raise too_weak(self._name)
        return FingerprintKey(secret.version, secret.value.encode())

    async def refuse_weak(self) -> None:
        """Let nothing begin under a key that can be guessed; one that cannot be read is only not used.

        Raises:
            SettingsError: It can be guessed.
        """
        try:
            await self.current()
        except SettingsError:
            raise
        except SyncError:
            return

    async def version(self, version: str) -> FingerprintKey | None:
        """Return one version, however strong; None if it is gone.

        Then what it has printed is unknown, never a mismatch.

        Raises:
            PermanentError: There is no key any more, or we may not read it.
            TransientError: The vault could not be reached, or throttles us.
        """
        current = await self.current()
        if current.version == version:
            return current
        secret = await self._vault.find(self._name, version=version)
        return FingerprintKey(secret.version, secret.value.encode()) if secret else None
