"""What a code means: from the product's own table, so that this and docs/codes.md say the same."""

from __future__ import annotations

from dataclasses import dataclass

from shared.codes import CODES, Code


@dataclass(frozen=True, slots=True)
class Advice:
    """Who acts on a code, and how."""

    who: str
    remedy: str


def meaning(code: str) -> Advice:
    """Return the advice for a row's code. A newer app may know codes that this clone does not."""
    try:
        found = CODES[Code(code)]
    except ValueError:
        return Advice("?", "A code of a newer version: see its docs/codes.md.")
    return Advice(found.who, found.remedy)
