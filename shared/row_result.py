"""One row's line in the answer to a push (design, section 3). It holds no number, so it may be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from shared.codes import CODES
from shared.decide import source_of

if TYPE_CHECKING:
    from shared.plan import Entry, Intent
    from shared.policy import Policy
    from shared.results import Result
    from shared.tenant import User


class Named(Protocol):
    """A row, as far as its line shows it."""

    @property
    def key(self) -> str:
        """What it names the person by."""
        ...

    @property
    def shown(self) -> str | None:
        """The UPN as it was sent; None where an object id was."""
        ...

    @property
    def intent(self) -> Intent:
        """What it asks."""
        ...

    @property
    def reference(self) -> str | None:
        """The caller's own key."""
        ...


def line_of(index: int, row: Named, entry: Entry, result: Result, policy: Policy) -> dict[str, Any]:
    """Return the line of the row at `index`."""
    user: User | None = entry.user
    return {
        "row": index,
        "id": user.id if user else (row.key if row.shown is None else None),
        "userPrincipalName": user.user_principal_name if user else row.shown,
        "reference": row.reference,
        **ending(result),
        "source": source_of(row.intent, policy),
        "sourceSyncedAt": user.synced_at if user else None,
    }


def ending(result: Result) -> dict[str, Any]:
    """Return the part of a line that says how it ended."""
    return {
        "outcome": result.outcome.value,
        "code": result.code.value if result.code else None,
        "detail": _detail(result),
        "retryable": CODES[result.code].retryable if result.code else False,
        "notes": [note.value for note in result.notes],
        "phone": result.phone,
    }


def _detail(result: Result) -> str | None:
    if result.code is None:
        return result.detail
    meaning = CODES[result.code]
    return " ".join(part for part in (meaning.meaning, result.detail, meaning.remedy) if part)
