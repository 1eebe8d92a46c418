"""How runs are kept: as JSON whose members are those of typed structures, in their order.

A member that the reader does not know is passed over, and one that is missing has its default: so each
version reads what an older one wrote, and what a newer one wrote that was taken back.
"""

from __future__ import annotations

import json
from typing import Any, Self, cast

import msgspec

FORMAT = 1
"""The version that is written into heads, pages, nudges and rows. Readers pass over it."""


class Kept(msgspec.Struct, frozen=True):
    """A structure that is kept with the version of its format."""

    def dump(self) -> str:
        """Return it as JSON, in ASCII."""
        return json.dumps({"v": FORMAT, **msgspec.to_builtins(self)})

    @classmethod
    def load(cls, text: str | bytes) -> Self:
        """Return what a JSON text holds.

        Raises:
            ValueError: It holds something else. The error does not quote it.
        """
        return load(text, cls)


def dump(what: object) -> str:
    """Return structures, and plain values that hold some, as JSON, in ASCII."""
    return json.dumps(msgspec.to_builtins(what))


def load[T = Any](text: str | bytes, of: type[T] | None = None) -> T:
    """Return what a JSON text holds, as that type; as plain values where none is named.

    Raises:
        ValueError: It holds something else. The error does not quote it.
    """
    try:
        held = msgspec.convert(json.loads(text), of or Any)
    except (ValueError, RecursionError):
        raise ValueError("The text is not what is kept there.") from None
    return cast("T", held)
