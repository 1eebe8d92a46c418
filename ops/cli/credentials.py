"""Keys, handshakes and tokens: nothing prints them, and none of them is ever an argument."""

from __future__ import annotations

import getpass
import json
import os
import re
import shlex
import stat
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ops.cli.terminal import CommandError, Exit, Terminal, usage

type Named = Literal["handshake", "approver", "signing", "master"]

_HOST_KEY = "MFA_SYNC_KEY"
# What else there is besides functions' keys: its variable, and how it is asked for.
_NAMED: dict[Named, tuple[str, str]] = {
    "handshake": ("MFA_SYNC_HANDSHAKE", "Handshake of the push"),
    "approver": ("MFA_SYNC_APPROVER", "Approvers' handshake"),
    "signing": ("MFA_SYNC_SIGNING_KEY", "Signing key of the push"),
    "master": ("MFA_SYNC_KEY_MASTER", "The _master key"),
}
_FORMAT = (
    'The file is JSON: {"host": "…", "functions": {"runs_list": "…"}, "handshake": "…", "approver": "…", '
    '"signing": "…", "master": "…"}, each of them optional.'
)
_TOKEN_SPARE_SECONDS = 300
_AZURE_CLI_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Secret:
    """A key, handshake or token. Its text comes from `reveal()` and `header()` alone.

    Attributes:
        origin: Where it came from, in words for messages.
        is_host: Whether it is the app's host key, which opens every function.
    """

    _text: str = field(repr=False)
    origin: str
    is_host: bool = False

    @classmethod
    def of(cls, text: str, origin: str, *, is_host: bool = False) -> Secret:
        """Return a secret without the line end that files and pipes add.

        Raises:
            CommandError: It cannot be a header's value. The library's own error would quote it.
        """
        stripped = text.strip(" \t\r\n")
        if not stripped or not stripped.isprintable():
            raise usage(f"{origin}: is empty, or holds what no key or handshake holds (line ends, controls).")
        return cls(stripped, origin, is_host)

    def reveal(self) -> str:
        """Return the text, for a header and for nothing else."""
        return self._text

    def header(self) -> bytes:
        """Return the text as a header carries it. A handshake is compared as UTF-8."""
        return self._text.encode()

    def __str__(self) -> str:
        return "[secret]"


class Credentials:
    """Finds each secret when it is needed, and makes the terminal never show it.

    First in the environment, then in a file that is its owner's alone, at last by asking at the terminal.
    """

    def __init__(self, environment: Mapping[str, str], key_file: str | None, terminal: Terminal) -> None:
        """Take where to look.

        Raises:
            CommandError: The file cannot be read, is open to others, or is no such JSON.
        """
        self._environment = environment
        self._terminal = terminal
        self._file_name = key_file or environment.get("MFA_SYNC_KEY_FILE") or ""
        self._file = read_key_file(Path(self._file_name)) if self._file_name else {}
        self._typed: dict[str, Secret] = {}

    def key(self, function: str) -> Secret:
        """Return the key of a function, or the host key.

        Raises:
            CommandError: There is none, and nobody to be asked.
        """
        names = f"{_HOST_KEY}_{function.upper()}, {_HOST_KEY} (the host key)"
        return self.find_key(function) or self._ask(f"Key of the function {function}", names)

    def find_key(self, function: str) -> Secret | None:
        """Return the key of a function, or the host key; None if neither is configured."""
        own = self._file.get("functions", {}).get(function)
        return (
            self._find(f"{_HOST_KEY}_{function.upper()}", own, f"functions.{function}")
            or self._find(_HOST_KEY, None, "", is_host=True)
            or self._find("", self._file.get("host"), "host", is_host=True)
        )

    def find(self, name: Named) -> Secret | None:
        """Return a handshake, the signing or the master key; None if it is not configured."""
        return self._find(_NAMED[name][0], self._file.get(name), name)

    def need(self, name: Named) -> Secret:
        """Return a handshake, the signing or the master key.

        Raises:
            CommandError: It is not configured, and nobody is there to be asked.
        """
        variable, what = _NAMED[name]
        return self.find(name) or self._ask(what, variable)

    def _find(
        self, variable: str, in_file: str | None, file_name: str, *, is_host: bool = False
    ) -> Secret | None:
        if text := self._environment.get(variable, "") if variable else "":
            return self._kept(Secret.of(text, variable, is_host=is_host))
        if in_file:
            return self._kept(Secret.of(in_file, f"{file_name} in {self._file_name}", is_host=is_host))
        return None

    def _ask(self, what: str, names: str) -> Secret:
        if what not in self._typed:
            if not sys.stdin.isatty():
                raise usage(
                    f"{what}: not given.",
                    f"Set {names} in the environment, or name a file by --key-file. {_FORMAT}",
                )
            typed = getpass.getpass(f"{what}: ", stream=sys.stderr)
            self._typed[what] = self._kept(Secret.of(typed, f"{what}, as typed"))
        return self._typed[what]

    def _kept(self, secret: Secret) -> Secret:
        self._terminal.hide(secret.reveal())
        return secret


class SignIn:
    """A bearer token for an app behind App Service authentication, from the Azure CLI's own sign-in.

    It is got when it is first needed, and again before it expires.
    """

    def __init__(self, audience: str, terminal: Terminal) -> None:
        self._audience = audience
        self._terminal = terminal
        self._token: Secret | None = None
        self._until = 0.0

    def token(self) -> Secret:
        """Return a token that is good for some minutes.

        Raises:
            CommandError: The Azure CLI is not there, not signed in, or refused.
        """
        if self._token is None or time.time() > self._until - _TOKEN_SPARE_SECONDS:
            self._token = self._fresh()
            self._terminal.hide(self._token.reveal())
        return self._token

    def _fresh(self) -> Secret:
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity import AzureCliCredential

        try:
            got = AzureCliCredential(process_timeout=_AZURE_CLI_SECONDS).get_token(
                f"{self._audience.rstrip('/')}/.default"
            )
        except (ClientAuthenticationError, ValueError) as error:
            number = re.search(r"AADSTS\d+", str(error))
            raise CommandError(
                Exit.REFUSED,
                f"The Azure CLI gave no token for {self._audience}{f' ({number[0]})' if number else ''}.",
                "Sign in by `az login` as somebody whom the app's registration admits; "
                "--audience is that registration's application ID URI.",
            ) from None
        self._until = float(got.expires_on)
        return Secret.of(got.token, "the Azure CLI's token")


def read_key_file(path: Path) -> dict[str, Any]:
    """Return what a key file holds, checked; no message quotes it.

    Raises:
        CommandError: It cannot be read, others may read it, or it has another form.
    """
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise usage(f"{path}: others may read it.", f"chmod 600 {shlex.quote(str(path))}")
        keys = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise usage(f"{path}: {error.strerror or type(error).__name__}.") from None
    except ValueError:  # the decoder's error holds the whole text
        raise usage(f"{path}: is not JSON in UTF-8.", _FORMAT) from None
    functions = keys.get("functions", {}) if isinstance(keys, dict) else None
    if not isinstance(keys, dict) or not isinstance(functions, dict):
        raise usage(f"{path}: has another form.", _FORMAT)
    if unknown := sorted(set(keys) - {"host", "functions", *_NAMED}):
        raise usage(f"{path}: has {len(unknown)} name(s) that are not known.", _FORMAT)
    texts = {**keys, "functions": ""}
    if not all(isinstance(text, str) for text in (*texts.values(), *functions.values())):
        raise usage(f"{path}: has values that are no texts.", _FORMAT)
    return keys
