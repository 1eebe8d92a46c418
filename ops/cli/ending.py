"""How a command ends: exit codes, and errors that say what to do."""

from __future__ import annotations

from enum import IntEnum


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
