"""Graph's paths: percent-encoding, keys in brackets and quotes, UPNs with awkward characters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from dev.tenant.graph.errors import bad_request

_KEYED = re.compile(r"([A-Za-z]*)\('(.*)'\)")


@dataclass(frozen=True, slots=True)
class Segment:
    """A decoded part of a path; `quoted` says that it stood as ('…')."""

    text: str
    quoted: bool = False


def segments(path: str) -> list[Segment]:
    """The parts behind the version; `users('x')` and `users/('x')` count as `users/x`."""
    found: list[Segment] = []
    for raw in path.split("/"):
        if not raw:
            continue
        decoded = unquote(raw)
        match = _KEYED.fullmatch(decoded)
        if match is None:
            found.append(Segment(decoded))
            continue
        name, key = match.groups()
        if name:
            found.append(Segment(name))
        if "'" in key.replace("''", ""):
            raise bad_request("The key value is not a valid OData literal: an apostrophe must be doubled.")
        found.append(Segment(key.replace("''", "'"), quoted=True))
    return found


def user_key(segment: Segment) -> str:
    """The id or UPN; one that begins with $ is understood only in quotes (Graph "Get user")."""
    if segment.text.startswith("$") and not segment.quoted:
        raise bad_request(f"Resource not found for the segment '{segment.text}'.")
    return segment.text
