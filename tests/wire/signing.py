"""Workers that only sign in: real MSAL, real vault client, one brake, against the emulated tenant."""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from dev.stack.local_stack import example_settings
from dev.tenant import sample
from dev.tenant.loopback import IDENTITY_PATH
from dev.tenant.server import EmulatedTenant
from mfa_sync.api.contract.problems import problem
from mfa_sync.composition import sign_in_of
from mfa_sync.settings.settings import Settings
from mfa_sync.settings.transports import OWN, Transports
from mfa_sync.sign_in.token import AccessToken, SignIn
from mfa_sync.vault.key_vault import KeyVault
from shared.errors import SyncError
from tests.answering import Read, read
from tests.clocks import FakeClock
from tests.shared_table import SharedTable

SECRETS = (sample.PASSWORD, sample.CLIENT_SECRET, sample.SERVICE_ACCOUNT, sample.HANDSHAKE)


class Signing:
    """Workers of one app: they share a table and nothing else."""

    def __init__(
        self, tenant: EmulatedTenant, clock: FakeClock, transports: Transports = OWN, **settings: str
    ) -> None:
        self.tenant = tenant
        self.control = tenant.control
        self.clock = clock
        self.table = SharedTable()
        self.transports = transports
        self._settings = {**example_settings(), **settings}
        self.worker = self.cold_start()

    def cold_start(self, *, vault: KeyVault | None = None, **settings: str) -> SignIn:
        """Start another worker, which is the one that is asked from now on."""
        read = Settings.from_environment({**self._settings, **settings})
        self.vault = vault or KeyVault(read, self.clock)
        self.worker = sign_in_of(read, self.vault, self.clock, self.transports, self.table)
        return self.worker

    async def answer(self) -> Read | None:
        """Return what a push would be answered; None if there is a token."""
        try:
            await self.worker.token()
        except SyncError as error:
            return read(problem(error))
        return None

    async def pushes(self, minutes: tuple[int, ...]) -> tuple[list[int], dict[str, Any]]:
        """Push at these minutes, warm, again and cold; return the token requests so far, and the problem."""
        seen, body, start = [], {}, self.clock.monotonic()
        for at in minutes:
            self.clock.advance(start + at * 60 - self.clock.monotonic())
            body, again = await self.refusal(), await self.refusal()
            self.cold_start(vault=self.vault)
            cold = await self.refusal()
            assert len({(one["code"], one.get("aadsts")) for one in (body, again, cold)}) == 1
            seen.append(self.sign_ins())
        return seen, body

    async def refusal(self) -> dict[str, Any]:
        """Return the problem that a push would be answered with, held against the contract."""
        answer = await self.answer()
        assert answer
        body: dict[str, Any] = answer.body
        assert answer.status == body["status"]
        assert body["retryable"] == (answer.status == 503)
        assert body["remedy"]
        if answer.status == 503:
            assert math.isfinite(float(answer.headers["Retry-After"]))
        assert not [secret for secret in SECRETS if secret in json.dumps(answer.body)]
        return body

    async def token(self) -> AccessToken:
        """Return the token."""
        return await self.worker.token()

    def sign_ins(self) -> int:
        """Return the number of token requests that Entra saw."""
        return sum(
            entry["host"] == "login.microsoftonline.com" and entry["path"].endswith("/token")
            for entry in self.control.log()
        )

    def asked_of_identity(self) -> list[str]:
        """Return the resources for which the platform's endpoint was asked for a token."""
        return [
            unquote(entry["query"]).partition("resource=")[2].partition("&")[0]
            for entry in self.control.log()
            if entry["path"].startswith(IDENTITY_PATH)
        ]

    def secrets_read(self) -> set[str]:
        """Return the names of the secrets that were read."""
        return {path.split("/")[2] for path, status in self.vault_calls() if status == HTTPStatus.OK}

    def vault_calls(self) -> list[tuple[str, int]]:
        """Return the vault's calls, each by path and status."""
        return [
            (entry["path"], entry["status"])
            for entry in self.control.log()
            if entry["host"].endswith(".vault.azure.net")
        ]
