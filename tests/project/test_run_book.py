"""The run book answers every alert that mails, and every refusal of a sign-in that waits for a person."""

from __future__ import annotations

import re

from mfa_sync.sign_in import aadsts
from tests.project.pages import ROOT, tables

_BOOK = ROOT / "docs" / "operations.md"
_ALERTS = ROOT / "infra" / "app" / "alerts.bicep"


def _rows(first: str) -> list[str]:
    """Return the first cells of the table whose header begins so."""
    (rows,) = (rows for header, rows in tables(_BOOK) if header[0] == first)
    return [cells[0] for cells in rows]


def test_every_alert_has_its_line_and_every_line_its_alert() -> None:
    """Whoever is woken finds the name of the mail here."""
    defined = re.findall(r"^    name: '([a-z-]+)'$", _ALERTS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(name.strip("`") for name in _rows("alert")) == sorted(defined)


def test_every_refusal_that_waits_for_a_person_has_its_line() -> None:
    """A number in the answer leads to what is to be done."""
    named = {int(number) for cell in _rows("number") for number in re.findall(r"AADSTS([0-9]+)", cell)}
    waiting = {number for number, (*_, healing) in aadsts._KNOWN.items() if not healing.needs_nobody}
    assert named == waiting
