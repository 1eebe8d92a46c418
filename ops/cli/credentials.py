"""Where keys and handshakes come from: the environment, a file of ours alone, a prompt. Never arguments."""

from __future__ import annotations

import getpass
import json
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.cli.ending import usage
from ops.cli.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.cli.terminal import Terminal

KEY_FILE = "MFA_SYNC_KEY_FILE"
HOST_KEY = "MFA_SYNC_KEY"
MASTER_KEY = "MFA_SYNC_KEY_MASTER"
HANDSHAKE = "MFA_SYNC_HANDSHAKE"
APPROVER = "MFA_SYNC_APPROVER"
_FORMAT = (
    'The file is JSON: {"host": "…", "functions": {"runs_list": "…"}, "handshake": "…", "approver": "…", '
    '"master": "…"}, each of them optional.'
)
_FILE_NAMES = frozenset({"host", "functions", "handshake", "approver", "master"})


class Credentials:
    """Finds each secret when it is needed, and tells the terminal never to show it."""

    def __init__(self, environment: Mapping[str, str], key_file: str | None, terminal: Terminal) -> None:
        """Take where to look.

        Raises:
            CommandError: The file cannot be read, is open to others, or is no such JSON.
        """
        self._environment = environment
        self._terminal = terminal
        self._file_name = key_file or environment.get(KEY_FILE) or ""
        self._file = read_key_file(Path(self._file_name)) if self._file_name else {}
        self._prompted: dict[str, Secret] = {}

    def key(self, function: str) -> Secret:
        """Return the key of a function, or the host key.

        Raises:
            CommandError: There is none, and nobody to be asked.
        """
        name = f"{HOST_KEY}_{function.upper()}"
        found = self.find_key(function)
        return found or self._prompt(f"Key of the function {function}", f"{name}, {HOST_KEY} (the host key)")

    def find_key(self, function: str) -> Secret | None:
        """Return the key of a function, or the host key; None if neither is configured."""
        functions = self._file.get("functions", {})
        return (
            self._find(f"{HOST_KEY}_{function.upper()}", functions.get(function), f"functions.{function}")
            or self._find(HOST_KEY, None, "", is_host=True)
            or self._find("", self._file.get("host"), "host", is_host=True)
        )

    def handshake(self) -> Secret:
        """Return the push's handshake. Errors as `key`."""
        return self.find_handshake() or self._prompt("Handshake of the push", HANDSHAKE)

    def find_handshake(self) -> Secret | None:
        """Return the push's handshake; None if it is not configured."""
        return self._find(HANDSHAKE, self._file.get("handshake"), "handshake")

    def approver(self) -> Secret:
        """Return the approvers' handshake. Errors as `key`."""
        return self.find_approver() or self._prompt("Approvers' handshake", APPROVER)

    def find_approver(self) -> Secret | None:
        """Return the approvers' handshake; None if it is not configured."""
        return self._find(APPROVER, self._file.get("approver"), "approver")

    def find_master(self) -> Secret | None:
        """Return the master key, which opens the host's administration; None if it is not configured."""
        return self._find(MASTER_KEY, self._file.get("master"), "master")

    def _find(
        self, variable: str, in_file: str | None, file_name: str, *, is_host: bool = False
    ) -> Secret | None:
        if text := self._environment.get(variable, "") if variable else "":
            return self._kept(Secret.of(text, variable, is_host=is_host))
        if in_file:
            return self._kept(Secret.of(in_file, f"{file_name} in {self._file_name}", is_host=is_host))
        return None

    def _prompt(self, what: str, names: str) -> Secret:
        if what not in self._prompted:
            if not sys.stdin.isatty():
                raise usage(
                    f"{what}: not given.",
                    f"Set {names} in the environment, or name a file by --key-file. {_FORMAT}",
                )
            typed = getpass.getpass(f"{what}: ", stream=sys.stderr)
            self._prompted[what] = self._kept(Secret.of(typed, f"{what}, as typed"))
        return self._prompted[what]

    def _kept(self, secret: Secret) -> Secret:
        self._terminal.hide(secret)
        return secret


def read_key_file(path: Path) -> dict[str, Any]:
    """Return what a key file holds, checked; no message quotes it.

    Raises:
        CommandError: It cannot be read, others may read it, or it has another form.
    """
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise usage(f"{path}: others may read it.", f"chmod 600 {path}")
        held = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise usage(f"{path}: {error.strerror or type(error).__name__}.") from None
    except ValueError:  # the decoder's error holds the whole text
        raise usage(f"{path}: is not JSON in UTF-8.", _FORMAT) from None
    functions = held.get("functions", {}) if isinstance(held, dict) else None
    if not isinstance(held, dict) or not isinstance(functions, dict):
        raise usage(f"{path}: has another form.", _FORMAT)
    texts = {**held, "functions": ""}
    if unknown := sorted(set(held) - _FILE_NAMES):
        raise usage(f"{path}: has {len(unknown)} name(s) that are not known.", _FORMAT)
    if not all(isinstance(text, str) for text in (*texts.values(), *functions.values())):
        raise usage(f"{path}: has values that are no texts.", _FORMAT)
    return held
