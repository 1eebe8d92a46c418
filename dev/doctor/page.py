"""The part of docs/doctor.md that is made from the code, between two marks."""

from __future__ import annotations

import re
from pathlib import Path

from mfa_sync.doctor.checks import CHECKS
from shared.facts import FACTS

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"
_PART = re.compile(
    r"(<!-- (checks|facts), made by `python -m dev\.doctor` -->\n).*?(<!-- end -->)", re.DOTALL
)


def renewed(text: str) -> str:
    """Return the page with its lists as the code has them."""
    checks = [(f"`{check.name}`", check.looks_at, check.source) for check in CHECKS]
    facts = [(f"`{kind.name}`", kind.meaning, kind.default, kind.bounds) for kind in FACTS]
    tables: dict[str, list[tuple[str, ...]]] = {
        "checks": [("check", "looks at", "source"), *checks],
        "facts": [("fact", "says", "while it is not known", "bounds"), *facts],
    }
    return _PART.sub(lambda marks: f"{marks[1]}\n{_table(tables[marks[2]])}\n\n{marks[3]}", text)


def _table(rows: list[tuple[str, ...]]) -> str:
    heading, *others = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([heading, "|---" * len(rows[0]) + "|", *others])
