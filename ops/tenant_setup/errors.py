"""Why the work stops: said to the operator, with the way out."""

from __future__ import annotations


class StoppedError(Exception):
    """Nothing further is done. The text says why and what helps, and holds no secret."""
