"""What a command says and how it ends: results, remarks, exit codes, errors with a remedy; never a secret."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, TextIO

_HIDDEN = "[secret]"
# A shorter one would blank out ordinary words, and is no secret worth the name.
_SHORTEST = 6
_COLOURS = {
    "green": r"\b(pass|finished)\b|^  ok\b",
    "yellow": r"\b(skip|held)\b|^  (warning|unknown)\b",
    "red": r"\b(FAIL|(?<!\b0 )failed|exceeded)\b|^  fault\b",
}


class Exit(IntEnum):
    """The exit codes, as docs/cli.md promises them to scripts."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    HELD = 3
    UNAVAILABLE = 4
    INTERRUPTED = 130


class CommandError(Exception):
    """A command cannot go on.

    Attributes:
        code: What the process exits with.
        text: What happened; free of secrets.
        remedy: What a person does about it; may be empty.
    """

    def __init__(self, code: Exit, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.remedy = remedy


def usage(text: str, remedy: str = "") -> CommandError:
    """Return the error of a command that was typed or configured wrongly."""
    return CommandError(Exit.USAGE, text, remedy)


class Terminal:
    """Standard output for results, standard error for remarks and progress, both behind one filter.

    Nothing here prints a secret on purpose. The filter is for what comes back: a proxy's page, or an error,
    that echoes a header.
    """

    def __init__(self, *, verbose: bool = False) -> None:
        self._verbose = verbose
        self._secrets: set[str] = set()
        self._progress = ""

    def hide(self, secret: str) -> None:
        """Never print this text."""
        if len(secret) >= _SHORTEST:
            self._secrets.add(secret)

    def say(self, lines: str | Iterable[str], *, aside: bool = False) -> None:
        """Print one line or several, coloured where a person looks at a terminal.

        Args:
            lines: What is printed.
            aside: It is not the command's result, so it goes to standard error.
        """
        self._write(sys.stderr if aside else sys.stdout, [lines] if isinstance(lines, str) else lines)

    def json(self, value: Any) -> None:
        """Print a result as JSON."""
        self._write(
            sys.stdout, json.dumps(value, indent=2, ensure_ascii=False).splitlines(), is_coloured=False
        )

    def remark(self, text: str) -> None:
        """Print on standard error what is not the result."""
        self._write(sys.stderr, text.splitlines(), is_coloured=False)

    def trace(self, text: str) -> None:
        """Print on standard error what only -v shows."""
        if self._verbose:
            self.remark(text)

    def progress(self, text: str) -> None:
        """Show how something goes on: in one line that is written over, or a line for each change."""
        shown = self._clean(text)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{shown}")
            sys.stderr.flush()
        elif shown != self._progress:
            sys.stderr.write(f"{shown}\n")
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

    def confirm(self, verb: str, phrase: str, nothing: str) -> None:
        """Go on only if a phrase is typed: what it counts is read, so a wrong plan is not waved through.

        Args:
            verb: What the phrase lets happen.
            phrase: What is to be typed; commas and capitals do not count.
            nothing: What did not happen if another phrase was typed, such as "nothing was written".

        Raises:
            CommandError: Another phrase was typed, or nobody is there to type it.
        """
        typed = self.ask(f"\nTo {verb}, type: {phrase}\n> ")
        if _words(typed) != _words(phrase):
            raise CommandError(Exit.REFUSED, f"That is not it; {nothing}.", "Run the command again.")

    def _write(self, stream: TextIO, lines: Iterable[str], *, is_coloured: bool = True) -> None:
        self._end_progress(stream)
        clean = [self._clean(line).rstrip() for line in lines]
        if is_coloured and stream.isatty():
            _print_coloured(stream, clean)
        else:
            stream.writelines(f"{line}\n" for line in clean)
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


def table(
    headings: Sequence[str], rows: Iterable[Iterable[object]], *, right: Iterable[str] = ()
) -> list[str]:
    """Return a table's lines. Nothing is cut or wrapped: who decides must see whom it concerns.

    Args:
        headings: The columns' names; they are the first line.
        rows: As many cells each; None is shown as nothing.
        right: The names of columns whose cells end at the right: counts.
    """
    return _aligned([headings, *rows], [name in right for name in headings])


def facts(pairs: Iterable[tuple[str, object]]) -> list[str]:
    """Return lines of a name and what it is, those that are nothing left out."""
    return _aligned([(name, value) for name, value in pairs if value is not None and value != ""])


def _aligned(rows: Iterable[Iterable[object]], at_right: Iterable[bool] = (False, False)) -> list[str]:
    """Return a line for each row, its cells under each other by what a terminal shows of them.

    Columns are as wide as they need to be, whatever the terminal's width. Rich's own tables are made for that
    width, and would take seconds for a plan of 5,000 changes.
    """
    from rich.cells import cell_len

    def cell(text: str, width: int, *, right: bool) -> str:
        padding = " " * (width - cell_len(text))
        return f"  {padding}{text}" if right else f"  {text}{padding}"

    cells = [["" if value is None else str(value) for value in row] for row in rows]
    columns = [
        (max(map(cell_len, column)), right)
        for column, right in zip(zip(*cells, strict=True), at_right, strict=False)
    ]
    return [
        "".join(
            cell(text, width, right=right) for text, (width, right) in zip(row, columns, strict=True)
        ).rstrip()
        for row in cells
    ]


def _print_coloured(stream: TextIO, lines: Iterable[str]) -> None:
    """Print lines with the words that matter in colour, unless NO_COLOR or TERM=dumb asks for none."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, soft_wrap=True)
    for line in lines:
        text = Text(line)
        for colour, words in _COLOURS.items():
            text.highlight_regex(words, colour)
        console.print(text)


def _words(text: str) -> list[str]:
    return text.replace(",", " ").lower().split()
