"""How one row of a push ended, as its caller reads it. It holds no number, so it may be kept."""

from __future__ import annotations

from typing import Annotated, Any, Protocol, Self

import msgspec

from shared.codes import CODES
from shared.decide import source_of
from shared.outcome import Outcome
from shared.phone_number import without_numbers
from shared.plan import Entry, Intent
from shared.policy import Policy
from shared.results import Result

Masked = Annotated[
    str,
    msgspec.Meta(
        description="A masked number such as +46 *******05.",
        extra_json_schema={"pattern": r"^\+([0-9]{1,3}|\*\*) \**[0-9]{0,2}$"},
    ),
]

# Words, where a line was kept: a version that knows fewer codes must still show it.
CodeWord = Annotated[str, msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/Code"})]
NoteWord = Annotated[str, msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/Note"})]


class Named(Protocol):
    """A row, as far as its result shows it."""

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


class RowResult(msgspec.Struct, frozen=True, rename="camel"):
    """How one row ended."""

    row: Annotated[int, msgspec.Meta(ge=0, description="Its place in the request, from 0.")]
    id: Annotated[str | None, msgspec.Meta(description="The user's object id.")]
    user_principal_name: str | None
    reference: Annotated[str | None, msgspec.Meta(description="The caller's own key.")]
    outcome: Outcome
    code: CodeWord | None
    detail: str | None
    retryable: Annotated[bool, msgspec.Meta(description="Whether the same row again later is right.")]
    notes: list[NoteWord]
    phone: Annotated[
        Masked | None, msgspec.Meta(description="What is registered afterwards, masked, as far as known.")
    ]
    source: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["extensionAttribute15", "payload"]})]
    source_synced_at: str | None

    @classmethod
    def of(cls, index: int, row: Named, entry: Entry, result: Result, policy: Policy) -> Self:
        """Return the result of the row at `index`, whose person is the entry's."""
        user = entry.user
        name = user.user_principal_name if user else row.shown
        return cls(
            row=index,
            id=user.id if user else (row.key if row.shown is None else None),
            user_principal_name=name and without_numbers(name),
            reference=row.reference,
            source=source_of(row.intent, policy),
            source_synced_at=user.synced_at if user else None,
            **ending(result),
        )


def ending(result: Result) -> dict[str, Any]:
    """Return the members of a `RowResult` that say how it ended, under names that the wire has too."""
    return {
        "outcome": result.outcome,
        "code": result.code,
        "detail": _detail(result),
        "retryable": CODES[result.code].retryable if result.code else False,
        "notes": list(result.notes),
        "phone": result.phone,
    }


def _detail(result: Result) -> str | None:
    if result.code is None:
        return result.detail
    meaning = CODES[result.code]
    return " ".join(part for part in (meaning.meaning, result.detail, meaning.remedy) if part)
