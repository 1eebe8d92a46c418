"""What is printed: results on standard output, remarks and progress on standard error, and never a secret."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, TextIO

from ops.cli.ending import usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ops.cli.secret import Secret

_HIDDEN = "[secret]"
# A shorter one would blank out ordinary words, and is no secret worth the name.
_SHORTEST = 6


class Terminal:
    """Standard output and standard error, behind one filter.

    Nothing here prints a secret on purpose. The filter is for what comes back: a proxy's page, or an error,
    that echoes a header.
    """

    def __init__(self, *, verbose: bool = False) -> None:
        self._verbose = verbose
        self._secrets: set[str] = set()
        self._progress = ""

    def hide(self, secret: Secret) -> None:
        """Never print this one."""
        if len(secret.reveal()) >= _SHORTEST:
            self._secrets.add(secret.reveal())

    def say(self, lines: str | Iterable[str] = "") -> None:
        """Print a result, one line or several."""
        self._write(sys.stdout, [lines] if isinstance(lines, str) else lines)

    def json(self, value: Any) -> None:
        """Print a result as JSON."""
        self._write(sys.stdout, json.dumps(value, indent=2, ensure_ascii=False).splitlines())

    def remark(self, text: str) -> None:
        """Print what is not the result."""
        self._write(sys.stderr, text.splitlines())

    def trace(self, text: str) -> None:
        """Print what only -v shows."""
        if self._verbose:
            self._write(sys.stderr, text.splitlines())

    def progress(self, text: str) -> None:
        """Show how something goes on: in one line that is written over, or a line for each change."""
        shown = self._clean(text)
        if not sys.stderr.isatty():
            if shown != self._progress:
                sys.stderr.write(f"{shown}\n")
            self._progress = shown
            return
        sys.stderr.write(f"\r\x1b[K{shown}")
        sys.stderr.flush()
        self._progress = shown

    def need_person(self) -> None:
        """Make sure that somebody can be asked.

        Raises:
            CommandError: Nobody sits there.
        """
        if not sys.stdin.isatty():
            raise usage("This needs somebody who confirms it at a terminal.", "In a script, give --yes.")

    def ask(self, question: str) -> str:
        """Return what the person at the terminal types.

        Raises:
            CommandError: There is no such person.
        """
        self.need_person()
        self._end_progress(sys.stderr)
        sys.stderr.write("\n".join(self._clean(line) for line in question.split("\n")))
        sys.stderr.flush()
        return sys.stdin.readline().strip()

    def _write(self, stream: TextIO, lines: Iterable[str]) -> None:
        self._end_progress(stream)
        stream.writelines(f"{self._clean(line).rstrip()}\n" for line in lines)
        stream.flush()

    def _end_progress(self, stream: TextIO) -> None:
        """Leave the line that is written over, so that nothing is printed into it."""
        if self._progress and stream.isatty() and sys.stderr.isatty():
            sys.stderr.write("\n")
            self._progress = ""

    def _clean(self, text: str) -> str:
        """Return the text without secrets, and without what steers a terminal or turns lines around."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN).replace(json.dumps(secret)[1:-1], _HIDDEN)
        return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
