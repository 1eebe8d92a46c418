"""What the app proves to Entra that it is: a secret of the vault, or the managed identity's own token.

The second is a federated credential (Entra "Configure an application to trust a managed identity"): the app
registration trusts tokens that this identity has for one audience, and nothing is stored anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mfa_sync.vault.identity import IdentityTokens
from mfa_sync.vault.key_vault import KeyVault
from shared.clock import Clock

_AUDIENCE: Final = "api://AzureADTokenExchange"
_NATIONAL: Final = {
    "https://login.microsoftonline.us": f"{_AUDIENCE}USGov",
    "https://login.partner.microsoftonline.cn": f"{_AUDIENCE}China",
    "https://login.chinacloudapi.cn": f"{_AUDIENCE}China",
}
_SPARE_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class ClientProof:
    """What is sent along with a form.

    Attributes:
        version: Which version of a secret it is; empty where nothing is stored.
        is_assertion: Whether it is a token and no secret.
        value: The secret or the token itself.
    """

    version: str
    is_assertion: bool
    value: str = field(repr=False)


class StoredSecret:
    """The client secret of Key Vault."""

    def __init__(self, vault: KeyVault, name: str) -> None:
        self._vault = vault
        self._name = name

    async def read(self, *, fresh: bool) -> ClientProof:
        """Return the latest version, from the vault itself if `fresh`.

        Raises:
            PermanentError, TransientError: The vault refuses, or cannot be reached.
        """
        secret = await self._vault.secret(self._name, fresh=fresh)
        return ClientProof(secret.version, is_assertion=False, value=secret.value)


class FederatedIdentity:
    """The managed identity's token for Entra, kept until shortly before its end."""

    def __init__(self, identity: IdentityTokens, clock: Clock, authority_host: str) -> None:
        self._identity = identity
        self._scope = f"{audience(authority_host)}/.default"
        self._clock = clock
        self._kept: tuple[float, ClientProof] | None = None

    async def read(self, *, fresh: bool) -> ClientProof:
        """Return the token as a proof, a new one if `fresh`.

        Raises:
            PermanentError, TransientError: There is no identity, or its endpoint refuses or is away.
        """
        if self._kept and not fresh and self._kept[0] > self._clock.monotonic():
            return self._kept[1]
        token = await self._identity.token(self._scope)
        proof = ClientProof("", is_assertion=True, value=token.value)
        self._kept = (self._clock.monotonic() + token.seconds - _SPARE_SECONDS, proof)
        return proof


def audience(authority_host: str) -> str:
    """Return what the token must be for, so that the sign-in service of this cloud exchanges it."""
    return _NATIONAL.get(authority_host, _AUDIENCE)


type ProofSource = StoredSecret | FederatedIdentity
