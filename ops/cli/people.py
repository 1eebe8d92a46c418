"""The people of a readiness run: how many stand how, who must act, and all of them as CSV."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ops.cli.terminal import table
from ops.cli.vocabulary import READINESS
from shared.phone_delivery import MICROSOFT_ENDS
from shared.readiness import Readiness

CSV_HEADING = ("readiness", "userPrincipalName", "id", "isAdmin", "methods")

_DAY = f"{MICROSOFT_ENDS:%Y-%m-%d}"
_MEANINGS: Mapping[str, str] = {
    Readiness.PHONE_ONLY: f"stranded from {_DAY} on, unless a telecom provider carries SMS and calls",
    Readiness.NOTHING: "nothing registered that the tenant's policy allows for MFA",
    Readiness.PASSWORDLESS: "ready: a passkey, Windows Hello or the like",
    Readiness.OTHER_FACTOR: "ready: another factor than a phone; counted, not listed",
}
_MUST_ACT = frozenset({Readiness.PHONE_ONLY, Readiness.NOTHING})
# OWASP, "CSV Injection".
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def readiness(run: Mapping[str, Any]) -> list[str]:
    """Return how many of those in scope stand how; nothing for other runs than readiness runs."""
    counts = run["counts"].get("readiness")
    if run["kind"] != READINESS or not counts:
        return []
    words = [*_MEANINGS, *sorted(set(counts) - set(_MEANINGS))]
    rows = [(word, counts.get(word, 0), _MEANINGS.get(word)) for word in words]
    lines = [
        "",
        "What those in scope have registered",
        *table((READINESS, "users", ""), rows, right=("users",)),
    ]
    apart = ", ".join(f"{count} {code}" for code, count in sorted(run["counts"]["refused"].items()))
    return [*lines, "", f"Not in scope: {apart}"] if apart else lines


def people(shown: Sequence[Mapping[str, Any]], part: str) -> list[str]:
    """Return who must act, one by one; `part` says which of all they are."""
    rows = [
        (
            one["readiness"],
            one["userPrincipalName"] or one["id"],
            "administrator" if one["isAdmin"] else None,
            ", ".join(one["methods"]),
        )
        for one in shown
        if one["readiness"] in _MUST_ACT
    ]
    if not rows:
        return []
    return ["", f"Who must act ({part}; with the ready: --csv)", *table((READINESS, "user", "", "has"), rows)]


def csv_line(one: Mapping[str, Any]) -> str:
    """Return one person's line of the CSV, without its end."""
    cells = (
        one["readiness"],
        one["userPrincipalName"],
        one["id"],
        str(one["isAdmin"]).lower(),
        " ".join(one["methods"]),
    )
    return line(cells)


def line(cells: Iterable[str]) -> str:
    """Return a line of CSV of which a spreadsheet takes no cell for a formula."""
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="").writerow([_harmless(cell) for cell in cells])
    return written.getvalue()


def _harmless(cell: str) -> str:
    """Return a cell's text; with an apostrophe before it if it begins as a formula, in wide letters too."""
    begins = (cell[:1], unicodedata.normalize("NFKC", cell.lstrip())[:1])
    return f"'{cell}" if any(one in _FORMULA for one in begins if one) else cell
