"""Reading settings one at a time: what is wrong is collected, by name and never by value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

_SECRET_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
# A host by name, perhaps a port: no user, query or fragment belongs into an address of a service.
_HOST = r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,4}|:[1-5][0-9]{4})?"
_ORIGIN = re.compile(_HOST + "/*")
GRAPH_VERSION = "/v1.0"
_GRAPH = re.compile(f"{_HOST}/*({re.escape(GRAPH_VERSION)}/*)?")


class Reader:
    """Reads one setting at a time, collecting faults; after a fault it returns a stand-in."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []

    def text(self, name: str) -> str:
        """Return a setting as it stands there, without blanks around it; empty where it is not set."""
        text = self._environ.get(name, "").strip()
        # An unresolved Key Vault reference arrives as its own literal text.
        if text.startswith("@Microsoft.KeyVault("):
            self.faults.append(f"{name}: its Key Vault reference could not be resolved")
            return ""
        return text

    def matching(
        self, name: str, allowed: str, *patterns: re.Pattern[str], default: str | None = None
    ) -> str:
        """Return a text that one of the patterns matches.

        Args:
            name: The setting's.
            allowed: What the patterns match, in words.
            patterns: One of them must match the whole text.
            default: What is returned where nothing is set; None: then it is a fault.
        """
        text = self.text(name)
        if not text and default is not None:
            return default
        if not any(pattern.fullmatch(text) for pattern in patterns):
            self.faults.append(f"{name}: {'must be' if text else 'is missing; it must be'} {allowed}")
        return text

    def optional(self, name: str, allowed: str, *patterns: re.Pattern[str]) -> str | None:
        """Return a text that one of the patterns matches, or None where it is not set."""
        return self.matching(name, allowed, *patterns, default="") or None

    def secret_name(self, name: str, default: str) -> str:
        """Return the name of a secret in the vault."""
        return self.matching(name, "a Key Vault secret name", _SECRET_NAME, default=default)

    def graph(self, name: str, default: str) -> str:
        """Return Graph's address with its version, whether or not it was given with it.

        Another path would be answered 404 for every user, and so would /beta by what it knows otherwise: it
        may change any day, and this program was held against one version alone.
        """
        allowed = f"Graph's https:// address, alone or with {GRAPH_VERSION} behind it and no other path"
        address = self.matching(name, allowed, _GRAPH, default=default).rstrip("/")
        return address.removesuffix(GRAPH_VERSION).rstrip("/") + GRAPH_VERSION

    def origin(self, name: str, default: str | None = None) -> str:
        """Return an address that has no path, without a slash at its end."""
        allowed = "an https:// address without a path"
        return self.matching(name, allowed, _ORIGIN, default=default).rstrip("/")

    def word(self, name: str, default: str, *others: str) -> str:
        """Return one of some words."""
        text = self.text(name) or default
        if text not in {default, *others}:
            self.faults.append(f"{name}: must be one of {', '.join((default, *others))}")
            return default
        return text

    def member[Word: StrEnum](self, name: str, default: Word) -> Word:
        """Return a member of the default's enumeration."""
        kind = type(default)
        return kind(self.word(name, default, *(one for one in kind if one is not default)))

    def flag(self, name: str, *, default: bool) -> bool:
        """Return whether it is true."""
        return self.word(name, str(default).lower(), str(not default).lower()) == "true"

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number within bounds."""
        text = self.text(name) or str(default)
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            self.faults.append(f"{name}: must be a whole number from {least} to {most}")
            return default
        return int(text)
