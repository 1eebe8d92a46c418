"""Everything the emulated tenant knows, in memory; the one object all its services share."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
import uuid
from typing import TYPE_CHECKING

from dev.tenant.request_log import RequestLog
from dev.tenant.secrets_and_accounts import Account, AppRegistration, SecretVersion, Token
from dev.tenant.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dev.tenant.faults import Fault
    from dev.tenant.graph.throttle import Bucket
    from dev.tenant.people import Group, Person

LOGIN_HOST = "login.microsoftonline.com"
GRAPH_HOST = "graph.microsoft.com"
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
        self.people: dict[str, Person] = {}
        self._by_upn: dict[str, Person] = {}
        self.groups: dict[str, Group] = {}
        self.accounts: dict[str, Account] = {}
        self.apps: dict[str, AppRegistration] = {}
        self.vaults: dict[str, dict[str, list[SecretVersion]]] = {}
        self.tokens: dict[str, Token] = {}
        self.refresh_tokens: dict[str, tuple[str, str]] = {}
        self.faults: list[Fault] = []
        self.pages: dict[str, list[str]] = {}
        self.buckets: dict[str, Bucket] = {}
        self.log.clear()

    def add_person(self, person: Person) -> Person:
        """Put somebody into the directory; the same id or UPN again replaces them."""
        former = self.people.get(person.id) or self._by_upn.get(person.upn.lower())
        if former is not None:
            self._by_upn.pop(former.upn.lower(), None)
            if former.id != person.id:
                del self.people[former.id]
        self.people[person.id] = person
        self._by_upn[person.upn.lower()] = person
        return person

    def index_people(self) -> None:
        """Find everybody by their present UPN after a rename."""
        self._by_upn = {person.upn.lower(): person for person in self.people.values()}

    def remove_person(self, person: Person) -> None:
        """Delete somebody for good."""
        del self.people[person.id]
        del self._by_upn[person.upn.lower()]

    def find_person(self, key: str) -> Person | None:
        """Somebody by object id or UPN, upper and lower case alike."""
        return self.people.get(key.lower()) or self._by_upn.get(key.lower())

    def person(self, key: str) -> Person:
        """Like `find_person`, for a caller who knows that they exist."""
        found = self.find_person(key)
        if found is None:
            raise KeyError(key)
        return found

    def add_account(self, account: Account) -> Account:
        """Let somebody sign in with a password."""
        self.accounts[account.upn.lower()] = account
        return account

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
        if host in {LOGIN_HOST, GRAPH_HOST}:
            return True
        return host.endswith(VAULT_SUFFIX) and host.removesuffix(VAULT_SUFFIX) in self.vaults


def new_guid() -> str:
    """A fresh identifier in the form Microsoft's services use."""
    return str(uuid.uuid4())
