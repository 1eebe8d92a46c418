"""Fingerprints: how a number that we wrote is recognised again without being kept (design, section 6).

A phone number has so few digits that a plain hash of it is as good as the number: hence a key, which lies in
the vault and not beside the fingerprints.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mfa_sync.vault.key_vault import KeyVault


@dataclass(frozen=True, slots=True)
class FingerprintKey:
    """One version of the key."""

    version: str
    value: bytes = field(repr=False)

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
            PermanentError, TransientError: As `KeyVault.secret`; it is permanent if there is none.
        """
        secret = await self._vault.secret(self._name)
        return FingerprintKey(secret.version, secret.value.encode())

    async def version(self, version: str) -> FingerprintKey | None:
        """Return one version; None if it is gone: then what it has printed is unknown, never a mismatch."""
        current = await self.current()
        if current.version == version:
            return current
        secret = await self._vault.find(self._name, version=version)
        return FingerprintKey(secret.version, secret.value.encode()) if secret else None
