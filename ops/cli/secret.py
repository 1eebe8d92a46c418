"""A secret that nothing prints: its text comes from `reveal()` alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from ops.cli.ending import usage


@dataclass(frozen=True, slots=True)
class Secret:
    """A key, handshake or token.

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
