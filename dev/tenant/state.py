"""Everything the emulated tenant knows, in memory; the one object all its services share."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from dev.tenant import generator
from dev.tenant.access import AccessControl
from dev.tenant.audit_log import AuditLog
from dev.tenant.bucket import Bucket
from dev.tenant.delta_round import Round
from dev.tenant.directory import People
from dev.tenant.faults import Fault
from dev.tenant.generator import Crowd
from dev.tenant.journal import Journal
from dev.tenant.people import Group, Person
from dev.tenant.request_log import RequestLog
from dev.tenant.secrets_and_accounts import Account, AppRegistration, SecretVersion, Token
from dev.tenant.switches import Switches

LOGIN_HOST = "login.microsoftonline.com"
GRAPH_HOST = "graph.microsoft.com"
INGESTION_HOST = "westeurope-0.in.applicationinsights.azure.com"
VAULT_SUFFIX = ".vault.azure.net"
TENANT_ID = "5c2f1f0e-6a44-4d0b-9a3e-7f1c2b9d8e61"
DOMAIN = "contoso.com"


class TenantState:
    """People, groups, accounts, apps, vaults, tokens, switches, faults and the request log.

    `clock` tells the time and `sleep` spends it, so that a simulation may run both fast.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        seed: int = 15,
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self.seed = seed
        self.tenant_id = TENANT_ID
        self.domain = DOMAIN
        self.log = RequestLog()
        self.clear()

    def clear(self) -> None:
        """An empty tenant with every switch at its default."""
        self.random = random.Random(self.seed)  # noqa: S311  a repeatable shuffle, no secret
        self.switches = Switches()
        self.journal = Journal(self.clock)
        self.people = People(self.journal)
        # When people were put into the directory: the methods service hears of them later.
        self.created: dict[str, float] = {}
        self.groups: dict[str, Group] = {}
        self.accounts: dict[str, Account] = {}
        self.apps: dict[str, AppRegistration] = {}
        self.vaults: dict[str, dict[str, list[SecretVersion]]] = {}
        self.tokens: dict[str, Token] = {}
        # What the identity endpoint keeps: tokens and their ends, by resource and client id.
        self.identity_tokens: dict[tuple[str, str], tuple[str, float]] = {}
        self.refresh_tokens: dict[str, tuple[str, str]] = {}
        self.faults: list[Fault] = []
        # The listings that nextLinks go on with, and the rounds of users/delta.
        self.pages: dict[str, Sequence[Any]] = {}
        self.rounds: dict[str, Round] = {}
        # Tokens of users/delta are signed with it: those of a former life are not known.
        self.delta_key = secrets.token_bytes(16)
        self.audit = AuditLog()
        self.access = AccessControl()
        # What reached Application Insights: each envelope with the whole request it came in.
        self.telemetry: list[tuple[bytes, dict[str, Any]]] = []
        self.buckets: dict[str, Bucket] = {}
        self.log.clear()

    def add_person(self, person: Person) -> Person:
        """Put somebody into the directory; the same id or UPN again replaces them."""
        self.created[person.id] = self.clock()
        return self.people.add(person)

    def remove_person(self, person: Person, *, restorable: bool = False) -> None:
        """Delete somebody: for good, or so that they may be restored."""
        self.people.remove(person, restorable=restorable)

    def find_person(self, key: str) -> Person | None:
        """Somebody by object id or UPN, upper and lower case alike."""
        return self.people.find(key)

    def person(self, key: str) -> Person:
        """Like `find_person`, for a caller who knows that they exist and may change them in place."""
        return self.people.take(key)

    def generate(
        self,
        count: int,
        seed: int = 1,
        fractions: Mapping[str, float] | None = None,
        groups: tuple[str, ...] = (),
    ) -> Crowd:
        """Have `count` generated people beside those who were added; former generated ones go.

        `fractions` names shares of kinds that differ from the usual ones; `groups` hold everybody generated.

        Raises:
            ValueError: No people, an unknown kind, or shares that are more than the whole.
            KeyError: There is no such group.
        """
        generated = generator.crowd(self.domain, count, seed, fractions)
        chosen = [self.groups[key.lower()] for key in groups]
        self.people.populate(generated)
        for group in chosen:
            group.holds_generated = True
        return generated

    def add_account(self, account: Account) -> Account:
        """Let somebody sign in with a password."""
        self.accounts[account.upn.lower()] = account
        return account

    def service_principal_id(self, client_id: str) -> str:
        """The object id of an app, or of a managed identity, in this tenant."""
        return str(uuid.uuid5(uuid.UUID(self.tenant_id), f"service principal {client_id.lower()}"))

    def application_grants(self, client_id: str) -> list[str]:
        """The application permissions of an app alone: none without an administrator's consent."""
        app, switches = self.apps.get(client_id.lower()), self.switches
        if app is not None and not app.consented:
            return []
        return switches.grants if switches.application_grants is None else switches.application_grants

    def put_secret(
        self,
        name: str,
        value: str,
        *,
        vault: str = "contoso-mfa",
        enabled: bool = True,
        exp: int | None = None,
        nbf: int | None = None,
    ) -> SecretVersion:
        """Give a secret a new version, which is the one served from now on."""
        version = SecretVersion(secrets.token_hex(16), value, int(self.clock()), enabled, exp, nbf)
        self.vaults.setdefault(vault, {}).setdefault(name, []).append(version)
        return version

    def knows_host(self, host: str) -> bool:
        """Whether this name is one the tenant stands in for; vaults must have been seeded."""
        if host in {LOGIN_HOST, GRAPH_HOST, INGESTION_HOST}:
            return True
        return host.endswith(VAULT_SUFFIX) and host.removesuffix(VAULT_SUFFIX) in self.vaults


def new_guid() -> str:
    """A fresh identifier in the form Microsoft's services use."""
    return str(uuid.uuid4())
