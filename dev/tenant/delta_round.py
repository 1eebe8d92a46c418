"""What a round of users/delta shows, kept between its pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Round:
    """Who is shown in a round, and of a round of changes what changed of each."""

    ids: Sequence[str]
    names: dict[str, set[str]] | None = None
