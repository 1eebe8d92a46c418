"""Access keys: one per function, a host key that opens them all, and the master key of the administration."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from typing import Self


class KeysError(Exception):
    """The keys cannot be read."""


def is_inline(source: str) -> bool:
    """Whether this is the keys themselves and not the path of their file."""
    return source.lstrip().startswith("{")


@dataclass
class AccessKeys:
    """The keys in force."""

    master: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    host: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    functions: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, source: str, function_names: Iterable[str]) -> Self:
        """Read the keys from a JSON text, or from a file, to which missing ones are added.

        Like Azure at an app's first start, this makes a key for each function that has none. The file is
        then the only place to learn it: a key is never printed.

        Raises:
            KeysError: If the text is not as expected; it is not quoted.
        """
        path = None if is_inline(source) else Path(source)
        text = source if path is None else path.read_text("utf-8") if path.exists() else "{}"
        try:
            given = json.loads(text)
            keys = cls(functions=dict(given.get("functions", {})))
        except (ValueError, AttributeError, TypeError):
            raise KeysError('Keys are written {"host": "...", "functions": {"name": "..."}}') from None
        keys.host = given.get("host") or keys.host
        keys.master = given.get("master") or keys.master
        for name in function_names:
            keys.functions.setdefault(name, secrets.token_urlsafe(32))
        if path is not None:
            path.touch(mode=0o600)
            path.write_text(keys.to_json(), "utf-8")
        return keys

    def to_json(self) -> str:
        """The text that `read` reads."""
        return (
            json.dumps({"master": self.master, "host": self.host, "functions": self.functions}, indent=2)
            + "\n"
        )

    def open(self, function_name: str, level: str, given: str | None) -> bool:
        """Whether a caller with this key may call a function of this authorization level."""
        if level == "anonymous":
            return True
        if not given:
            return False
        accepted = [self.master]
        if level == "function":
            accepted += [self.host, self.functions[function_name]]
        offered = given.encode()
        # Every key is compared, each in constant time, so that the time taken tells nothing.
        matches = [compare_digest(offered, key.encode()) for key in accepted]
        return any(matches)

    def kind(self, given: str | None) -> str:
        """Which key this is: master, host, function, or the empty text for none."""
        offered = (given or "").encode()
        named = [
            ("master", self.master),
            ("host", self.host),
            *(("function", key) for key in self.functions.values()),
        ]
        matches = [name for name, key in named if compare_digest(offered, key.encode()) and key]
        return matches[0] if matches else ""
