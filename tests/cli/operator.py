"""An operator in front of the command line: types, reads, and would notice a secret anywhere."""

from __future__ import annotations

import io
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dev.stack.local_stack import LocalStack
from dev.tenant import sample
from ops.cli.main import main

if TYPE_CHECKING:
    import pytest

VARIABLES = ("URL", "KEY", "KEY_MASTER", "KEY_FILE", "HANDSHAKE", "APPROVER", "SIGNING_KEY", "AUDIENCE")
USER = "bo.same@contoso.com"
SMOKE = ("smoke", "--user", USER, "--json")


@dataclass(frozen=True)
class Seen:
    """What one command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON on standard output."""
        return json.loads(self.out)

    @property
    def lines(self) -> dict[str, str]:
        """The smoke test's lines: each one's status by its name."""
        return {line["name"]: line["status"] for line in self.json["lines"]}

    @property
    def failed(self) -> set[str]:
        """The smoke test's lines that failed."""
        return {name for name, status in self.lines.items() if status == "FAIL"}

    @property
    def all(self) -> str:
        """Everything printed."""
        return self.out + self.err


class Typing(io.StringIO):
    """A terminal at which a person types."""

    def isatty(self) -> bool:
        """Say that somebody sits there."""
        return True


class Operator:
    """Runs commands in this process, with an environment of its own. No output ever holds a secret."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stack: LocalStack
    ) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.url = stack.host.url
        self.secrets = [*sample.secrets(), *secrets_of(stack)]
        for name in VARIABLES:
            monkeypatch.delenv(f"MFA_SYNC_{name}", raising=False)
        for function in stack.host.functions:
            monkeypatch.delenv(f"MFA_SYNC_KEY_{function.upper()}", raising=False)
        self.set(
            URL=stack.host.url,
            KEY=stack.host.host_key,
            KEY_MFA_SYNC=stack.host.key("mfa_sync"),
            KEY_MASTER=stack.host.master_key,
            HANDSHAKE=sample.HANDSHAKE,
            APPROVER=sample.APPROVER_HANDSHAKE,
        )

    def set(self, **values: str | None) -> None:
        """Set variables of the environment by what follows MFA_SYNC_; None takes one away."""
        for name, value in values.items():
            if value is None:
                self._monkeypatch.delenv(f"MFA_SYNC_{name}", raising=False)
            else:
                self._monkeypatch.setenv(f"MFA_SYNC_{name}", value)

    def __call__(self, *arguments: str, typed: str | None = None) -> Seen:
        """Run a command; `typed` is what a person at a terminal answers, None is nobody."""
        self._capsys.readouterr()
        stdin = io.StringIO() if typed is None else Typing(typed)
        self._monkeypatch.setattr("sys.stdin", stdin)
        code = main(arguments)
        seen = Seen(code, *self._capsys.readouterr())
        assert [secret for secret in self.secrets if secret in seen.all] == []
        return seen


def read_terminal(terminal: int) -> bytes:
    """Return all that a terminal still shows until its program ends, which is an error on Linux."""
    shown = b""
    with suppress(OSError):
        while chunk := os.read(terminal, 1024):
            shown += chunk
    return shown


def secrets_of(stack: LocalStack) -> list[str]:
    """Return the keys of a stack."""
    return [
        stack.host.master_key,
        stack.host.host_key,
        *(stack.host.key(name) for name in stack.host.functions),
    ]
