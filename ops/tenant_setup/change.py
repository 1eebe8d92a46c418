"""What is said and done: a change that may be made, and a remark that nothing is done about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAKE, ALTER, TAKE = "+", "~", "-"


@dataclass(frozen=True, slots=True)
class Change:
    """One write. `sign` is how a plan marks it; `do` makes it."""

    sign: str
    what: str
    do: Callable[[], object]

    def __str__(self) -> str:
        return f"  {self.sign} {self.what}"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something seen: fine, to be looked at by a person, or a reason to change nothing."""

    level: str
    text: str

    def __str__(self) -> str:
        return f"  {self.level:<5} {self.text}"


def fine(text: str) -> Remark:
    """It is as it should be."""
    return Remark("ok", text)


def look(text: str) -> Remark:
    """A person should look at it; the work goes on."""
    return Remark("look", text)


def wrong(text: str) -> Remark:
    """The app could not work like this: nothing is changed until it is mended."""
    return Remark("wrong", text)
