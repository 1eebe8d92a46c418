"""The part of docs/doctor.md that is made from the code, between two marks."""

from __future__ import annotations

import re
from pathlib import Path

from mfa_sync.doctor.checks import CHECKS

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"
_PART = re.compile(r"(<!-- checks, made by `python -m dev\.doctor` -->\n).*?(<!-- end -->)", re.DOTALL)


def renewed(text: str) -> str:
    """Return the page with its list of checks as the code has it."""
    rows = [f"| `{check.name}` | {check.looks_at} | {check.source} |" for check in CHECKS]
    table = "\n".join(["| check | looks at | source |", "|---|---|---|", *rows])
    return _PART.sub(lambda marks: f"{marks[1]}\n{table}\n\n{marks[2]}", text)
