"""Which secrets the settings call for, and what the vault has of each. No value leaves this module."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

from mfa_sync.api.handshake import weakness_of
from mfa_sync.api.worker import Worker
from mfa_sync.doctor.configuration import SecretFound
from mfa_sync.settings.settings import GraphAuth, RopcCredential, Settings
from mfa_sync.vault.strength import is_strong
from shared.errors import SyncError


class Use(NamedTuple):
    """One purpose of a secret.

    Attributes:
        name: Of its check, behind `secret.`.
        secret: Its name in the vault.
        is_previous: Whether it only eases a rotation.
        is_ours: Whether we make it ourselves, so that its strength is ours to judge.
    """

    name: str
    secret: str
    is_previous: bool = False
    is_ours: bool = False


async def secrets_found(worker: Worker) -> AsyncIterator[tuple[Use, SecretFound | SyncError]]:
    """Yield each secret that is called for as the vault has it now, or what kept it from being read."""
    handshakes: dict[str, str] = {}
    for use in _uses(worker.settings):
        try:
            secret = await worker.vault.find(use.secret, fresh=True)
        except SyncError as error:
            yield use, error
            continue
        value = secret.value.strip() if secret else ""
        if secret is None or not value:
            yield use, SecretFound(use.secret, exists=False)
            continue
        weakness = ""
        if use.is_ours:
            weakness = "" if is_strong(value) else "it can be guessed"
            if use.name in {"handshake", "approver"}:
                weakness = weakness_of(value)
                handshakes[use.name] = value
        if use.name == "approver" and hmac.compare_digest(
            handshakes.get("handshake", "").encode(), value.encode()
        ):
            weakness = "it is the same as the push's handshake"
        yield (
            use,
            SecretFound(
                use.secret, exists=True, created=secret.created, expires=secret.expires, weakness=weakness
            ),
        )


def _uses(settings: Settings) -> Iterator[Use]:
    names = settings.secret_names
    yield Use("handshake", names.handshake, is_ours=True)
    yield Use("handshakePrevious", names.handshake_previous, is_previous=True)
    if not settings.easy_auth:
        yield Use("approver", names.approver, is_ours=True)
    yield Use("fingerprintKey", names.fingerprint_key, is_ours=True)
    by_ropc = settings.graph_auth is GraphAuth.ROPC
    if by_ropc:
        yield Use("username", names.username)
        yield Use("password", names.password)
    if settings.graph_auth is GraphAuth.CLIENT_SECRET or (
        by_ropc and settings.ropc_credential is RopcCredential.SECRET
    ):
        yield Use("clientSecret", names.client_secret)
    if settings.signed_requests:
        yield Use("signingKey", names.signing_key, is_ours=True)
        yield Use("signingKeyPrevious", names.signing_key_previous, is_previous=True)
