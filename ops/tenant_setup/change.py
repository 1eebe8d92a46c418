"""What was found in the tenant, and what follows: a change to make, a remark, or a reason to stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAKE, ALTER, TAKE = "+", "~", "-"


class StoppedError(Exception):
    """Nothing further is done. The text says why and what helps, and holds no secret."""


def only[Row](found: Sequence[Row], kind: str, name: str, remedy: str) -> Row | None:
    """Return what was found under a display name, of which Entra allows several; None if there is nothing.

    Raises:
        StoppedError: There are several.
    """
    if len(found) > 1:
        raise StoppedError(f'There are {len(found)} {kind} "{name}": {remedy}.')
    return found[0] if found else None


@dataclass(slots=True)
class Known:
    """The service account as Graph shows it, and what is there already; None: not made yet.

    Each part of the work adds what it finds or makes.
    """

    account: dict[str, Any]
    roles: list[dict[str, Any]] = field(default_factory=list)
    unit_id: str | None = None
    location_id: str | None = None

    @property
    def account_id(self) -> str:
        """The object id of the service account."""
        return str(self.account["id"])

    @property
    def upn(self) -> str:
        """Its user principal name."""
        return str(self.account["userPrincipalName"])


@dataclass(frozen=True, slots=True)
class Change:
    """One write: how a plan marks it (+ made, ~ altered, - taken away), what it is, and how it is made."""

    sign: str
    what: str
    do: Callable[[], object]

    def __str__(self) -> str:
        return f"  {self.sign} {self.what}"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something seen that nothing is done about: `ok`, `look`, or `wrong`."""

    level: str
    text: str

    def __str__(self) -> str:
        return f"  {self.level:<5} {self.text}"


def fine(text: str) -> Remark:
    """Return that something is as it should be."""
    return Remark("ok", text)


def look(text: str) -> Remark:
    """Return what a person should look at; the work goes on."""
    return Remark("look", text)


def wrong(text: str) -> Remark:
    """Return what the app could not work with: nothing is changed until it is mended."""
    return Remark("wrong", text)
