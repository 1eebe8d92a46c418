"""What was found and nobody has mended yet: `make simulate` shows it, `make test` overlooks it.

An entry is a regular expression for a violation, as narrow as can be so that nothing else hides behind it,
with the seed and the place in a comment. It leaves with the repair.
"""

from __future__ import annotations

import re

_KNOWN: tuple[str, ...] = ()


def is_known(violation: str) -> bool:
    """Return whether a violation is one that waits for its repair."""
    return any(re.fullmatch(pattern, violation, re.DOTALL) for pattern in _KNOWN)
