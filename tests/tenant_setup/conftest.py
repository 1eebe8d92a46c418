"""The operator's command line, by the real azure-identity, on a real wire to the emulated tenant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from dev.tenant import sample
from dev.tenant.access import AccessControl
from dev.tenant.control_client import LogEntry
from dev.tenant.server import REMOVED_VARIABLES, EmulatedTenant
from ops.tenant_setup.__main__ import main
from ops.tenant_setup.graph import permissions

EGRESS = "203.0.113.8/30"
ANNA, BO = "anna.new@contoso.com", "bo.same@contoso.com"
WRITES = {"POST", "PATCH", "PUT", "DELETE"}


class Ran(NamedTuple):
    """One command: its exit code, and what it printed."""

    code: int
    out: str
    err: str


class Operator:
    """Runs commands as an operator whose rights are exactly those that the command names."""

    def __init__(self, tenant: EmulatedTenant, capsys: pytest.CaptureFixture[str]) -> None:
        self.tenant = tenant
        self.waited: list[float] = []
        self._capsys = capsys

    @property
    def access(self) -> AccessControl:
        """What the tenant holds of units, policies and the rest."""
        return self.tenant.state.access

    def run(self, command: str, *more: str) -> Ran:
        """One command about the service account, with the least rights that it says it needs."""
        writing = command == "apply" or "--yes" in more
        self.tenant.control.switch(grants=permissions(writing=writing))
        return self.raw(command, *SIGN_IN, "--service-account", sample.SERVICE_ACCOUNT, *more)

    def raw(self, *arguments: str) -> Ran:
        """Any command line."""
        self._capsys.readouterr()
        code = main(arguments, sleep=self.waited.append)
        captured = self._capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    def stopped(self, *arguments: str) -> str:
        """Apply, see it stop without a single write, and return why."""
        self.tenant.control.clear_log()
        ran = self.run("apply", *arguments)
        assert ran.code == 1, ran.out
        assert self.writes() == []
        return ran.err

    def writes(self) -> list[LogEntry]:
        """The calls of Graph and the vault that changed something, or tried to."""
        hosts = ("graph.microsoft.com", "contoso-mfa.vault.azure.net")
        log = self.tenant.control.log()
        return [row for row in log if row["method"] in WRITES and row["host"] in hosts]


SIGN_IN = ("--tenant", sample.TENANT_ID, "--sign-in", "environment")
ALL = ("--user", ANNA, "--user", BO, "--egress", EGRESS, "--audit-log")


@pytest.fixture(scope="session")
def emulated() -> Iterator[EmulatedTenant]:
    """The emulated tenant, started once."""
    with EmulatedTenant() as tenant:
        yield tenant


@pytest.fixture
def operator(
    emulated: EmulatedTenant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Operator:
    """An operator on a fresh sample tenant, whose service account holds no role yet."""
    for name in REMOVED_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in emulated.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AZURE_TENANT_ID", sample.TENANT_ID)
    monkeypatch.setenv("AZURE_CLIENT_ID", sample.CLIENT_ID)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", sample.CLIENT_SECRET)
    emulated.control.reset()
    emulated.control.patch_person(sample.SERVICE_ACCOUNT, roles=[])
    return Operator(emulated, capsys)
